"""Ladders: a task and its harder levels along one axis, from level 0 up."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vlm_gym.registration import TASKS, find_task
from vlm_gym.task import Task

AXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "seeing": "reading the picture",
        "calculating": "calculating with what was read",
        "planning": "planning ahead",
        "remembering": "remembering what is out of sight",
        "course": "holding course: rules of the day and distractors",
    }
)
"""The axes of this package in their order, and the ability that each asks for."""

FROM_MEMORY: Final = "remembering"
"""The axis whose levels can only be played as they are meant by a player who sees past turns."""


@dataclass(frozen=True)
class Ladder:
    """A task at every level of one axis.

    Attributes:
        axis: The ability of which each level asks more.
        tasks: From level 0 up.
    """

    axis: str
    tasks: tuple[Task, ...]

    @property
    def base(self) -> Task:
        """The task at level 0."""
        return self.tasks[0]


def ladders(axis: str | None = None) -> tuple[Ladder, ...]:
    """Return the ladders of an axis, or of all axes, those of this package's axes first, each from level 0 up."""
    steps: dict[tuple[str, str], list[Task]] = defaultdict(list)
    for task in TASKS.values():
        if task.axis and axis in (None, task.axis):
            steps[task.axis, task.ladder].append(task)
    order = {name: number for number, name in enumerate(AXES)}
    found = sorted(steps, key=lambda key: order.get(key[0], len(order)))
    return tuple(
        Ladder(name, (find_task(base), *sorted(steps[name, base], key=lambda task: task.level))) for name, base in found
    )
