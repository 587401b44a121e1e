"""Record what TextWorld answers on official games, for the lock-step tests.

    python tests/games/household/record_traces.py record $ALFWORLD_DATA raw.jsonl
    python tests/games/household/record_traces.py pack raw.jsonl tests/games/household/traces.jsonl.xz

Needs textworld 1.7 and alfworld 0.4.2, and 20 minutes on one core; a stopped recording goes on where it stopped. What
TextWorld computes anew at every step, though it is a function of a text alone, is remembered: that makes it ten times
as fast. The live test runs TextWorld without that.
"""

import copy
import functools
import hashlib
import json
import lzma
import random
import re
import sys
from collections import defaultdict
from pathlib import Path

SEED = 20260
NUM_TRAIN_GAMES = 400
NUM_OF_EACH_RARITY = 12
WALK_LENGTH = 40
EXTRA_STEPS = 4  # after the walkthrough has won: the game goes on
RARE_WORDS = ("bathtubbasin", "(iscool ", "teddybear_bar", "(inreceptacleobject ", "eggcracked")
WEIGHTS = {
    "go": 5, "open": 4, "close": 1, "take": 7, "move": 4, "heat": 5, "clean": 5, "cool": 5, "slice": 6, "use": 2,
    "examine": 3, "look": 2, "inventory": 1, "help": 0.3,
}  # fmt: skip


def digest(feedback, admissible, won):
    """Return eight hex digits of what a step answers."""
    text = "\0".join((feedback, str(bool(won)), *admissible))
    return hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def remember_what_is_pure():
    """Keep TextWorld from translating the same problem, rule or sentence twice."""
    import fast_downward
    from textworld.envs.pddl import textgen

    translate = fast_downward.pddl2sas
    last = {}

    def translate_once(domain, problem, verbose=False, optimize=False):
        if problem not in last:
            last.clear()
            last[problem] = translate(domain, problem, verbose=verbose)
        return last[problem]

    fast_downward.pddl2sas = translate_once
    parse = functools.cache(lambda text, rule: textgen_parse(text, rule_name=rule))
    textgen_parse = textgen._parse_and_convert
    textgen._parse_and_convert = lambda text, rule_name, trace=False: copy.deepcopy(parse(text, rule_name))
    textgen.Rule.parse_conjunctive_query = functools.cache(textgen.Rule.parse_conjunctive_query)


def make_textworld(path):
    """Return the environment of alfworld 0.4.2 for one game, without its gym layers."""
    import textworld
    from alfworld.agents.environment.alfred_tw_env import AlfredDemangler
    from textworld.envs.pddl import PddlEnv

    env = AlfredDemangler(PddlEnv(textworld.EnvInfos(won=True, admissible_commands=True)))
    env.load(str(path))
    return env


def invalid_command(admissible, seen, rng):
    """Draw a command that is (almost always) not admissible now."""
    command = rng.choice(admissible)
    bad = (
        command.upper(), command.replace(" ", "  "), command + " 1", "put " + command, "go to cabinet 99", "",
        rng.choice(seen), rng.choice(seen), rng.choice(seen), "move apple 1 in/on fridge 1", "examine agent1", "Look",
        command.split(" ")[0], "take", f" {command}\n",
    )  # fmt: skip
    return rng.choice(bad)


def likely_command(admissible, rng):
    """Draw a command by its verb, so that objects are handled and not only passed by."""
    by_verb = defaultdict(list)
    for command in admissible:
        by_verb[command.split(" ")[0]].append(command)
    knives = [command for command in by_verb["take"] if "knife" in command]
    if knives and rng.random() < 0.3:
        return rng.choice(knives)
    verbs = [verb for verb in by_verb if by_verb[verb]]
    verb = rng.choices(verbs, [WEIGHTS[verb] for verb in verbs])[0]
    return rng.choice(by_verb[verb])


