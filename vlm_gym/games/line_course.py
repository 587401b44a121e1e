"""NumberLine on a day that is different: an instruction changes what the signs do or what the marks mean.

A second flag, which means nothing, stands where it leads astray: who walks to it does not pass the target, and who
believes to stand at it walks away from the target.
"""

from dataclasses import replace
from typing import Final, get_args

import numpy as np

from vlm_gym.games.number_line import Changed, LineDay, NumberLineState
from vlm_gym.games.plates import PLATE_COLORS

CHANGED_TODAY: Final = 1
OLD_FLAG: Final = 2
TWO_COLORS: Final = 3
"""Levels of the course: from each on, something more is drawn."""


def draw_day(state: NumberLineState, course: int, rng: np.random.Generator) -> NumberLineState:
    """Return a start on a day that is drawn: its position and its target stay as they are."""
    kinds = get_args(Changed)
    changed: Changed = kinds[int(rng.integers(len(kinds)))]
    if course < OLD_FLAG:
        return replace(state, day=LineDay(changed))
    misleading = _misleading(state, changed)
    other = misleading[int(rng.integers(len(misleading)))]
    color = PLATE_COLORS[int(rng.integers(len(PLATE_COLORS)))] if course >= TWO_COLORS else None
    return replace(state, day=LineDay(changed, other, color))


def _misleading(state: NumberLineState, changed: Changed) -> tuple[int, ...]:
    """Return the places of a second flag: on the player's side of the target, or beyond it if a flag is the player."""
    is_player = changed == "marks"
    side = state.position - state.target
    return tuple(
        place for place in range(state.max_position + 1) if ((place - state.target) * side > 0) is not is_player
    )
