"""The rows of the harder tasks: a file for each axis along which a task becomes harder, level by level.

A level is a task like any other, with an id, an exact floor and an exact ceiling. Level 0 is the task that was there
before, unchanged; the ladder above it shows at which level an ability of a player is no longer enough.
"""

from typing import Final

from vlm_gym.levels import calculating, course, planning, remembering, seeing
from vlm_gym.task import Task

LEVELS: Final[tuple[Task, ...]] = (
    *seeing.LEVELS,
    *calculating.LEVELS,
    *planning.LEVELS,
    *remembering.LEVELS,
    *course.LEVELS,
)
"""All of them, an axis after the other, on each a ladder after the other, from level 1 up."""
