"""Who thinks in which task: from an env to what its player sees, and to words."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from vlm_gym.collect.thoughts import blackjack, household, number_line, points
from vlm_gym.envs.base import TaskEnv
from vlm_gym.envs.blackjack import BlackjackEnv
from vlm_gym.envs.household.home import HomeEnv
from vlm_gym.envs.number_line import NumberLineEnv
from vlm_gym.envs.points import PointsEnv, PointsFormulaEnv
from vlm_gym.errors import ConfigError
from vlm_gym.games.blackjack import view_of
from vlm_gym.games.formula import evaluate
from vlm_gym.games.formula_words import formula_tokens
from vlm_gym.games.household.tasks import GoalKinds
from vlm_gym.oracles.points import complete


class Thinker(ABC):
    """Thinks aloud through one episode of a task. All chance comes from the generators that it is given."""

    def look(self) -> None:  # noqa: B027  # where the picture shows everything there is nothing to remember
        """Take in what the player sees: once a turn, before anything is said."""

    @abstractmethod
    def describe(self, rng: np.random.Generator) -> str:
        """Say what the picture shows."""

    @abstractmethod
    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say what speaks for an action; of one for which nothing does, only that it is chosen."""


def make_thinker(task: TaskEnv[Any, Any]) -> Thinker:
    """Return who thinks in the episode that has just begun.

    Raises:
        ConfigError: if the task is none of this suite's.
    """
    for kind, thinker in THINKERS.items():
        if isinstance(task, kind):
            return thinker(task)
    known = ", ".join(kind.__name__ for kind in THINKERS)
    raise ConfigError(f"there are thoughts for {known}, not for {task!r}: use cot='none'")


class _NumberLineThinker(Thinker):
    def __init__(self, task: NumberLineEnv) -> None:
        self._task = task

    def describe(self, rng: np.random.Generator) -> str:
        return number_line.describe(self._task.state, rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        return number_line.think(self._task.state, action, rng)


class _BlackjackThinker(Thinker):
    def __init__(self, task: BlackjackEnv) -> None:
        self._task = task

    def describe(self, rng: np.random.Generator) -> str:
        return blackjack.describe(view_of(self._task.state), rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        return blackjack.think(view_of(self._task.state), self._task.action_values(), action, rng)


class _PointsThinker(Thinker):
    def __init__(self, task: PointsEnv) -> None:
        self._task = task

    def describe(self, rng: np.random.Generator) -> str:
        return points.describe(self._task.view(), self._task.numbers(), rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        return points.think_press(self._task.view(), self._task.numbers(), action, self._rest(action), rng)

    def _rest(self, action: str) -> tuple[str, ...] | None:
        """Return what follows a token in a solution; None if it breaks a rule or leads to none."""
        task = self._task
        if action not in task.rules.legal_presses(task.state):
            return None
        return complete((*task.state.tokens, action), task.numbers(), task.rules.target, task.rules.symbols)


class _FormulaThinker(Thinker):
    def __init__(self, task: PointsFormulaEnv) -> None:
        self._task = task

    def describe(self, rng: np.random.Generator) -> str:
        return points.describe_attempt(self._task.view(), self._task.numbers(), rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        task, tokens = self._task, formula_tokens(action)
        used = sorted(int(token) for token in tokens if token.isdecimal())
        is_right = used == sorted(task.numbers()) and evaluate(tokens) == task.rules.target
        return points.think_formula(task.view(), task.numbers(), tokens, rng, is_right=is_right)


class _HomeThinker(Thinker):
    def __init__(self, task: HomeEnv) -> None:
        self._task = task
        goal = task.game.world.goal
        self._goal = GoalKinds(goal.task, goal.target, goal.destination)
        self._memory = household.Memory()

    def look(self) -> None:
        self._memory.look(self._task.game.view())

    def describe(self, rng: np.random.Generator) -> str:
        return household.describe(self._task.game.view(), rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        view, task = self._task.game.view(), self._task.game.world.sentence
        return household.think(view, self._memory, self._goal, task, action, rng)


THINKERS: Final[Mapping[type, Callable[[Any], Thinker]]] = {
    NumberLineEnv: _NumberLineThinker,
    PointsEnv: _PointsThinker,
    PointsFormulaEnv: _FormulaThinker,
    BlackjackEnv: _BlackjackThinker,
    HomeEnv: _HomeThinker,
}
