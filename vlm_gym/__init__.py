"""vlm_gym: Gymnasium tasks that a vision-language model plays by looking at a picture and answering in text.

import gymnasium as gym
import vlm_gym

env = gym.make("vlm_gym/Points24-v0")                  # a picture in, Discrete(17) out
env = gym.make("vlm_gym/Points24-v0", parser="json")   # the same picture, free text out
"""

from vlm_gym._version import __version__
from vlm_gym.adoption import adopt
from vlm_gym.errors import (
    ConfigError,
    DataNotFoundError,
    MissingDependencyError,
    UnreadablePictureWarning,
    VlmGymError,
)
from vlm_gym.program import PROGRAM as _PROGRAM  # noqa: F401  # before what takes time: it takes Ctrl-C
from vlm_gym.registration import TASKS, Task, find_task, register_task

__all__ = [
    "TASKS",
    "ConfigError",
    "DataNotFoundError",
    "MissingDependencyError",
    "Task",
    "UnreadablePictureWarning",
    "VlmGymError",
    "__version__",
    "adopt",
    "find_task",
    "register_task",
]
