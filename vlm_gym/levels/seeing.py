"""Seeing: the same games, ever harder to read off the picture."""

from typing import Final

from vlm_gym.task import Task

LEVELS: Final[tuple[Task, ...]] = ()
