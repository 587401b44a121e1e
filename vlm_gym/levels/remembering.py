"""Remembering: what was seen earlier and is not in the picture any more."""

from typing import Final

from vlm_gym.task import Task

LEVELS: Final[tuple[Task, ...]] = ()
