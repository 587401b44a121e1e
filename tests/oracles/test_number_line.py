"""NumberLine's oracle walks straight to the target."""

from itertools import permutations

import pytest

from vlm_gym.games.number_line import NumberLineState, move
from vlm_gym.oracles.number_line import best_action, optimal_value


@pytest.mark.parametrize(("position", "target"), list(permutations(range(6), 2)))
def test_the_oracle_takes_the_shortest_way(position, target):
    state = NumberLineState(position, target, 5)
    turns = 0
    while not state.is_solved:
        assert optimal_value(state) == 1.0
        outcome = move(state, best_action(state))
        assert outcome.illegal is None
        assert "away" not in outcome.events
        state = outcome.state
        turns += 1
    assert turns == abs(position - target)
