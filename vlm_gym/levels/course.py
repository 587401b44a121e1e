"""Holding course: an instruction that changes the rules, and things in the picture that must not be used."""

from typing import Final

from vlm_gym.task import Task

LEVELS: Final[tuple[Task, ...]] = ()
