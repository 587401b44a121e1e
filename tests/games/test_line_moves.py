"""NumberLine with other moves: the rules, and shortest ways against a search by powers of the matrix of steps."""

from collections import Counter

import numpy as np
import pytest

from vlm_gym.games.line_moves import MOVES, LineMoves, action_set
from vlm_gym.games.number_line import NumberLineState

LINES = (("+1 -1 *2 -3", 20), ("+1 *2 -3", 30), ("+5 -3 *2 /3", 40), ("+2 -1 /2", 17), ("+2 -2", 9))


def moves_of(names, last):
    return LineMoves(tuple(names.split()), last)


def least_numbers(names, last):
    """Return the least number of moves from each place to each, -1 where none lead there: by powers of a matrix."""
    steps = np.zeros((last + 1, last + 1), bool)
    for place in range(last + 1):
        for name in names.split():
            after = eval(f"{place}{name}")
            if after == int(after) and 0 <= after <= last:
                steps[place, int(after)] = True
    least = np.where(np.eye(last + 1, dtype=bool), 0, -1)
    reached = np.eye(last + 1, dtype=bool)
    for number in range(1, 2 * last + 2):
        reached = reached @ steps
        least[(least < 0) & reached] = number
    return least


@pytest.mark.parametrize(("names", "last"), LINES)
def test_shortest_ways_are_those_of_the_matrix_of_steps(names, last):
    moves, least = moves_of(names, last), least_numbers(names, last)
    for place in range(last + 1):
        found = [moves.distance(place, target) for target in range(last + 1)]
        assert [-1 if number is None else number for number in found] == least[place].tolist()


@pytest.mark.parametrize(("names", "last"), LINES)
def test_the_starts_are_all_pairs_that_are_far_enough_apart(names, last):
    moves, least = moves_of(names, last), least_numbers(names, last)
    for number in range(1, least.max() + 1):
        assert set(moves.starts(number)) == {tuple(pair) for pair in np.argwhere(least >= number).tolist()}
    assert moves.starts(least.max() + 1) == ()


def test_every_start_is_drawn_alike_with_the_moves_of_its_shortest_way_and_some_more():
    moves, rng = moves_of("+1 *2 -3", 10), np.random.default_rng(0)
    starts, least = moves.starts(3), least_numbers("+1 *2 -3", 10)
    drawn = [moves.draw(starts, 2, rng) for _ in range(40 * 500)]
    assert all(state.moves_left == least[state.position, state.target] + 2 for state in drawn)
    counts = Counter((state.position, state.target) for state in drawn)
    assert set(counts) == set(starts)
    expected = len(drawn) / len(starts)
    assert all(abs(count - expected) < 5 * np.sqrt(expected) for count in counts.values())


@pytest.mark.parametrize(
    ("position", "name", "after", "events"),
    [
        (4, "*2", 8, {}),
        (4, "+1", 5, {"away": 1.0}),  # no fewer moves are left to 16: twice *2 was the way
        (8, "*2", 16, {"goal": 1.0}),
        (4, "-3", 1, {"away": 1.0}),
        (6, "/3", 2, {"away": 1.0}),
    ],
)
def test_a_move_uses_up_one_and_comes_closer_arrives_or_leads_away(position, name, after, events):
    outcome = moves_of("+1 -3 *2 /3", 20).move(NumberLineState(position, 16, 20, 5), name)
    assert outcome.state == NumberLineState(after, 16, 20, 4)
    assert (outcome.events, outcome.illegal) == (events, None)


@pytest.mark.parametrize(
    ("position", "name", "rule"),
    [
        (2, "-3", "the line goes from 0 to 20: -3 is not possible at 2"),
        (11, "*2", "the line goes from 0 to 20: *2 is not possible at 11"),
        (20, "+1", "the line goes from 0 to 20: +1 is not possible at 20"),
        (7, "/3", "7 is not a multiple of 3: /3 is not possible there"),
    ],
)
def test_a_move_that_is_not_possible_uses_up_none_and_says_why(position, name, rule):
    moves, state = moves_of("+1 -3 *2 /3", 20), NumberLineState(position, 16, 20, 5)
    outcome = moves.move(state, name)
    assert outcome.state is state
    assert (outcome.events, outcome.illegal) == ({"illegal": 1.0}, rule)
    assert name not in moves.legal_actions(state)


def test_the_legal_moves_are_those_that_are_accepted():
    moves = LineMoves(MOVES, 30)
    for position in range(31):
        state = NumberLineState(position, 7, 30, 3)
        assert moves.legal_actions(state) == tuple(name for name in MOVES if moves.move(state, name).illegal is None)


def test_places_without_a_possible_move_are_found():
    assert moves_of("*2 *3", 5).dead_ends() == (3, 4, 5)
    assert moves_of("+2 -2", 1).dead_ends() == (0, 1)
    assert moves_of("+1 *2 -3", 20).dead_ends() == ()


@pytest.mark.parametrize("name", MOVES)
def test_a_move_is_read_in_the_words_of_people(name):
    actions = action_set(MOVES)
    sign, number = name[0], name[1:]
    words = {
        "+": ("add {}", "plus {}", "+ {}", "Add {}", "＋{}"),
        "-": ("subtract {}", "minus {}", "- {}", "−{}", "–{}"),
        "*": ("times {}", "x{}", "×{}", "multiply by {}", "* {}"),
        "/": ("divide by {}", "÷{}", "/ {}", "divided by {}"),
    }[sign]
    for each in (name, *(word.format(number) for word in words)):
        assert actions.read(each) == name, each
    assert actions.read(number) is None
    assert actions.read(sign) is None
