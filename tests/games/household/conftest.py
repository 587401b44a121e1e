"""What the household tests share: the official games, the recorder of traces, and tiny homes made here."""

import importlib.util
import os
from pathlib import Path

import pytest

from vlm_gym.errors import DataNotFoundError
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.problem import parse_problem
from vlm_gym.games.household.splits import find_data_dir, list_games
from vlm_gym.games.household.tasks import GoalKinds, goal_pddl, sentences

PLACES = {"fridge": 1, "microwave": 1, "sinkbasin": 2, "desk": 3, "drawer": 3, "shelf": 4}
HOLDS = {
    "fridge": "apple potato mug", "microwave": "apple potato mug", "sinkbasin": "apple potato mug knife",
    "desk": "apple potato mug desklamp knife cd", "drawer": "cd knife", "shelf": "apple mug cd",
}  # fmt: skip
FOOD = ("apple", "potato")
DEFAULT_CONTENTS = {
    "fridge": ["apple1"], "desk": ["apple2", "potato1", "mug1", "desklamp1"], "drawer": ["cd1"],
    "shelf": ["boots1", "cd1"], "sinkbasin": ["knife1"],
}  # fmt: skip


def _id(name, number):
    base, end = ("sink", "_bar_SinkBasin") if name == "sinkbasin" else (name, "")
    return f"{base.capitalize()}_bar__plus_0{number}_dot_50_bar__plus_00_dot_90_bar__minus_01_dot_25{end}"


def _thing_id(thing):
    return _id(thing[:-1], int(thing[-1]))


def _location(number):
    return f"loc_bar_{number}_bar__minus_{number}_bar_{number % 4}_bar_45"


def _facts(contents):
    things = sorted({thing for inside in contents.values() for thing in inside})
    yield f"(atLocation agent1 {_location(0)})"
    for spot, place in PLACES.items():
        yield f"(receptacleType {_id(spot, 1)} {spot.capitalize()}Type)"
        yield f"(receptacleAtLocation {_id(spot, 1)} {_location(place)})"
        yield from (f"(canContain {spot}Type {thing}Type)" for thing in HOLDS[spot].split())
    yield from (f"(openable {_id(spot, 1)})" for spot in ("fridge", "microwave", "drawer"))
    for thing in things:
        yield f"(objectType {_thing_id(thing)} {thing[:-1]}Type)"
        yield from _abilities(thing)
    for spot, inside in contents.items():
        yield from (f"(inReceptacle {_thing_id(thing)} {_id(spot, 1)})" for thing in inside)
        yield from (f"(objectAtLocation {_thing_id(thing)} {_location(PLACES[spot])})" for thing in inside)


def _objects(contents):
    things = sorted({thing for inside in contents.values() for thing in inside})
    kinds = {kind for holds in HOLDS.values() for kind in holds.split()} | {thing[:-1] for thing in things}
    yield "agent1 - agent"
    yield from (f"{_thing_id(thing)} - object" for thing in things)
    yield from (f"{_id(spot, 1)} - receptacle" for spot in PLACES)
    yield from (f"{kind}Type - otype" for kind in sorted(kinds | {"knife", "butterknife", "sink"}))
    yield from (f"{spot}Type - rtype" for spot in PLACES)
    yield from (f"{_location(place)} - location" for place in sorted({0, *PLACES.values()}))


def _abilities(thing):
    kind, entity = thing[:-1], _thing_id(thing)
    words = {"desklamp": ["toggleable"], "mug": ["isReceptacleObject"], "knife": ["cleanable"]}.get(kind, [])
    words += ["cleanable", "heatable", "coolable"] if kind in (*FOOD, "mug") else []
    words += ["sliceable"] if kind in FOOD else []
    words += ["pickupable"] if kind != "desklamp" else []
    yield from (f"({word} {entity})" for word in words)


def tiny_problem(task="put", target="apple", destination="shelf", contents=None):
    contents = DEFAULT_CONTENTS if contents is None else contents
    facts, objects = "\n".join(_facts(contents)), "\n".join(_objects(contents))
    goal = goal_pddl(GoalKinds(task, target, destination))
    return f"(define (problem tiny) (:domain alfred)\n(:objects\n{objects}\n)\n(:init\n{facts}\n)\n{goal}\n)"


def tiny_game(task="put", target="apple", destination="shelf", contents=None):
    sentence = sentences(GoalKinds(task, target, destination))[0]
    return HouseholdGame(parse_problem(tiny_problem(task, target, destination, contents), sentence))


@pytest.fixture(name="make_problem", scope="session")
def _make_problem():
    """A function that writes the PDDL problem of a tiny home."""
    return tiny_problem


@pytest.fixture(name="make_game", scope="session")
def _make_game():
    """A function that starts a game in a tiny home: six receptacles, eight objects, of which boots fit nowhere."""
    return tiny_game


@pytest.fixture(scope="session")
def data_dir():
    """The folder of the official games; without them a test is skipped, but not in CI."""
    try:
        return find_data_dir()
    except DataNotFoundError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI unpacks the official games first: {error}")
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def seen_games(data_dir):
    """The files of the valid_seen split."""
    return list_games(data_dir, "valid_seen")


@pytest.fixture(scope="session")
def recorder():
    """The module record_traces.py."""
    spec = importlib.util.spec_from_file_location("record_traces", Path(__file__).with_name("record_traces.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
