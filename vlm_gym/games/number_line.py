"""NumberLine: walk from one number to another, one step at a time.

The simplest task of Zhai et al. 2024 (arXiv 2405.10292, section 5.1): nothing is hidden, so the state is
also the player's view.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from vlm_gym.actions import ActionSet
from vlm_gym.games.outcome import Outcome

ACTIONS: Final = ActionSet(
    ("-", "+"),
    aliases={
        "minus": "-", "subtract": "-", "decrease": "-", "-1": "-", "- 1": "-", "minus 1": "-",
        "subtract 1": "-",
        "plus": "+", "add": "+", "increase": "+", "+1": "+", "+ 1": "+", "plus 1": "+", "add 1": "+",
    },
)  # fmt: skip


@dataclass(frozen=True)
class NumberLineState:
    """A position and a target, both from 0 to `max_position`."""

    position: int
    target: int
    max_position: int

    @property
    def is_solved(self) -> bool:
        """Whether the position is the target: the game is over."""
        return self.position == self.target


def deal(
    max_position: int, rng: np.random.Generator, position: int | None = None, target: int | None = None
) -> NumberLineState:
    """Draw what is not given of a position and a different target, every pair with the same probability."""
    if position is None:
        position = _draw_other(max_position, target, rng)
    if target is None:
        target = _draw_other(max_position, position, rng)
    return NumberLineState(position, target, max_position)


def _draw_other(max_position: int, taken: int | None, rng: np.random.Generator) -> int:
    if taken is None:
        return int(rng.integers(max_position + 1))
    number = int(rng.integers(max_position))
    return number + (number >= taken)


def move(state: NumberLineState, action: str) -> Outcome[NumberLineState]:
    """Play "-" or "+". Events: `goal` at the target, `away` for a step that comes no closer, `illegal` at an end."""
    position = state.position + (1 if action == "+" else -1)
    if not 0 <= position <= state.max_position:
        rule = f"the line ends at {state.position}: {action} is not possible there"
        return Outcome(state, {"illegal": 1.0}, illegal=rule)
    moved = NumberLineState(position, state.target, state.max_position)
    if moved.is_solved:
        return Outcome(moved, {"goal": 1.0})
    is_closer = abs(moved.target - moved.position) < abs(state.target - state.position)
    return Outcome(moved, {} if is_closer else {"away": 1.0})


def legal_actions(state: NumberLineState) -> tuple[str, ...]:
    """Return the actions that stay on the line."""
    return tuple(action for action, end in (("-", 0), ("+", state.max_position)) if state.position != end)
