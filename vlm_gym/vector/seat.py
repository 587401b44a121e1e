"""One environment of a vector environment: it draws where it is told to, past the wrappers that only watch."""

from typing import Any, Final

import gymnasium as gym

from vlm_gym.envs.base import TaskEnv
from vlm_gym.errors import ConfigError
from vlm_gym.render.canvas import Canvas, Picture
from vlm_gym.wrappers.turn_limit import TurnLimit

WATCHERS: Final = (gym.wrappers.OrderEnforcing, gym.wrappers.PassiveEnvChecker)
"""Wrappers of `gym.make` that leave a step as it is: they check what a vector environment and the tests do anyway."""


class Seat:
    """An environment as `gym.make` builds it, which draws into a place of a larger array.

    Args:
        env: The environment. Its resets and all else go through all wrappers; a step leaves out those that only watch.

    Raises:
        ConfigError: if it is not a task of vlm_gym.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        if not isinstance(env.unwrapped, TaskEnv):
            raise ConfigError(f"a task of vlm_gym is needed, got {env!r}: use vectorization_mode='sync'")
        self._env = env
        self._task: TaskEnv[Any, Any] = env.unwrapped
        self._limit = env if type(env) is TurnLimit else None
        played = env if self._limit is None else self._limit.env
        while type(played) in WATCHERS:
            played = played.env  # type: ignore[attr-defined]
        self._step = played.step

    def reset(self, canvas: Canvas, seed: int | None = None, options: dict[str, Any] | None = None) -> dict[str, Any]:
        """Start an episode, draw it onto a canvas and return the info."""
        self._task.canvas = canvas
        try:
            picture, info = self._env.reset(seed=seed, options=options)
        finally:
            self._task.canvas = None
        canvas.fill(picture)
        return info

    def step(self, action: Any) -> tuple[float, bool, bool, dict[str, Any]]:
        """Play an action and return all but the picture, which is not drawn."""
        task = self._task
        task.is_drawn_later = True
        try:
            _, reward, is_terminated, is_truncated, info = self._step(action)
        finally:
            task.is_drawn_later = False
        if self._limit is not None and self._limit.count() and not is_terminated:
            is_truncated = True
        return reward, is_terminated, is_truncated, info  # type: ignore[return-value]

    def draw(self, canvas: Canvas) -> Picture:
        """Draw the current picture onto a canvas and return it."""
        self._task.draw_onto(canvas)
        return canvas.place
