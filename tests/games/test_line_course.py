"""NumberLine on a day that is different: what changes, and where the second flag stands."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from vlm_gym.games.line_course import draw_day
from vlm_gym.games.number_line import LineDay, NumberLineState, legal_actions, move

STARTS = list(permutations(range(6), 2))


def days(start, course, number=60):
    rng = np.random.default_rng((*start, course))
    return [draw_day(NumberLineState(*start, 5), course, rng) for _ in range(number)]


@pytest.mark.parametrize("course", [1, 2, 3])
def test_a_day_leaves_the_start_as_it_is_and_changes_signs_or_marks(course):
    counts, colors = Counter(), Counter()
    for start in STARTS:
        for state in days(start, course):
            assert (state.position, state.target, state.max_position) == (*start, 5)
            counts[state.day.changed] += 1
            colors[state.day.color] += 1
            assert (state.day.other is None) is (course == 1)
    assert set(counts) == {"signs", "marks"}
    assert min(counts.values()) > 800
    assert set(colors) == ({"blue", "orange"} if course == 3 else {None})


def test_signs_that_are_changed_do_the_opposite():
    state = NumberLineState(2, 4, 5, None, LineDay("signs"))
    assert move(state, "-").state.position == 3
    assert move(state, "+").state.position == 1
    assert move(state, "+").events == {"away": 1.0}
    at_end = NumberLineState(0, 4, 5, None, LineDay("signs"))
    assert move(at_end, "+").illegal == "the line ends at 0: + is not possible there"
    assert legal_actions(at_end) == ("-",)


def test_marks_that_are_changed_stand_for_each_other():
    state = NumberLineState(2, 4, 5, None, LineDay("marks"))
    assert (state.flag, state.pointer) == (2, 4)
    after = move(state, "+").state
    assert (after.flag, after.pointer, after.day) == (3, 4, state.day)
    plain = NumberLineState(2, 4, 5, None, LineDay("signs"))
    assert (plain.flag, plain.pointer) == (4, 2)


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_a_second_flag_stands_wherever_it_leads_astray_and_nowhere_else(start):
    """Who walks to the wrong flag does not pass the target, who believes to be at it walks the wrong way."""
    position, target = start
    found = {"signs": set(), "marks": set()}
    for state in days(start, 2, 300):
        found[state.day.changed].add(state.day.other)
    way = range(min(position, target), max(position, target) + 1)
    on_the_way = {other for other in range(6) if target not in range(min(position, other), max(position, other) + 1)}
    assert found["signs"] == on_the_way >= set(way) - {target}
    assert found["marks"] == {other for other in range(6) if np.sign(target - other) != np.sign(target - position)}


@pytest.mark.parametrize("course", [1, 2, 3])
def test_who_plays_by_the_usual_rules_never_succeeds(course):
    """The usual player goes from the pointer to the flag that counts, with the usual signs."""
    for start in STARTS:
        for state in days(start, course, 20):
            seen = state
            for _ in range(10):
                if seen.is_solved:
                    break
                seen = move(seen, "+" if seen.flag > seen.pointer else "-").state
            assert not seen.is_solved
