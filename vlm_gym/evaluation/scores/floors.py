"""The floor beside every score, of uniformly random actions; and what a player scores that knows nothing hidden."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.records import EpisodeRecord
from vlm_gym.registration import Task, find_task

HARMLESS: Final = frozenset(
    ("image_size", "theme", "render_mode", "prompt", "parser", "include_text", "on_fault", "rewards")
)
"""Arguments of every task that leave a random agent's chance of success as it is."""
KINDS: Final = "task_types"
"""The argument that chooses kinds of starts: it leaves the chance in each kind as it is."""


@dataclass(frozen=True)
class Floor:
    """Probability that uniformly random actions succeed; `is_exact` if it was computed, not measured."""

    value: float
    is_exact: bool


def floor_of(episode: EpisodeRecord) -> Floor | None:
    """Return the floor of an episode's task, for its task type where there are types.

    None where it is not known: for a start or for rules that the table of tasks does not have.
    """
    task = _task_of(episode)
    if task is None or not HARMLESS.union(task.harmless, (KINDS,)).issuperset(episode.arguments):
        return None
    kind = episode.labels.get("task_type")
    if kind is not None:
        chance = task.random_by_type.get(kind)
        return None if chance is None else Floor(chance, is_exact=False)
    if task.random_success is None or episode.options is not None:
        return None
    return Floor(task.random_success, is_exact=not task.is_random_measured)


def floor_of_all(episodes: Sequence[EpisodeRecord], label: str | None = None) -> Floor | None:
    """Return the floor of a task's episodes: of all its kinds as they come, or of those of one kind (`label`).

    It is the mean of the episodes' floors, or the task's own where those of its kinds are not known but the mean over
    its games is; None where neither is.
    """
    floors = [floor_of(episode) for episode in episodes]
    known = [floor for floor in floors if floor is not None]
    if known and len(known) == len(floors):
        return Floor(fmean(floor.value for floor in known), all(floor.is_exact for floor in known))
    task, arguments = _task_of(episodes[0]), episodes[0].arguments
    if label is not None or task is None or task.random_success is None or "task_type" not in episodes[0].labels:
        return None
    if task.random_by_type or not HARMLESS.union(task.harmless).issuperset(arguments):
        return None
    return Floor(task.random_success, is_exact=not task.is_random_measured)


def searcher_of_all(episodes: Sequence[EpisodeRecord]) -> float | None:
    """Return what the searcher succeeds at in a task's episodes, as measured for their kinds; None if it is not known.

    The searcher is a good player that knows only what it has seen: `TaskEnv.searcher_action`.
    """
    shares = [_searcher_of(episode) for episode in episodes]
    known = [share for share in shares if share is not None]
    return fmean(known) if known and len(known) == len(shares) else None


def _searcher_of(episode: EpisodeRecord) -> float | None:
    task, kind = _task_of(episode), episode.labels.get("task_type")
    if task is None or kind is None or not HARMLESS.union(task.harmless, (KINDS,)).issuperset(episode.arguments):
        return None
    return task.searcher_by_type.get(kind)


def _task_of(episode: EpisodeRecord) -> Task | None:
    """Return the task that an episode played; None where the package that brought it is not there any more."""
    try:
        return find_task(episode.task)
    except ConfigError:
        return None
