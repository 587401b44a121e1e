"""Planning: moves whose shortest way must be found before the first one."""

from typing import Final

from vlm_gym.task import Task

LEVELS: Final[tuple[Task, ...]] = ()
