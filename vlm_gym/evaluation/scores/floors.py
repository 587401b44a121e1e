"""What uniformly random actions score: the floor beside every score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from vlm_gym.evaluation.runs.records import EpisodeRecord
from vlm_gym.registration import TASKS

LOOKS: Final = frozenset(("image_size", "theme", "labels", "render_mode", "prompt", "parser", "include_text")) | {
    "version",
    "include_admissible",
    "on_fault",
    "rewards",
    "progress_reward",
    "engine",
    "order",
    "task_types",
}
"""Arguments that leave a random agent's chance of success as it is, in each task type where there are types."""

_MEASURED: Final[Mapping[str, Mapping[str, float]]] = {
    "vlm_gym/Household-v0": {"put": 0.0134, "look": 0.0228, "clean": 0.0001, "heat": 0, "cool": 0, "two": 0},
    "vlm_gym/Household-Unseen-v0": {"put": 0.0154, "look": 0.0215, "clean": 0.0004, "heat": 0, "cool": 0, "two": 0},
    "vlm_gym/ALFWorld-v0": {"put": 0.0124, "look": 0.0233, "clean": 0.0006, "heat": 0.0002, "cool": 0, "two": 0},
    "vlm_gym/ALFWorld-ValidSeen-v0": {
        "put": 0.0127,
        "look": 0.0225,
        "clean": 0.0004,
        "heat": 0,
        "cool": 0.0002,
        "two": 0.0003,
    },
}
RANDOM_BY_TYPE: Final[Mapping[str, Mapping[str, float]]] = {
    task.id: _MEASURED[rules]
    for task in TASKS.values()
    for rules in (task.same_rules or task.id,)
    if rules in _MEASURED
}
"""How often random admissible commands solve a task type: 10,000 episodes each, benchmarks/household_random.py.

Where a task is not in the table, only the floor of all its types together is known (`registration.TASKS`).
"""


@dataclass(frozen=True)
class Floor:
    """Probability that uniformly random actions succeed; `is_exact` if it was computed, not measured."""

    value: float
    is_exact: bool


def floor_of(episode: EpisodeRecord) -> Floor | None:
    """Return the floor of an episode's task, for its task type where there are types.

    None where it is not known: for a start or for rules that the table of tasks does not have.
    """
    task = TASKS.get(episode.task)
    if task is None or not LOOKS.issuperset(episode.arguments):
        return None
    kind = episode.labels.get("task_type")
    if kind is not None:
        chance = RANDOM_BY_TYPE.get(episode.task, {}).get(kind)
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
    task, arguments = TASKS.get(episodes[0].task), episodes[0].arguments
    if label is not None or task is None or task.random_success is None or "task_type" not in episodes[0].labels:
        return None
    if task.id in RANDOM_BY_TYPE or not (LOOKS - {"task_types"}).issuperset(arguments):
        return None
    return Floor(task.random_success, is_exact=not task.is_random_measured)
