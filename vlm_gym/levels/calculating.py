"""Calculating: more cards, other targets, fewer operators."""

from typing import Final

from vlm_gym.task import Task

LEVELS: Final[tuple[Task, ...]] = ()
