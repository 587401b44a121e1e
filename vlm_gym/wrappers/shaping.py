"""Potential-based reward shaping from the oracle's exact value."""

import math
from typing import Any, SupportsFloat, TypeVar

import gymnasium as gym
import numpy as np

from vlm_gym.envs.base import TaskEnv
from vlm_gym.errors import ConfigError

ObsT = TypeVar("ObsT")
ActT = TypeVar("ActT")


class PotentialShaping(gym.Wrapper[ObsT, ActT, ObsT, ActT], gym.utils.RecordConstructorArgs):
    """Adds the reward term `shaping`: weight * (gamma * potential after - potential before).

    The potential of a state is the oracle's optimal value, and 0 once the episode has terminated. Over a path the terms
    telescope to weight * (gamma^T * potential at its end - potential at its start), so the optimal policy for discount
    `gamma` is the same with and without shaping (Ng, Harada and Russell 1999, theorem 1). Use the trainer's `gamma`.
    """

    def __init__(self, env: gym.Env[ObsT, ActT], gamma: float, weight: float = 1.0) -> None:
        task = env.unwrapped if isinstance(env, gym.Env) else env
        if not isinstance(task, TaskEnv):
            raise ConfigError(f"PotentialShaping needs a task of vlm_gym, whose oracle it asks; got {task!r}")
        if not _is_number(gamma) or not 0.0 <= gamma <= 1.0:
            raise ConfigError(f"gamma must be from 0 to 1, got {gamma!r}")
        if not _is_number(weight):
            raise ConfigError(f"weight must be a finite number, got {weight!r}")
        gym.utils.RecordConstructorArgs.__init__(self, gamma=gamma, weight=weight)
        gym.Wrapper.__init__(self, env)
        self.gamma = gamma
        self.weight = weight
        self._task: TaskEnv[Any, Any] = task
        self._potential = 0.0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[ObsT, dict[str, Any]]:
        """Start an episode; the term is 0."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._potential = self._value()
        return observation, _with_term(info, 0.0)

    def step(self, action: ActT) -> tuple[ObsT, SupportsFloat, bool, bool, dict[str, Any]]:
        """Play an action and add the term to reward and `info["rewards"]`."""
        observation, reward, is_terminated, is_truncated, info = self.env.step(action)
        potential = 0.0 if is_terminated else self._value()
        shaping = self.weight * (self.gamma * potential - self._potential)
        self._potential = potential
        return observation, float(reward) + shaping, is_terminated, is_truncated, _with_term(info, shaping)

    def _value(self) -> float:
        value = self._task.optimal_value()
        if value is None:
            raise ConfigError(f"PotentialShaping needs a task with an oracle, and {type(self._task).__name__} has none")
        return value


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _with_term(info: dict[str, Any], shaping: float) -> dict[str, Any]:
    """Add to the term, which another shaping inside this one may have paid already."""
    if "rewards" not in info:  # info="numeric"
        return {**info, "reward_shaping": np.float64(info.get("reward_shaping", 0.0) + shaping)}
    rewards = info["rewards"]
    return {**info, "rewards": {**rewards, "shaping": rewards.get("shaping", 0.0) + shaping}}
