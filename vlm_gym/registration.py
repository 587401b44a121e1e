"""Tasks by their ids: those of this package, those that were registered, and those that other packages bring."""

from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Final

import gymnasium as gym
from gymnasium.envs.registration import WrapperSpec

from vlm_gym.errors import ConfigError, did_you_mean
from vlm_gym.levels import LEVELS
from vlm_gym.plugins import TASKS as GROUP
from vlm_gym.plugins import load_plugin, plugin_names, told_of
from vlm_gym.task import Task
from vlm_gym.task_table import GYM, OWN_TASKS

__all__ = ["TASKS", "Task", "find_task", "installed_tasks", "register_task"]

NAMESPACE: Final = "vlm_gym/"
MAX_SHOWN: Final = 200  # characters of a name
FIRST_TASK: Final = OWN_TASKS[0].id.removeprefix(NAMESPACE)
"""The simplest task: what is played where nobody says."""
VECTOR_ENTRY: Final = "vlm_gym.vector:TaskVectorEnv"
_tasks: Final[dict[str, Task]] = {}
_frames: Final[dict[str, Task]] = {}

TASKS: Final[Mapping[str, Task]] = MappingProxyType(_tasks)
"""All tasks that are registered now, those of this package first."""


class _MadeInside(tuple[WrapperSpec, ...]):
    """Additional wrappers that a vector environment of ours has by itself, so that for `make_vec` there are none.

    `gym.make_vec(..., vectorization_mode="vector_entry_point")` hands additional wrappers to nobody, so it refuses a
    spec that has any. All it asks for is their number; `gym.make` iterates.
    """

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True


LAST_WRAPPERS: Final = _MadeInside((WrapperSpec("TurnLimit", "vlm_gym.assembly:apply_turn_limit", kwargs={}),))
"""What gymnasium puts around every task last."""


class RegisteredLimit(int):
    """A turn limit that nobody chose; a caller's own arrives as a plain int."""


def register_task(task: Task) -> None:
    """Make a task known to Gymnasium and to every part of this package, under its id.

    Registering the same task again changes nothing.

    Raises:
        ConfigError: if it is no `Task`, an argument of it is wrong, or its id is taken or in the namespace `vlm_gym`.
    """
    if not isinstance(task, Task):
        raise ConfigError(f"register_task takes a vlm_gym.Task, got {task!r}")
    if isinstance(task.id, str) and task.id.startswith(NAMESPACE) and task.id not in _tasks:
        raise ConfigError(
            f"a task's id must have a namespace of your own, got {task.id[:MAX_SHOWN]!r}: "
            f"what begins with {NAMESPACE} comes with this package"
        )
    _add(task)


def _add(task: Task) -> None:
    task.check()
    known = _tasks.get(task.id)
    if known == task:
        return
    if known is not None and known.entry == task.entry:
        differing = [each.name for each in fields(Task) if getattr(known, each.name) != getattr(task, each.name)]
        told = ", ".join(differing)
        raise ConfigError(f"{task.id} is registered already, and differs in {told}: choose another id")
    if known is not None or task.id in gym.registry:
        owner = known.entry if known is not None else gym.registry[task.id].entry_point
        raise ConfigError(f"{task.id}: {task.entry} cannot have this id, which {owner} has already")
    _register(task)
    _tasks[task.id] = task


def _register(task: Task) -> None:
    gym.register(
        id=task.id,
        entry_point="vlm_gym.assembly:make_task",
        max_episode_steps=RegisteredLimit(task.turns()),
        kwargs={"task": task.id, **task.arguments},
        additional_wrappers=LAST_WRAPPERS,
        vector_entry_point=VECTOR_ENTRY,
    )


def find_task(name: str) -> Task:
    """Return the task with this id, registered now if an installed package brings it; without "vlm_gym/" one of ours.

    Raises:
        ConfigError: if there is none, or what a package brings is not such a task.
    """
    for task_id in (name, f"{NAMESPACE}{name}"):
        known = (_tasks.get(task_id) or _frames.get(task_id)) if isinstance(name, str) else None
        if known is not None:
            return known
    task = load_plugin(GROUP, name) if isinstance(name, str) and name else None
    if task is None:
        names = [known.removeprefix(NAMESPACE) for known in (*_tasks, *_frames, *plugin_names(GROUP))]
        hint = did_you_mean(str(name).removeprefix(NAMESPACE), names)
        raise ConfigError(f"there is no task {str(name)[:MAX_SHOWN]!r}.{hint} See: vlm-gym list")
    if not isinstance(task, Task) or task.id != name:
        got = f"one with the id {task.id!r}" if isinstance(task, Task) else repr(task)
        raise ConfigError(f"{told_of(GROUP, name)} must be a vlm_gym.Task with the id {name!r}, got {got}")
    try:
        register_task(task)
    except ConfigError as error:
        raise ConfigError(f"{told_of(GROUP, name)}: {error}") from error
    return task


def frames() -> tuple[Task, ...]:
    """Return what becomes a task by its arguments."""
    return tuple(_frames.values())


def installed_tasks() -> tuple[tuple[Task, ...], tuple[str, ...]]:
    """Return all tasks, those that other packages bring too, and in words what is wrong with those that are broken."""
    faults = tuple(filter(None, map(_fault_of, plugin_names(GROUP))))
    return tuple(_tasks.values()), faults


def _fault_of(name: str) -> str | None:
    try:
        find_task(name)
    except ConfigError as error:
        return str(error)
    return None


def shown_tasks() -> tuple[Task, ...]:
    """Return the tasks that show what there is: those with an example, of each the latest version."""
    latest = {task.id.rpartition("-v")[0]: task for task in OWN_TASKS if task.example is not None}
    return tuple(latest.values())


def register_own_tasks() -> None:
    """Register the tasks of this package."""
    for task in (*OWN_TASKS, *LEVELS):
        _add(task)
    _register(GYM)
    _frames[GYM.id] = GYM


register_own_tasks()
