"""What an environment needs from a household game being played, whoever plays it.

`HouseholdGame` is such an engine as it is, in plain Python; `TextWorldGame` and `ThorGame` are the originals behind the
same interface.
"""

from dataclasses import dataclass, fields
from typing import Final, Protocol

from vlm_gym.errors import ConfigError, VlmGymError
from vlm_gym.games.household.thor import ThorState
from vlm_gym.games.household.view import HouseholdView
from vlm_gym.games.household.world import HouseholdState, World

MAX_TIMEOUT_S: Final = 24 * 3600.0

GameState = HouseholdState | ThorState


class EngineError(VlmGymError, RuntimeError):
    """An engine that runs in another process has died, hangs, or cannot play a game."""


@dataclass(frozen=True)
class Timeouts:
    """How long to wait, in seconds. Raises ConfigError for what is not a number of seconds up to a day.

    Attributes:
        start_timeout_s: Until a new process has started and begun an episode.
        reset_timeout_s: Until a process that runs has begun another episode.
        step_timeout_s: For the answer to a command.
    """

    start_timeout_s: float
    reset_timeout_s: float
    step_timeout_s: float

    def __post_init__(self) -> None:
        for field in fields(self):
            timeout_s = getattr(self, field.name)
            is_number = isinstance(timeout_s, (int, float)) and not isinstance(timeout_s, bool)
            if not is_number or not 0 < timeout_s <= MAX_TIMEOUT_S:
                raise ConfigError(
                    f"{field.name} must be a number of seconds up to {MAX_TIMEOUT_S:g}, got {timeout_s!r}"
                )


class Engine(Protocol):
    """A game being played.

    `feedback` is the last answer and `admissible` the sorted commands that are possible now. A command that is not
    admissible changes nothing. `is_won` does not end the game, and `progress` is 1.0 exactly when it is true.
    """

    @property
    def world(self) -> World:
        """What never changes in this game."""

    @property
    def state(self) -> GameState:
        """Everything that changes, as it is now: an immutable value."""

    @property
    def feedback(self) -> str:
        """The last answer."""

    @property
    def admissible(self) -> tuple[str, ...]:
        """The sorted commands that are possible now."""

    def reset(self) -> str:
        """Go back to the start and return the introduction."""

    def step(self, command: str) -> str:
        """Play a command and return the feedback: "Nothing happens." and no change if it is not admissible."""

    def refusal(self, command: str) -> str | None:
        """Return the rule that a command would break now, in words, or None if it is admissible."""

    def view(self) -> HouseholdView:
        """Return what the player sees."""

    @property
    def is_won(self) -> bool:
        """Whether the goal holds now."""

    @property
    def progress(self) -> float:
        """The share of the goal's conditions that hold."""

    @property
    def is_stuck(self) -> bool:
        """Whether the game cannot be won any more."""
