"""What a move does, in every game."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

StateT = TypeVar("StateT")


@dataclass(frozen=True)
class Outcome(Generic[StateT]):
    """The state after a move and what happened in it.

    `events` maps the name of a reward term to how much of it happened (mostly 1.0); an environment
    multiplies it with the term's weight. `illegal` is None, or the rule that the move broke: then
    `state` is the state before the move.
    """

    state: StateT
    events: Mapping[str, float]
    illegal: str | None = None
