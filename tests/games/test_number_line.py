"""The rules of NumberLine."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from vlm_gym.games.number_line import NumberLineState, deal, legal_actions, move


def test_every_pair_of_different_places_is_dealt_alike():
    rng = np.random.default_rng(0)
    counts = Counter((state.position, state.target) for state in (deal(5, rng) for _ in range(30_000)))
    assert set(counts) == set(permutations(range(6), 2))
    assert all(850 < count < 1150 for count in counts.values())


@pytest.mark.parametrize("max_position", [1, 2, 9])
def test_a_chosen_end_is_kept_and_the_other_differs(max_position):
    rng = np.random.default_rng(0)
    others = set(range(max_position + 1)) - {1}
    assert {deal(max_position, rng, position=1).target for _ in range(200)} == others
    assert {deal(max_position, rng, target=1).position for _ in range(200)} == others
    assert deal(max_position, rng, 0, 1) == NumberLineState(0, 1, max_position)


@pytest.mark.parametrize(
    ("position", "action", "after", "events"),
    [
        (2, "+", 3, {}),
        (3, "+", 4, {"goal": 1.0}),
        (5, "-", 4, {"goal": 1.0}),
        (2, "-", 1, {"away": 1.0}),
    ],
)
def test_a_step_comes_closer_arrives_or_leads_away(position, action, after, events):
    outcome = move(NumberLineState(position, 4, 6), action)
    assert outcome.state == NumberLineState(after, 4, 6)
    assert outcome.events == events
    assert outcome.illegal is None


@pytest.mark.parametrize(("position", "action"), [(0, "-"), (5, "+")])
def test_a_step_off_the_line_is_illegal_and_leaves_the_state(position, action):
    state = NumberLineState(position, 3, 5)
    outcome = move(state, action)
    assert outcome.state is state
    assert outcome.events == {"illegal": 1.0}
    assert outcome.illegal == f"the line ends at {position}: {action} is not possible there"
    assert action not in legal_actions(state)


@pytest.mark.parametrize("position", range(6))
def test_the_legal_actions_are_those_that_a_move_accepts(position):
    state = NumberLineState(position, 3, 5)
    assert legal_actions(state) == tuple(action for action in "-+" if move(state, action).illegal is None)
