"""What an adopted environment and its oracle return, checked: they are somebody else's code."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from vlm_gym.errors import ConfigError

RESET_FORM = "reset() must return (observation, info)"
STEP_FORM = "step() must return (observation, reward, terminated, truncated, info)"


class Turn(NamedTuple):
    """What a step returned."""

    observation: Any
    reward: float
    is_terminated: bool
    is_truncated: bool
    info: Mapping[str, Any]


def read_reset(env: str, told: object) -> tuple[Any, Mapping[str, Any]]:
    """Return the observation and info of a reset; `env` is the environment's id, for messages.

    Raises:
        ConfigError: if it returned anything else, as environments of the old gym do.
    """
    if not isinstance(told, tuple) or len(told) != 2 or not isinstance(told[1], Mapping):
        raise ConfigError(f"{env}: {RESET_FORM}, got {_shown(told)}")
    return told


def read_step(env: str, told: object) -> Turn:
    """Return what a step returned; `env` is the environment's id, for messages.

    Raises:
        ConfigError: if it is not what Gymnasium asks for, or the reward is no finite number.
    """
    if not isinstance(told, tuple) or len(told) != 5 or not isinstance(told[4], Mapping):
        raise ConfigError(f"{env}: {STEP_FORM}, got {_shown(told)}")
    observation, reward, is_terminated, is_truncated, info = told
    try:
        number = float(reward)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"{env}: the reward of step() must be a finite number, got {reward!r}")
    return Turn(observation, number, bool(is_terminated), bool(is_truncated), info)


def read_advice(env: str, told: object, names: Sequence[str]) -> tuple[str | None, float]:
    """Return an oracle's best action, or None, and the probability of success; `env` is for messages.

    Raises:
        ConfigError: if the action is none of `names`, or the probability is not one.
    """
    if not isinstance(told, Sequence) or isinstance(told, str) or len(told) != 2:
        raise ConfigError(f"{env}: the oracle must return an action's name, or None, and a probability, got {told!r}")
    action, value = told
    if action is not None and action not in names:
        raise ConfigError(f"{env}: the oracle must return one of {', '.join(map(repr, names))} or None, got {action!r}")
    try:
        probability = float(value)
    except (TypeError, ValueError):
        probability = math.nan
    if not 0 <= probability <= 1:
        raise ConfigError(f"{env}: the oracle's probability of success must be from 0 to 1, got {value!r}")
    return action, probability


def _shown(told: object) -> str:
    return f"{len(told)} values, {tuple(type(one).__name__ for one in told)}" if isinstance(told, tuple) else repr(told)
