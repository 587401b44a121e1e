"""Several tasks in one home: when each counts, what is told when, and that all can be done and found again."""

import copy
import pickle
from itertools import product

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.games.household import tasks
from vlm_gym.games.household.chain import ChainGame
from vlm_gym.games.household.files import parse_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.generator import HOME_SPLITS, generate_home
from vlm_gym.games.household.tasks import TASK_TYPES, GoalKinds
from vlm_gym.games.household.view import Notes
from vlm_gym.ladders import ladders
from vlm_gym.oracles.household import best_action_of, plan
from vlm_gym.oracles.household_searcher import search

LEVELS = [task for ladder in ladders("remembering") if "Household" in ladder.base.id for task in ladder.tasks[1:]]
ORDERS = ("any", "sequence")
NUM_HOMES = 40


def home(seed, **arguments):
    return generate_home(np.random.default_rng(seed), **{"num_later": 2, "home_size": 2, **arguments})


def chain(seed, order, length=3, **arguments):
    it = home(seed, **arguments)
    return ChainGame((it.world, *it.later)[:length], order)


def play_planned(game, most=100):
    """Play shortest plans; return the commands."""
    played = []
    while not game.is_won and len(played) < most:
        command = best_action_of(game.told, game.state)
        assert command in game.admissible
        game.step(command)
        played.append(command)
    return played


@pytest.mark.parametrize(("order", "length", "split"), product(ORDERS, (2, 3), HOME_SPLITS))
def test_every_chain_can_be_done_in_time_by_valid_plans(order, length, split):
    for seed in range(NUM_HOMES):
        game = chain(seed, order, length, split=split)
        assert game.progress < 1.0
        assert not game.is_stuck
        play_planned(game)
        assert game.is_won
        assert game.progress == 1.0


@pytest.mark.parametrize("order", ORDERS)
def test_any_state_on_the_way_can_still_be_won(order):
    rng = np.random.default_rng(4)
    for seed in range(8):
        game = chain(seed, order)
        for _ in range(40):
            game.step(game.admissible[rng.integers(len(game.admissible))])
        assert all(plan(world, game.state) is not None for world in game.left)
        play_planned(game, most=300)
        assert game.is_won


def test_what_is_done_stays_done_and_progress_counts_over_the_chain():
    game = chain(1, "any")
    sizes = [tasks.NUM_CONDITIONS[world.goal.task] for world in game.told]
    first, *others = game.told
    for command in plan(first, game.state):
        game.step(command)
    assert game.told == tuple(others)
    assert game.feedback.endswith(f"Done: {first.sentence}")
    assert game.progress >= sizes[0] / sum(sizes)
    brought = [command for command in plan(first, first.start) if command.startswith("move")][-1]
    spot = brought.rpartition(" to ")[2]
    game.step(brought.replace("move", "take").replace(" to ", " from "))
    assert f"from the {spot}" in game.feedback
    assert not tasks.is_won(first, game.state)
    assert game.progress >= sizes[0] / sum(sizes)
    assert first not in game.told


def test_a_sequence_tells_one_task_at_a_time_and_a_later_one_does_not_count_before():
    game = chain(1, "sequence")
    worlds = game.left
    assert game.reset().count("Your task is to: ") == 1
    assert worlds[1].sentence not in game.feedback
    for command in plan(worlds[1], game.state):  # too early
        game.step(command)
    assert tasks.is_won(worlds[1], game.state)
    assert game.left == worlds
    play_planned(game)
    assert game.is_won


def test_in_any_order_all_tasks_are_told_at_once():
    game = chain(2, "any")
    for world in game.told:
        assert world.sentence in game.world.sentence
        assert world.sentence in game.feedback


def test_a_task_that_already_holds_when_it_is_told_is_done():
    game = chain(1, "sequence", 2)
    first, second = game.left
    for world in (second, first):
        for command in plan(world, game.state):
            game.step(command)
    assert game.is_won
    assert game.feedback.endswith(f"Done: {first.sentence}\n\nDone: {second.sentence}")


def test_the_tasks_of_a_chain_are_about_kinds_of_their_own():
    for seed in range(NUM_HOMES):
        goals = [world.goal for world in chain(seed, "any").told]
        assert len({goal.target for goal in goals}) == len(goals)


