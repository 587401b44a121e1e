"""Task families: all ids of one environment class are one page."""

import re
from collections import defaultdict
from dataclasses import dataclass

from vlm_gym.envs.base import TaskEnv
from vlm_gym.errors import DataNotFoundError
from vlm_gym.games.household.splits import list_games
from vlm_gym.registration import NAMESPACE, TASKS, shown_tasks
from vlm_gym.task import Task
from vlm_gym.task_table import GYM


@dataclass(frozen=True)
class Family:
    """The ids of one environment class, in the order of the registry."""

    env_class: type[TaskEnv]
    tasks: tuple[Task, ...]

    @property
    def title(self) -> str:
        """What the page is called: "Number line"."""
        return _words(self.env_class.__name__.removesuffix("Env"))

    @property
    def page(self) -> str:
        """The page's file, without its ending."""
        return self.title.lower().replace(" ", "-")

    @property
    def shown(self) -> tuple[Task, ...]:
        """The tasks that stand for the family in pictures; the first one where none is meant for that."""
        return tuple(task for task in shown_tasks() if task in self.tasks) or self.tasks[:1]


def families() -> tuple[Family, ...]:
    """Return all families of this package, that of adopted environments last."""
    found: dict[str, list[Task]] = defaultdict(list)
    for task in (*TASKS.values(), GYM):
        if task.id.startswith(NAMESPACE):
            found[task.entry].append(task)
    return tuple(Family(tasks[0].load(), tuple(tasks)) for tasks in found.values())


def is_at_hand(task: Task) -> bool:
    """Whether the task can be played and drawn on this machine as it is."""
    if task.setup or task.is_frame:
        return False
    try:
        return not task.needs_data or bool(list_games(split=task.arguments.get("split", "train")))
    except DataNotFoundError:
        return False


def short(task: Task) -> str:
    """Return an id without its namespace."""
    return task.id.removeprefix(NAMESPACE)


def _words(name: str) -> str:
    """Take a class's name apart: "NumberLine" is "Number line", "ALFWorld" stays what it is."""
    parts = re.findall(r"[A-Z]+(?=[A-Z][a-z])[A-Za-z]+|[A-Z][a-z0-9]*|[A-Z]+", name)
    return " ".join([parts[0], *(part.lower() for part in parts[1:])])
