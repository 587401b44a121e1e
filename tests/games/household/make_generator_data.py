"""Condense the statistics of the official ALFWorld games to the tables that the generator of homes draws from.

    python tests/games/household/make_generator_data.py stats.json vlm_gym/games/household/generator.json

`stats.json` counts, in the 4,027 official games (ALFWorld 0.4.2, MIT licence, Shridhar et al. 2021, after ALFRED and
AI2-THOR), what furniture and objects the rooms of each scene type have, and where the objects are.
"""

import json
import sys
import zlib
from pathlib import Path

TASKS = {
    "pick_and_place_simple": "put", "look_at_obj_in_light": "look", "pick_clean_then_place_in_recep": "clean",
    "pick_heat_then_place_in_recep": "heat", "pick_cool_then_place_in_recep": "cool", "pick_two_obj_and_place": "two",
}  # fmt: skip
ABILITIES = {"recobj": "isReceptacleObject"}
HELD_OUT_SHARE = 0.15  # of the goals of every scene and task, at least
MOST_HELD_OUT = 0.40
SOURCE = (
    "Counts over the 4,027 games of ALFWorld 0.4.2 (MIT licence; Shridhar et al. 2021, arXiv 2010.03768, after ALFRED, "
    "Shridhar et al. 2020, and AI2-THOR, Kolve et al. 2017), made by tests/games/household/make_generator_data.py"
)


def kind(name):
    return name.removesuffix("Type")


def histogram(entry, games):
    """Turn {"games_with": n, "hist": {"2": n}} into how many games have 0, 1, 2, ... of a kind."""
    counts = {int(number): games_having for number, games_having in entry["hist"].items()}
    return [games - entry["games_with"], *(counts.get(number, 0) for number in range(1, max(counts) + 1))]


def condense_scene(scene):
    games = scene["games"]
    placement = {}
    for spot, things in scene["placement"].items():
        for thing, count in things.items():
            placement.setdefault(kind(thing), {})[kind(spot)] = count
    return {
        "games": games,
        "tasks": {TASKS[task]: count for task, count in scene["tasks"].items()},
        "goals": {
            TASKS[task]: [[*map(kind, pair.split("|")), count] for pair, count in goals.items()]
            for task, goals in scene["goals"].items()
        },
        "receptacles": {kind(spot): histogram(entry, games) for spot, entry in scene["receptacle_count"].items()},
        "objects": {kind(thing): histogram(entry, games) for thing, entry in scene["object_count"].items()},
        "placement": placement,
        "capacity": {kind(spot): max(map(int, loads)) for spot, loads in scene["receptacle_load"].items()},
        "openable": {
            kind(spot): round(counts.get("openable", 0) / sum(counts.values()), 4)
            for spot, counts in scene["openable"].items()
        },
        "shared_places": [[[*map(kind, kinds.split("+"))], count] for kinds, count in scene["colocated"].items()],
    }


def held_out_pairs(scenes):
    """Choose pairs of a target and a destination by their checksum until every scene and task has its share."""
    chosen = set()
    for scene in scenes.values():
        for goals in scene["goals"].values():
            total = sum(count for *_, count in goals)
            share = sum(count for *pair, count in goals if tuple(pair) in chosen) / total
            for target, destination, count in sorted(goals, key=lambda goal: zlib.crc32("|".join(goal[:2]).encode())):
                if (target, destination) in chosen or share >= HELD_OUT_SHARE or share + count / total > MOST_HELD_OUT:
                    continue
                chosen.add((target, destination))
                share += count / total
    return sorted(chosen)


def condense(stats):
    scenes = {name: condense_scene(scene) for name, scene in sorted(stats["scene_types"].items())}
    properties = {
        kind(thing): [ABILITIES.get(word, word) for word, (having, total) in words.items() if 2 * having > total]
        for thing, words in stats["object_properties"].items()
    }
    return {
        "source": SOURCE,
        "scenes": scenes,
        "accepts": {kind(spot): sorted(map(kind, things)) for spot, things in sorted(stats["canContain"].items())},
        "properties": dict(sorted(properties.items())),
        "held_out": held_out_pairs(scenes),
    }


if __name__ == "__main__":
    content = condense(json.loads(Path(sys.argv[1]).read_text()))
    Path(sys.argv[2]).write_text(json.dumps(content, separators=(",", ":")) + "\n")
