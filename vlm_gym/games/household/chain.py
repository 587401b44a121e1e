"""A household game with several tasks: in any order, or one after the other."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from vlm_gym.games.household import tasks
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.view import HouseholdView
from vlm_gym.games.household.world import HouseholdState, World

ChainOrder = Literal["any", "sequence"]

MAX_CHAIN: Final = 3


class ChainGame:
    """Several tasks in one home, each a world of its own goal. What is done stays done, whatever happens later.

    In the order "any" all are told at once, and `world.sentence` holds those that are left. In a "sequence" the next
    one is told, and counts, when the one before is done. `world.goal` is the first of what is left.
    """

    __slots__ = ("_game", "_is_sequence", "_worlds", "feedback", "left", "world")

    def __init__(self, worlds: Sequence[World], order: ChainOrder) -> None:
        self._worlds = tuple(worlds)
        self._is_sequence = order == "sequence"
        self._game = HouseholdGame(self._worlds[0])
        self.reset()

    @property
    def state(self) -> HouseholdState:
        """Everything that changes in the home."""
        return self._game.state

    @property
    def admissible(self) -> tuple[str, ...]:
        """The sorted commands that are possible now."""
        return self._game.admissible

    @property
    def told(self) -> tuple[World, ...]:
        """The worlds of the tasks that are left and told; the last one when all are done."""
        left = self.left or self._worlds[-1:]
        return left[:1] if self._is_sequence else left

    @property
    def num_tasks(self) -> int:
        """How many tasks there are on all."""
        return len(self._worlds)

    def reset(self) -> str:
        """Go back to the start and return the introduction."""
        self.left = self._worlds
        introduction = self._game.reset()
        self._tell()
        self._look_at_tasks()
        self.feedback = introduction.replace(self._worlds[0].sentence, self.world.sentence)
        return self.feedback

    def step(self, command: str) -> str:
        """Play a command and return the feedback: "Nothing happens." and no change if it is not admissible."""
        answer, before = self._game.step(command), self.left
        self._look_at_tasks()
        for world in before:
            if world not in self.left:
                answer += f"\n\nDone: {world.sentence}"
        if self._is_sequence and self.left and self.left is not before:
            answer += f"\n\nYour next task is to: {self.world.sentence}"
        self.feedback = answer
        return answer

    def refusal(self, command: str) -> str | None:
        """Return the rule that a command would break now, in words, or None if it is admissible."""
        return self._game.refusal(command)

    def view(self) -> HouseholdView:
        """Return what the player sees."""
        return self._game.view()

    @property
    def is_won(self) -> bool:
        """Whether all tasks are done."""
        return not self.left

    @property
    def progress(self) -> float:
        """The share of the conditions of all tasks that are met; of a later task of a sequence none is yet."""
        conditions = [tasks.NUM_CONDITIONS[world.goal.task] for world in self._worlds]
        done = sum(conditions) - sum(tasks.NUM_CONDITIONS[world.goal.task] for world in self.left)
        if self.left:
            done += sum(tasks.conditions_met(world, self.state) for world in self.told)
        return done / sum(conditions)

    @property
    def is_stuck(self) -> bool:
        """Whether a task that is left cannot be done any more."""
        return any(tasks.is_stuck(world, self.state) for world in self.left)

    def _look_at_tasks(self) -> None:
        """Strike out what is done, and say what is left."""
        left = self.left
        if self._is_sequence:
            while left and tasks.is_won(left[0], self.state):
                left = left[1:]
        elif any(tasks.is_won(world, self.state) for world in left):
            left = tuple(world for world in left if not tasks.is_won(world, self.state))
        if left is not self.left:
            self.left = left
            self._tell()

    def _tell(self) -> None:
        told = self.told
        self.world = replace(told[0], sentence=" ".join(world.sentence for world in told))
