"""The household oracle: it wins wherever one can win, as fast as one can, and knows where one cannot."""

import importlib.util
import json
import os
import random
from pathlib import Path

import pytest

from vlm_gym.errors import DataNotFoundError
from vlm_gym.games.household import commands, rules, tasks
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.problem import parse_problem
from vlm_gym.games.household.splits import list_games
from vlm_gym.games.household.tasks import TASK_TYPES
from vlm_gym.oracles.household import best_action, optimal_value, plan

WALK_TURNS = 30
TINY_GOALS = {
    "put": ("apple", "shelf"), "look": ("mug", "desklamp"), "clean": ("apple", "shelf"), "heat": ("mug", "fridge"),
    "cool": ("potato", "desk"), "two": ("apple", "desk"),
}  # fmt: skip
TINY_HOMES = (
    {"shelf": ["boots1"], "sinkbasin": ["{0}1"], "desk": ["desklamp1"]},
    {"shelf": ["cd1"], "fridge": ["{0}1"], "drawer": ["desklamp1"]},
    {"fridge": ["{0}1"], "desk": ["{0}2", "desklamp1"]},
    pytest.param({"shelf": ["{0}1"], "desk": ["{0}1", "desklamp1"], "drawer": ["{0}2"]}, marks=pytest.mark.slow),
    pytest.param({"fridge": ["{0}1"], "desk": ["{0}2", "cd1"], "drawer": ["desklamp1"]}, marks=pytest.mark.slow),
    pytest.param({"microwave": ["{0}1"], "shelf": ["{0}2", "boots1"], "desk": ["desklamp1"]}, marks=pytest.mark.slow),
)


@pytest.fixture(scope="module")
def tiny_homes():
    """The module of the engine's tests that makes tiny homes."""
    path = Path(__file__).parents[1] / "games" / "household" / "conftest.py"
    spec = importlib.util.spec_from_file_location("household_conftest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def make_game(tiny_homes):
    """The function that starts a game in a tiny home."""
    return tiny_homes.tiny_game


@pytest.fixture(scope="module")
def make_problem(tiny_homes):
    """The function that writes the problem of a tiny home."""
    return tiny_homes.tiny_problem


@pytest.fixture(scope="module")
def official():
    """The files of both splits; without them a test is skipped, but not in CI."""
    try:
        return [*list_games(split="train"), *list_games(split="valid_seen")]
    except DataNotFoundError as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI unpacks the official games first: {error}")
        pytest.skip(str(error))


def _plays_to_the_win(world, state, steps):
    game = HouseholdGame(world)
    game.restore(state)
    for command in steps:
        assert not game.is_won
        assert command in game.admissible
        game.step(command)
    return game.is_won


def _check(game):
    """The oracle's answers to one state agree with each other, with the rules and with `is_stuck`."""
    steps = plan(game.world, game.state)
    assert (steps is None) == game.is_stuck
    assert optimal_value(game.world, game.state) == (0.0 if steps is None else 1.0)
    assert best_action(game.world, game.state) == (steps[0] if steps else None)
    if steps is not None:
        assert _plays_to_the_win(game.world, game.state, steps)
    return steps


def _check_game(path, rng):
    """Check the start and a random walk of one game; return how much longer the plan is than the walkthrough."""
    game = HouseholdGame(load_game(path))
    steps = _check(game)
    for _ in range(WALK_TURNS):
        game.step(rng.choice(game.admissible))
        _check(game)
    return len(steps) - len(json.loads(path.read_text())["walkthrough"])


def _key(world, state):
    """What of a state decides the distance to the win: all but what only the texts tell, and other treatments."""
    masks = {"clean": state.clean, "heat": state.hot, "cool": state.cool, "look": state.toggled}
    return state.place, state.hand, state.opened, state.contents, masks.get(world.goal.task)


def _explore(game):
    """Every state that the game can come to, and the keys of those one command away from each."""
    world, states, successors, waiting = game.world, {}, {}, [game.state]
    while waiting:
        state = waiting.pop()
        key = _key(world, state)
        if key in states:
            continue
        parsed = [commands.parse(world, text) for text in commands.admissible(world, state)]
        reached = {_key(world, after): after for after in [rules.apply(world, state, command) for command in parsed]}
        states[key], successors[key] = state, reached.keys()
        waiting.extend(reached.values())
    return states, successors


def _distances(world, states, successors):
    """The number of commands to the nearest win from every state that has one, by breadth-first search backwards."""
    before = {key: set() for key in states}
    for key, reached in successors.items():
        for after in reached:
            before[after].add(key)
    frontier = {key for key in states if tasks.is_won(world, states[key])}
    distances = {}
    while frontier:
        distances.update(dict.fromkeys(frontier, max(distances.values(), default=-1) + 1))
        frontier = {key for after in frontier for key in before[after]} - distances.keys()
    return distances


@pytest.mark.parametrize("task", TASK_TYPES)
@pytest.mark.parametrize("home", TINY_HOMES)
def test_no_plan_is_longer_than_needed_and_none_is_missing(make_game, task, home):
    kind, destination = TINY_GOALS[task]
    contents = {spot: [thing.format(kind) for thing in things] for spot, things in home.items()}
    game = make_game(task, kind, destination, contents)
    states, successors = _explore(game)
    distances = _distances(game.world, states, successors)
    assert distances or (task == "two" and home in TINY_HOMES[:2])
    for key, state in states.items():
        steps = plan(game.world, state)
        assert (None if steps is None else len(steps)) == distances.get(key), (steps, state)


def test_a_lamp_in_hand_is_put_down_first(make_problem):
    lamp = "Desklamp_bar__plus_01_dot_50_bar__plus_00_dot_90_bar__minus_01_dot_25"
    problem = make_problem("look", "mug", "desklamp", {"desk": ["desklamp1"], "shelf": ["mug1"]})
    world = parse_problem(problem.replace("(openable", f"(pickupable {lamp})\n(openable", 1), "")
    game = HouseholdGame(world)
    states, successors = _explore(game)
    distances = _distances(world, states, successors)
    assert any(state.hand == world.object_numbers["desklamp 1"] for state in states.values())
    for key, state in states.items():
        assert len(plan(world, state)) == distances[key], state


@pytest.mark.parametrize("task", TASK_TYPES)
def test_won_games_need_nothing_more(make_game, task):
    game = make_game(task, *TINY_GOALS[task])
    for command in plan(game.world, game.state):
        game.step(command)
    assert (plan(game.world, game.state), optimal_value(game.world, game.state)) == ((), 1.0)
    assert best_action(game.world, game.state) is None


def test_boots_in_hand_are_worth_nothing(make_game):
    game = make_game("put", "apple", "shelf")
    game.step("go to shelf 1")
    game.step("take boots 1 from shelf 1")
    assert (plan(game.world, game.state), optimal_value(game.world, game.state)) == (None, 0.0)


def test_official_games_are_won_from_wherever_one_comes_to(official):
    rng = random.Random(0)
    for path in official[::50]:
        assert _check_game(path, rng) <= 0, path


@pytest.mark.slow
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_official_games_are_won_and_no_walkthrough_is_shorter(official, every):
    rng = random.Random(1)
    assert len(official) == 3553 + 140
    for path in official[::every]:
        assert _check_game(path, rng) <= 0, path
