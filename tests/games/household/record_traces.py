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
from collections import Counter, defaultdict
from pathlib import Path

from vlm_gym.games.household import rules
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.world import NOTHING, TREATMENTS, numbers_in
from vlm_gym.oracles.household import plan

SEED = 20260
NUM_TRAIN_GAMES = 400
NUM_OF_EACH_RARITY = 12
WALK_LENGTH = 40
ERRANDS_LENGTH = 40
ERRANDS_BEFORE_PLAN = 10
AFTERWARDS = ((), (), (), ("look",), ("look",), ("inventory",), ("close fridge 1",))  # an errand
KINDS = ("walkthrough", "walk", "errands", "plan")
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
    """Return the environment of alfworld 0.4.2 for one game file, or its content, without the gym layers."""
    import textworld
    from alfworld.agents.environment.alfred_tw_env import AlfredDemangler
    from textworld.envs.pddl import PddlEnv

    env = AlfredDemangler(PddlEnv(textworld.EnvInfos(won=True, admissible_commands=True)))
    env.load(path)
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


def play(env, length, choose_command):
    """Return the commands of one episode and the answers, one more than commands."""
    state = env.reset()
    commands, answers = [], [(state.feedback, state["admissible_commands"], state["won"])]
    while len(commands) < length:
        commands.append(choose_command(len(commands), answers[-1][1]))
        state, _, _ = env.step(commands[-1])
        answers.append((state.feedback, state["admissible_commands"], state["won"]))
    return commands, answers


def walk(env, walkthrough, rng):
    """Play at random from the start, after the commands of `walkthrough`, with invalid commands in between."""
    seen = ["look"]

    def choose_command(turn, admissible):
        seen.extend(admissible)
        if turn < len(walkthrough):
            return walkthrough[turn]
        return invalid_command(admissible, seen, rng) if rng.random() < 0.1 else likely_command(admissible, rng)

    return play(env, len(walkthrough) + EXTRA_STEPS if walkthrough else WALK_LENGTH, choose_command)


def play_kind(env, kind, path):
    """Play one kind of episode: the walkthrough and some steps more, a random walk, errands, or the oracle's plan."""
    rng = random.Random(f"{SEED} {'/'.join(path.parts[-4:-1])} {kind}")
    if kind in ("errands", "plan"):
        commands = (errands if kind == "errands" else plan_after_errands)(HouseholdGame(load_game(path)), rng)
        return play(env, len(commands), lambda turn, admissible: commands[turn])
    return walk(env, json.loads(path.read_text())["walkthrough"] if kind == "walkthrough" else [], rng)


def errands(game, rng):
    """Return commands that carry things about: what random walks rarely do, planned with our own engine."""
    commands = []
    while len(commands) < ERRANDS_LENGTH:
        errand = fetch if game.state.hand == NOTHING else rng.choice((deliver, deliver, treat, treat, cut, switch))
        for command in (*errand(game, rng), *rng.choice(AFTERWARDS)):
            game.step(command)
            commands.append(command)
    return commands


def plan_after_errands(game, rng):
    """Return some errands, and the oracle's plan from where they lead to."""
    commands = errands(game, rng)[:ERRANDS_BEFORE_PLAN]
    game.reset()
    for command in commands:
        game.step(command)
    return [*commands, *(plan(game.world, game.state) or ())]


def reach(game, spot):
    """Return the commands that go to a receptacle and open it."""
    receptacle = game.world.receptacles[spot]
    if receptacle.place != game.state.place:
        yield f"go to {receptacle.name}"
    if rules.closed(game.world, game.state) >> spot & 1:
        yield f"open {receptacle.name}"


def fetch(game, rng):
    """Take an object, rather one that takes part in the goal, can be treated or cut with, or lies among others."""
    world, contents = game.world, game.state.contents
    pairs = [(thing, spot) for spot, things in enumerate(contents) for thing in things if world.pickupable >> thing & 1]
    special = world.goal.targets | world.knives | world.treatable["heat"]
    places = Counter(thing for thing, _ in pairs)
    num_near = [len(world.places[receptacle.place].receptacles) for receptacle in world.receptacles]
    weights = [3 * (special >> thing & 1) + 6 * (places[thing] > 1) + num_near[spot] for thing, spot in pairs]
    thing, spot = rng.choices(pairs, weights)[0]
    return [*reach(game, spot), f"take {world.objects[thing].name} from {world.receptacles[spot].name}"]


def deliver(game, rng):
    """Put down what is in hand, rather at this place."""
    spots = [
        spot for spot, receptacle in enumerate(game.world.receptacles) if receptacle.accepts >> game.state.hand & 1
    ]
    here = [spot for spot in spots if game.world.receptacles[spot].place == game.state.place]
    if not spots:
        return [rng.choice(game.admissible)]
    spot = rng.choice(here if here and rng.random() < 0.6 else spots)
    name = game.world.objects[game.state.hand].name
    return [*reach(game, spot), f"move {name} to {game.world.receptacles[spot].name}"]


def treat(game, rng):
    """Clean, heat or cool what is in hand, with the door open or not."""
    world, hand = game.world, game.state.hand
    treatments = [treatment for treatment in TREATMENTS if world.treatable[treatment] >> hand & 1]
    pairs = [(treatment, spot) for treatment in treatments for spot in numbers_in(world.appliances[treatment])]
    if not pairs:
        return []
    treatment, spot = rng.choice(pairs)
    name = world.objects[hand].name
    go = [command for command in reach(game, spot) if not command.startswith("open") or rng.random() < 0.3]
    return [*go, f"{treatment} {name} with {world.receptacles[spot].name}", f"examine {name}"]


def cut(game, rng):
    """Slice an object with the knife in hand."""
    world, state = game.world, game.state
    food = [
        (thing, place) for place, things in enumerate(state.nearby) for thing in numbers_in(things & world.sliceable)
    ]
    food = [(thing, place) for thing, place in food if world.places[place].receptacles]
    if not food or not world.knives >> state.hand & 1:
        return []
    thing, place = rng.choice(food)
    spot = rng.choice(world.places[place].receptacles)
    return [*reach(game, spot), f"slice {world.objects[thing].name} with {world.objects[state.hand].name}"]


def switch(game, rng):
    """Turn on a lamp."""
    contents, lamps = game.state.contents, game.world.toggleable
    pairs = [(thing, spot) for spot, things in enumerate(contents) for thing in things if lamps >> thing & 1]
    if not pairs:
        return []
    thing, spot = rng.choice(pairs)
    return [*reach(game, spot), f"use {game.world.objects[thing].name}"]


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
    """Append the episodes of the chosen games that the raw file lacks."""
    done = defaultdict(set)
    for line in raw.read_text().splitlines() if raw.exists() else ():
        entry = json.loads(line)
        done[entry["game"]].update(entry["episodes"])
    remember_what_is_pure()
    for kind, name in ((kind, name) for kind in KINDS for name in choose(root)):
        if kind in done[name]:
            continue
        path = root / name / "game.tw-pddl"
        episode = play_kind(make_textworld(path), kind, path)
        with raw.open("a") as lines:
            lines.write(json.dumps({"game": name, "episodes": {kind: episode}}) + "\n")


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
