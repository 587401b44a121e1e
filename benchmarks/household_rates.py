"""Count where things lie in ALFWorld's training games: what `vlm_gym.oracles.household_searcher` knows of homes.

    python -m benchmarks.household_rates vlm_gym/oracles/household_rates.json

Of the official games (`vlm-gym download alfworld`) only the split "train" is counted, no validation game.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.splits import list_games
from vlm_gym.games.household.world import World
from vlm_gym.oracles.household_searcher import ANY_SCENE, scene_of

SPLIT = "train"
SOURCE = (
    f"Counted in the {{num_games:,}} games of the split {SPLIT} of ALFWorld 0.4.2 (MIT licence, Shridhar et al. 2021), "
    "and in no validation game, by `python -m benchmarks.household_rates`"
)
DIGITS = 4


class Counts:
    """How often things of a kind were in furniture of a kind, and how often they could have been."""

    def __init__(self) -> None:
        self.held: Counter[tuple[str, str, str]] = Counter()
        self.chances: Counter[tuple[str, str, str]] = Counter()
        self.doors: Counter[tuple[str, str]] = Counter()
        self.spots: Counter[tuple[str, str]] = Counter()

    def add(self, world: World) -> None:
        """Count a game as it begins."""
        kinds = [receptacle.kind for receptacle in world.receptacles]
        scene, in_room = scene_of(kinds), Counter(kinds)
        for number, kind in enumerate(kinds):
            self.spots[scene, kind] += 1
            self.doors[scene, kind] += world.openable >> number & 1
        for things, spot in zip(world.start.contents, kinds, strict=True):
            for thing in things:
                for where in (scene, ANY_SCENE):
                    self.held[where, world.objects[thing].kind, spot] += 1
                    for kind, count in in_room.items():
                        self.chances[where, world.objects[thing].kind, kind] += count

    def rates(self) -> dict[str, dict[str, dict[str, dict[str, float]]] | dict[str, dict[str, float]]]:
        """Return the table."""
        holds: dict[str, dict[str, dict[str, float]]] = {}
        for (scene, thing, spot), count in sorted(self.held.items()):
            rate = round(count / self.chances[scene, thing, spot], DIGITS)
            holds.setdefault(scene, {}).setdefault(thing, {})[spot] = rate
        opens: dict[str, dict[str, float]] = {}
        for (scene, spot), count in sorted(self.doors.items()):
            if count:
                opens.setdefault(scene, {})[spot] = round(count / self.spots[scene, spot], DIGITS)
        return {"holds": holds, "opens": opens}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the file to write")
    out = parser.parse_args().out
    games, counts = list_games(split=SPLIT), Counts()
    for game in games:
        counts.add(load_game(game))
    table = {"source": SOURCE.format(num_games=len(games)), **counts.rates()}
    out.write_text(json.dumps(table, indent=None, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{out}: {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
