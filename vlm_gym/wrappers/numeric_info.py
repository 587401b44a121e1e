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
    """Keeps of `info` what is a number or an array of numbers, as numpy scalars and arrays of constant shape and dtype.

    Replay buffers and data sets (tianshou, torchrl, Minari) stack what `info` holds, and cannot stack words or None.
    Kept at reset and at every step: `action_mask`, (n,) int8, without a parser; `is_success`, int8, 0 or 1; `progress`,
    float64; each reward term under its own name, `reward_goal`, float64; `is_illegal` and `is_fault`, int8, in place of
    the words; and what else a task has in numbers (`stuck` in household tasks, int8).

    `gym.make(..., info="numeric")` builds this inside the entry point, so `spec` is the env's.
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
    own = {name: _number(value) for name, value in info.items() if isinstance(value, (int, float, np.ndarray))}
    terms = {f"reward_{name}": _number(paid) for name, paid in info["rewards"].items()}
    return {**own, **terms, **{f"is_{name}": _number(info[name] is not None) for name in MISTAKES}}


def _number(value: Any) -> Any:
    """Return a value as numpy has it; a flag as int8, since vector environments make objects of numpy's own flags."""
    if isinstance(value, bool):
        return np.int8(value)
    return value if isinstance(value, np.ndarray) else np.asarray(value)[()]
