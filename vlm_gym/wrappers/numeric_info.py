"""Information that buffers can hold: numbers and arrays only."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import gymnasium as gym
import numpy as np

from vlm_gym.envs.base import TaskEnv
from vlm_gym.errors import ConfigError
from vlm_gym.wrappers.text import TextPlay

ObsT = TypeVar("ObsT")
ActT = TypeVar("ActT")

MISTAKES: Final = ("illegal", "fault")


class NumericInfo(gym.Wrapper[ObsT, ActT, ObsT, ActT]):
    """Keeps of `info` what is a number or an array of numbers, as numpy arrays of constant shape and dtype.

    Replay buffers and data sets (tianshou, torchrl, Minari) stack what `info` holds, and stumble over words and None.
    Kept at reset and at every step, without dimensions unless said: `action_mask`, (n,) int8, without a parser;
    `is_success`, bool; `progress`, float64; each reward term under its own name, `reward_goal`, float64; `is_illegal`
    and `is_fault`, bool, in place of the words; and what else a task has in numbers (`stuck` in household tasks, bool).

    `gym.make(..., info="numeric")` builds this inside the entry point, hence `spec` is the env's.
    """

    def __init__(self, env: gym.Env[ObsT, ActT]) -> None:
        super().__init__(env)
        if not isinstance(env, (TaskEnv, TextPlay)):
            raise ConfigError(
                f"NumericInfo needs a task of vlm_gym without other wrappers (gym.make's info='numeric' builds it); "
                f"got {env!r}"
            )

    @property
    def spec(self) -> gym.envs.registration.EnvSpec | None:  # type: ignore[override]
        """The env's own spec, whose arguments rebuild this wrapper."""
        return self.env.spec

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[ObsT, dict[str, Any]]:
        """Start an episode."""
        picture, info = self.env.reset(seed=seed, options=options)
        return picture, _numbers_of(info)

    def step(self, action: ActT) -> tuple[ObsT, Any, bool, bool, dict[str, Any]]:
        """Play an action."""
        *turn, info = self.env.step(action)
        return (*turn, _numbers_of(info))  # type: ignore[return-value]


def _numbers_of(info: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {f"reward_{name}": np.asarray(paid) for name, paid in info["rewards"].items()}
    mistakes = {f"is_{name}": np.asarray(info[name] is not None) for name in MISTAKES}
    plain = {name: np.asarray(value) for name, value in info.items() if isinstance(value, (int, float, np.ndarray))}
    return {**plain, **numbers, **mistakes}
