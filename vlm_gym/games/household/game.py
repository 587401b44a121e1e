"""A household game being played: the engine that environments, oracles and tests drive."""

import copy
from typing import Any

from vlm_gym.games.household import commands, refusals, rules, tasks, text
from vlm_gym.games.household.view import HouseholdView, view_of
from vlm_gym.games.household.world import HouseholdState, World


class HouseholdGame:
    """A world and its state now. The state is an immutable value: keep it, hash it, put it back with `restore`.

    Copies (`copy.copy`, `copy.deepcopy`, pickles) are independent games; those in one process share the world.
    `feedback` is the last answer and `admissible` the sorted commands that are possible now.
    """

    __slots__ = ("_progress", "admissible", "feedback", "state", "world")

    def __init__(self, world: World) -> None:
        self.world = world
        self._progress: tuple[HouseholdState, float] | None = None  # of the state that it was last asked for
        self.reset()

    def __deepcopy__(self, memo: dict[int, Any]) -> "HouseholdGame":
        return copy.copy(self)  # all that it holds is immutable

    def reset(self) -> str:
        """Go back to the start and return the introduction: the receptacles of the room and the task."""
        self.restore(self.world.start)
        self.feedback = text.intro(self.world)
        return self.feedback

    def restore(self, state: HouseholdState) -> None:
        """Go to a state of this world; the feedback is then empty."""
        self.state = state
        self.admissible = commands.admissible(self.world, state)
        self.feedback = ""

    def step(self, command: str) -> str:
        """Play a command and return the feedback: "Nothing happens." and no change if it is not admissible."""
        command = command.strip()
        parsed = commands.parse(self.world, command) if command in self.admissible else None
        if parsed is None:
            self.feedback = text.NOTHING_HAPPENS
            return self.feedback
        self.state = rules.apply(self.world, self.state, parsed)
        self.admissible = commands.admissible(self.world, self.state)
        self.feedback = text.feedback(self.world, self.state, parsed)
        return self.feedback

    def refusal(self, command: str) -> str | None:
        """Return the rule that a command would break now, in words, or None if it is admissible."""
        return refusals.refusal(self.world, self.state, command, self.admissible)

    def view(self) -> HouseholdView:
        """Return what the player sees."""
        return view_of(self.world, self.state)

    @property
    def is_won(self) -> bool:
        """Whether the goal holds now."""
        return self.progress == 1.0

    @property
    def progress(self) -> float:
        """The share of the goal's conditions that hold, 1.0 exactly when the game is won."""
        if self._progress is None or self._progress[0] is not self.state:
            self._progress = self.state, tasks.progress(self.world, self.state)
        return self._progress[1]

    @property
    def is_stuck(self) -> bool:
        """Whether the game cannot be won any more."""
        return tasks.is_stuck(self.world, self.state)