def play(env, kind, walkthrough, rng):
    """Return the commands of one episode and the answers, one more than commands."""
    state = env.reset()
    commands, answers, seen = [], [(state.feedback, state["admissible_commands"], state["won"])], ["look"]
    length = len(walkthrough) + EXTRA_STEPS if kind == "walkthrough" else WALK_LENGTH
    for turn in range(length):
        admissible = state["admissible_commands"]
        seen.extend(admissible)
        if kind == "walkthrough" and turn < len(walkthrough):
            command = walkthrough[turn]
        elif rng.random() < 0.1:
            command = invalid_command(admissible, seen, rng)
        else:
            command = likely_command(admissible, rng)
        state, _, _ = env.step(command)
        commands.append(command)
        answers.append((state.feedback, state["admissible_commands"], state["won"]))
    return commands, answers


def rarities(problem):
    """Name what is rare in a problem text."""
    text = problem.lower()
    at_location = defaultdict(set)
    for receptacle, location in re.findall(r"\(receptacleatlocation (\S+) (\S+)\)", text):
        at_location[location].add(receptacle)
    places = defaultdict(set)
    for thing, receptacle in re.findall(r"\(inreceptacle (\S+) (\S+)\)", text):
        places[thing].add(receptacle)
    yield from (word for word in RARE_WORDS if word in text)
    if max(map(len, at_location.values())) >= 4:
        yield "shared location"
    if max(map(len, places.values())) >= 3:
        yield "many receptacles"
    if len(re.findall(r"\(sliceable ", text)) >= 4 and "knife_bar" in text:
        yield "sliceable"


def choose(root):
    """List the games to record: all of valid_seen, rare ones of train, then one per task type and scene."""
    names = sorted(str(path.parent.relative_to(root)) for path in root.glob("*/*/*/game.tw-pddl"))
    chosen = [name for name in names if name.startswith("valid_seen/")]
    train = [name for name in names if name.startswith("train/")]
    random.Random(SEED).shuffle(train)
    counts = defaultdict(int)
    for name in train:
        problem = json.loads((root / name / "game.tw-pddl").read_text())["pddl_problem"]
        new = [rarity for rarity in rarities(problem) if counts[rarity] < NUM_OF_EACH_RARITY]
        for rarity in new:
            counts[rarity] += 1
        if new:
            chosen.append(name)
    groups = defaultdict(list)
    for name in train:
        task = name.split("/")[1]
        groups[task.split("-")[0], task.split("-")[-1]].append(name)
    first = [games[0] for _, games in sorted(groups.items()) if games[0] not in chosen]
    random.Random(SEED).shuffle(first)
    return chosen + first[:NUM_TRAIN_GAMES]


def record(root, raw):
    """Append the episodes of every chosen game that the raw file lacks."""
    done = set()
    if raw.exists():
        with raw.open() as lines:
            done = {json.loads(line)["game"] for line in lines}
    remember_what_is_pure()
    for name in choose(root):
        if name in done:
            continue
        path = root / name / "game.tw-pddl"
        walkthrough = json.loads(path.read_text())["walkthrough"]
        env = make_textworld(path)
        episodes = {}
        for kind in ("walkthrough", "walk"):
            rng = random.Random(f"{SEED} {name} {kind}")
            episodes[kind] = play(env, kind, walkthrough, rng)
        with raw.open("a") as lines:
            lines.write(json.dumps({"game": name, "episodes": episodes}) + "\n")


def pack(raw, packed):
    """Keep the commands and a digest per answer."""
    with raw.open() as lines, lzma.open(packed, "wt", preset=9) as out:
        for line in lines:
            game = json.loads(line)
            for kind, (commands, answers) in game["episodes"].items():
                digests = "".join(digest(*answer) for answer in answers)
                entry = {"game": game["game"], "kind": kind, "commands": commands, "digests": digests}
                out.write(json.dumps(entry) + "\n")


if __name__ == "__main__":
    {"record": record, "pack": pack}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
