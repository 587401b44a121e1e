"""NumberLine's levels of planning and course: oracle, floors and ceilings against enumeration by the real rules."""

from itertools import permutations, product

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym.games.line_course import draw_day
from vlm_gym.games.line_moves import LineMoves, line_moves
from vlm_gym.games.number_line import ACTIONS, NumberLineState, move
from vlm_gym.levels import LEVELS
from vlm_gym.oracles import line_moves as planner
from vlm_gym.oracles import number_line as oracle
from vlm_gym.oracles.random_play import number_line_success

PLANNED = [task for task in LEVELS if "moves" in task.arguments]
COURSE = [task for task in LEVELS if "NumberLine" in task.id and task.axis == "course"]
SMALL = (("+1 *2 -3", 6, 2, 0), ("+2 -1", 5, 1, 1), ("+3 -2 /2", 7, 2, 1))


def by_id(task):
    return task.id


def test_there_are_levels_of_both_axes():
    assert [task.level for task in PLANNED] == [1, 2, 3] == [task.level for task in COURSE]


@pytest.mark.parametrize(("names", "last", "least", "spare"), SMALL)
def test_the_floor_is_the_share_of_all_sequences_that_succeed(names, last, least, spare):
    moves, turns = LineMoves(tuple(names.split()), last), 6
    sequences, wins = list(product(moves.names, repeat=turns)), []
    for position, target in moves.starts(least):
        start = NumberLineState(position, target, last, moves.distance(position, target) + spare)
        wins += [succeeds(moves, start, sequence) for sequence in sequences]
    assert planner.random_success(moves, least, spare, turns) == pytest.approx(np.mean(wins), rel=1e-12)


def succeeds(moves, state, sequence):
    for name in sequence:
        state = moves.move(state, name).state
        if state.is_over:
            break
    return state.is_solved


@pytest.mark.parametrize("task", PLANNED, ids=by_id)
def test_the_figures_of_the_planning_levels_are_exact(task):
    env = gym.make(task.id, disable_env_checker=True).unwrapped
    floor = planner.random_success(env.moves, env.least_moves, env.spare_moves, task.turns())
    assert task.random_success == pytest.approx(floor, abs=5e-7)
    assert task.best_success == 1.0


@pytest.mark.parametrize("task", PLANNED, ids=by_id)
def test_from_every_start_the_oracle_arrives_with_just_the_spare_moves_left(task):
    env = gym.make(task.id, disable_env_checker=True).unwrapped
    moves = env.moves
    for position, target in moves.starts(env.least_moves):
        least = moves.distance(position, target)
        assert least >= env.least_moves
        assert least + env.spare_moves <= task.turns()
        state = NumberLineState(position, target, moves.max_position, least + env.spare_moves)
        assert planner.optimal_value(moves, state) == 1.0
        while not state.is_over:
            outcome = moves.move(state, planner.best_action(moves, state))
            assert outcome.events in ({}, {"goal": 1.0})
            state = outcome.state
        assert (state.is_solved, state.moves_left) == (True, env.spare_moves)


@pytest.mark.parametrize(("names", "last", "least", "spare"), SMALL)
def test_the_value_is_that_of_the_best_sequence(names, last, least, spare):
    moves = line_moves(tuple(names.split()), last)
    for position, target in permutations(range(last + 1), 2):
        for left in range(1, 5):
            state = NumberLineState(position, target, last, left)
            best = any(succeeds(moves, state, sequence) for sequence in product(moves.names, repeat=left))
            assert planner.optimal_value(moves, state) == float(best), (state, least, spare)
            action = planner.best_action(moves, state)
            assert (action is None) is not best
            way = planner.shortest_way(moves, state)
            assert len(way) == (moves.distance(position, target) if best else 0)
            assert [name for name, _ in way[:1]] == ([action] if best else [])


@pytest.mark.parametrize("task", COURSE, ids=by_id)
def test_the_figures_of_the_course_levels_are_exact(task):
    """A day changes names only: random walks are those of level 0, over all starts by the rules of the day."""
    last, rng = task.arguments["max_position"], np.random.default_rng(1)
    assert task.random_success == pytest.approx(number_line_success(last, task.turns()), abs=5e-7)
    starts = [NumberLineState(*start, last) for start in permutations(range(last + 1), 2)]
    chances = [walked(draw_day(start, task.level, rng), task.turns()) for start in starts for _ in range(4)]
    assert np.mean(chances) == pytest.approx(task.random_success, abs=5e-7)
    assert task.best_success == 1.0


def walked(state, turns):
    """Return the chance of random play by the real rules, state by state."""
    at = {state: 1.0}
    solved = 0.0
    for _ in range(turns):
        later = {}
        for before, chance in at.items():
            for action in ACTIONS.names:
                after = move(before, action).state
                if after.is_solved:
                    solved += chance / 2
                else:
                    later[after] = later.get(after, 0.0) + chance / 2
        at = later
    return solved


@pytest.mark.parametrize("task", COURSE, ids=by_id)
def test_the_oracle_walks_straight_to_the_target_on_every_day(task):
    last, rng = task.arguments["max_position"], np.random.default_rng(2)
    for start in permutations(range(last + 1), 2):
        for _ in range(8):
            state, turns = draw_day(NumberLineState(*start, last), task.level, rng), 0
            while not state.is_solved:
                outcome = move(state, oracle.best_action(state))
                assert outcome.events in ({}, {"goal": 1.0})
                state, turns = outcome.state, turns + 1
            assert turns == abs(start[0] - start[1]) <= task.turns()
