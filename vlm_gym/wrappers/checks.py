"""What a wrapper of observations may ask of the env that it is put around."""

from typing import Any

import gymnasium as gym
import numpy as np

from vlm_gym.envs.base import TaskEnv
from vlm_gym.errors import ConfigError


def check_pictures(wrapper: object, env: gym.Env[Any, Any]) -> tuple[int, ...]:
    """Return the shape of the env's pictures, (height, width, channels).

    Raises:
        ConfigError: if its observations are not pictures of bytes.
    """
    space = env.observation_space
    if isinstance(space, gym.spaces.Box) and space.dtype == np.uint8 and len(space.shape) == 3:
        return space.shape
    raise ConfigError(
        f"{type(wrapper).__name__} needs observations that are pictures, (height, width, channels) uint8; got {space}: "
        f"put it closer to the env than the wrapper that changes them"
    )


def check_task(wrapper: object, env: gym.Env[Any, Any]) -> None:
    """Raise ConfigError unless the env is a task of vlm_gym."""
    if not isinstance(env.unwrapped, TaskEnv):
        raise ConfigError(f"{type(wrapper).__name__} needs a task of vlm_gym, got {env.unwrapped!r}")
