"""NumberLine: walk from one number to another, one step at a time.

With other moves: line_moves.py; on a day that is different: line_course.py. The simplest task of Zhai et al. 2024
(arXiv 2405.10292, section 5.1): nothing is hidden, so the state is also the player's view.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from vlm_gym.actions import ActionSet
from vlm_gym.games.outcome import Outcome
from vlm_gym.games.plates import PlateColor

ACTIONS: Final = ActionSet(
    ("-", "+"),
    aliases={
        "minus": "-", "subtract": "-", "decrease": "-", "-1": "-", "- 1": "-", "minus 1": "-",
        "subtract 1": "-", "minus one": "-", "subtract one": "-", "plus one": "+", "add one": "+",
        "plus": "+", "add": "+", "increase": "+", "+1": "+", "+ 1": "+", "plus 1": "+", "add 1": "+",
    },
)  # fmt: skip


Changed = Literal["signs", "marks"]


@dataclass(frozen=True)
class LineDay:
    """What is otherwise for one episode (`vlm_gym.games.line_course`).

    Attributes:
        changed: "signs" if "+" subtracts and "-" adds, "marks" if the flag stands at the position and the pointer at
            the target.
        other: The number of a second flag, which means nothing.
        color: The colour of the flag that counts, where both flags have a colour.
    """

    changed: Changed
    other: int | None = None
    color: PlateColor | None = None


@dataclass(frozen=True)
class NumberLineState:
    """A position and a target, both from 0 to `max_position`.

    `moves_left` counts the moves that may still be played, where they are counted (`vlm_gym.games.line_moves`); `day`
    is what is otherwise in this episode.
    """

    position: int
    target: int
    max_position: int
    moves_left: int | None = None
    day: LineDay | None = None

    @property
    def flag(self) -> int:
        """The number at which the flag stands that counts: the target, unless the day says otherwise."""
        return self.position if self.day is not None and self.day.changed == "marks" else self.target

    @property
    def pointer(self) -> int:
        """The number to which the pointer points: the position, unless the day says otherwise."""
        return self.target if self.day is not None and self.day.changed == "marks" else self.position

    @property
    def is_solved(self) -> bool:
        """Whether the position is the target: the game is over."""
        return self.position == self.target

    @property
    def is_over(self) -> bool:
        """Whether the target is reached, or no move is left."""
        return self.position == self.target or self.moves_left == 0


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


def step_of(state: NumberLineState, action: str) -> int:
    """Return what an action adds to the position: 1 or -1."""
    is_usual = state.day is None or state.day.changed != "signs"
    return 1 if (action == "+") == is_usual else -1


def move(state: NumberLineState, action: str) -> Outcome[NumberLineState]:
    """Play "-" or "+". Events: `goal` at the target, `away` for a step that comes no closer, `illegal` at an end."""
    position = state.position + step_of(state, action)
    if not 0 <= position <= state.max_position:
        rule = f"the line ends at {state.position}: {action} is not possible there"
        return Outcome(state, {"illegal": 1.0}, illegal=rule)
    moved = NumberLineState(position, state.target, state.max_position, None, state.day)
    if moved.is_solved:
        return Outcome(moved, {"goal": 1.0})
    is_closer = abs(moved.target - moved.position) < abs(state.target - state.position)
    return Outcome(moved, {} if is_closer else {"away": 1.0})


def legal_actions(state: NumberLineState) -> tuple[str, ...]:
    """Return the actions that stay on the line."""
    return tuple([name for name in ACTIONS.names if 0 <= state.position + step_of(state, name) <= state.max_position])