def test_most_things_are_seen_before_they_are_needed():
    """The next task's object lies beside the one before in most homes: who comes for one has seen the other."""
    beside = 0
    for seed in range(100):
        first, second, _ = chain(seed, "sequence").left
        holders = [
            things for things in first.start.contents if any(first.goal.targets >> thing & 1 for thing in things)
        ]
        beside += any(second.goal.targets >> thing & 1 for things in holders for thing in things)
    assert beside > 50


def test_to_remember_saves_turns():
    turns = {True: 0, False: 0}
    for seed, forgets in product(range(NUM_HOMES), turns):
        game = chain(seed, "sequence")
        notes = Notes().look(game.view())
        while not game.is_won:
            goals = [
                GoalKinds(goal.task, goal.target, goal.destination) for goal in (world.goal for world in game.told)
            ]
            command, left = search(goals, game.view(), notes), game.left
            is_possible = command in game.admissible
            game.step(command)
            known = Notes() if forgets and game.left is not left else notes
            notes = known.look(game.view()) if is_possible else known.refuse(command)
            turns[forgets] += 1
            assert turns[forgets] < 100 * NUM_HOMES
    assert turns[False] < turns[True]


def test_a_seed_makes_the_same_home_however_long_the_chain_and_in_whatever_order():
    for seed in range(5):
        games = [gym.make(task.id, disable_env_checker=True).unwrapped for task in LEVELS]
        for env in games:
            env.reset(seed=seed)
        assert len({env.state for env in games}) == 1
        assert len({env.game.left[0].sentence for env in games}) == 1


def test_a_fuller_home_has_more_furniture_and_one_task_in_it_is_played_alike():
    sizes = [np.mean([len(home(seed, home_size=size).world.receptacles) for seed in range(60)]) for size in (1, 2, 3)]
    assert sizes[0] < sizes[1] < sizes[2]
    world = home(3, num_later=0).world
    game, other = HouseholdGame(world), ChainGame((world,), "any")
    for command in plan(world, world.start):
        assert game.step(command) == other.step(command).partition("\n\nDone")[0]
        assert game.progress == other.progress
    assert game.is_won
    assert other.is_won


def test_the_commands_of_the_fullest_homes_have_numbers():
    env = gym.make(LEVELS[-1].id, home_size=3, disable_env_checker=True)
    for seed in range(6):
        _, info = env.reset(seed=seed, options={"scene": "kitchen"})
        assert len(info["admissible_actions"]) <= env.action_space.n


def test_the_problem_of_a_chain_is_a_game_of_its_first_task():
    it = home(5)
    game = parse_game(it.game_file())
    assert game.sentence == it.world.sentence
    assert plan(game, game.start) == plan(it.world, it.world.start)


@pytest.mark.parametrize("order", ORDERS)
def test_a_copy_goes_on_by_itself(order):
    game = chain(0, order)
    game.step(game.admissible[0])
    copies = [copy.deepcopy(game), pickle.loads(pickle.dumps(game))]
    play_planned(game)
    for other in copies:
        assert not other.is_won
        assert len(play_planned(other)) > 0
        assert other.is_won


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"chain": 0}, "chain must be"),
        ({"chain": 4}, "chain must be"),
        ({"chain_order": "all"}, "chain_order must be"),
        ({"home_size": 4}, "home_size must be"),
        ({"chain": 2, "traps": True}, "chain above 1 needs traps=False"),
        ({"chain": 2, "notes": "goal"}, "chain above 1 needs notes=True or False"),
    ],
)
def test_a_wrong_argument_says_what_it_must_be(arguments, told):
    with pytest.raises(ConfigError, match=told):
        gym.make("vlm_gym/Household-v1", disable_env_checker=True, **arguments)


def test_only_a_chain_has_new_chains():
    env = gym.make("vlm_gym/Household-v1", disable_env_checker=True).unwrapped
    with pytest.raises(ConfigError, match="new_chain needs"):
        env.new_chain(np.random.default_rng(0))


@pytest.mark.parametrize("task", TASK_TYPES)
def test_the_first_task_can_be_chosen(task):
    env = gym.make(LEVELS[0].id, disable_env_checker=True)
    _, info = env.reset(seed=0, options={"task_type": task})
    assert info["task_type"] == task
