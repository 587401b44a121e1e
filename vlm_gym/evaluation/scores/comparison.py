"""Two runs compared on the episodes that both have finished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from vlm_gym.errors import RunError
from vlm_gym.evaluation.runs.played import Played, PlayedRun, grouped, read_played_run
from vlm_gym.evaluation.scores.statistics import (
    Bounds,
    Estimate,
    average,
    mean_estimate,
    sample,
    sign_flip_p_value,
    success_difference,
)

Pair: TypeAlias = tuple[Played, Played]


@dataclass(frozen=True)
class Difference:
    """Two runs on the same episodes: b minus a.

    Attributes:
        name, task: As in `Scores`.
        num_episodes: Episodes that both runs finished.
        num_planned: Episodes that both were to play.
        bounds: The difference of success at least and at most, whatever the missing episodes do; None if none is
            missing.
        success_a, success_b: Their shares of success in these.
        success: The difference, with its interval (Bonett and Price).
        success_p: Two-sided p-value of "no difference" (McNemar's exact test, by clusters).
        mean_return: The difference of mean returns, with its bootstrap interval; None for all tasks.
        return_p: Two-sided p-value of the sign-flip test; None for all tasks.
    """

    name: str
    task: str | None
    num_episodes: int
    num_planned: int
    bounds: Bounds | None
    success_a: float
    success_b: float
    success: Estimate
    success_p: float
    mean_return: Estimate | None
    return_p: float | None


@dataclass(frozen=True)
class Comparison:
    """Two runs compared on the episodes that both have finished: names, then b minus a.

    `num_only_a` and `num_only_b` count the episodes that only one of them has finished.
    """

    run_a: str
    run_b: str
    agent_a: str
    agent_b: str
    panel: str | None
    num_common: int
    num_only_a: int
    num_only_b: int
    overall: Difference
    tasks: tuple[Difference, ...]


def compare(a: Path, b: Path) -> Comparison:
    """Compare two runs on the episodes that both have finished.

    Raises:
        RunError: if a folder is not a run, their panels differ, or they share no episode.
    """
    return compare_runs(read_played_run(a), read_played_run(b))


def compare_runs(a: PlayedRun, b: PlayedRun) -> Comparison:
    """Compare two runs that have been read (`compare`)."""
    panel = _common_panel(a, b)
    played_a = {item.episode.episode: item for item in a.played}
    played_b = {item.episode.episode: item for item in b.played}
    pairs = [(item, played_b[key]) for key, item in played_a.items() if key in played_b]
    if not pairs:
        raise RunError(
            f"the runs {a.folder} and {b.folder} share no finished episode: compare runs of the same panel or seeds"
        )
    groups = grouped(pairs, lambda pair: pair[0].task)
    planned = _planned_by_both(a, b)
    bounds = {name: _bounds(keys, played_a, played_b) for name, keys in planned.items()}
    tasks = tuple(
        replace(difference_of(name, group), num_planned=len(planned.get(name, group)), bounds=bounds.get(name))
        for name, group in groups.items()
    )
    return Comparison(
        run_a=a.name,
        run_b=b.name,
        agent_a=a.agent,
        agent_b=b.agent,
        panel=panel,
        num_common=len(pairs),
        num_only_a=len(played_a) - len(pairs),
        num_only_b=len(played_b) - len(pairs),
        overall=replace(
            _overall_difference(tasks, groups),
            num_planned=sum(map(len, planned.values())),
            bounds=_mean_bounds(tasks, [bound for name, bound in bounds.items() if name not in groups]),
        ),
        tasks=tasks,
    )


def _planned_by_both(a: PlayedRun, b: PlayedRun) -> dict[str, list[str]]:
    """Return the keys of the episodes that both runs were to play, by task."""
    others = {key for keys in b.planned.values() for key in keys}
    common = {name: [key for key in keys if key in others] for name, keys in a.planned.items()}
    return {name: keys for name, keys in common.items() if keys}


def _bounds(keys: Sequence[str], a: Mapping[str, Played], b: Mapping[str, Played]) -> Bounds | None:
    """Return between what the difference of success lies, whatever the missing episodes do; None if none is missing."""
    if all(key in a and key in b for key in keys):
        return None
    low = sum(_success(b, key, 0) - _success(a, key, 1) for key in keys) / len(keys)
    return Bounds(low, sum(_success(b, key, 1) - _success(a, key, 0) for key in keys) / len(keys))


def _success(played: Mapping[str, Played], key: str, otherwise: int) -> int:
    return int(played[key].episode.is_success) if key in played else otherwise


def _mean_bounds(tasks: Sequence[Difference], others: Sequence[Bounds | None]) -> Bounds | None:
    """Return the bounds of the mean over tasks, those without a common episode (`others`) included."""
    if not others and all(task.bounds is None for task in tasks):
        return None
    known = [task.bounds or Bounds(task.success.value, task.success.value) for task in tasks]
    every = [*known, *(bound for bound in others if bound is not None)]
    return Bounds(*(float(np.mean([getattr(bound, side) for bound in every])) for side in ("low", "high")))


def _common_panel(a: PlayedRun, b: PlayedRun) -> str | None:
    """Return the name of the panel that both runs are of, if they are of one."""
    for field in ("name", "fingerprint"):
        if a.panel.get(field) != b.panel.get(field):
            raise RunError(
                f"the runs are of different panels, {a.folder} of {a.panel.get(field)!r} and {b.folder} of "
                f"{b.panel.get(field)!r}: compare runs of the same panel"
            )
    name = a.panel.get("name")
    return None if name is None else str(name)


def difference_of(name: str, pairs: Sequence[Pair]) -> Difference:
    """Return how the second episodes of pairs differ from the first ones."""
    starts = [before.start for before, _ in pairs]
    changes = _changes(pairs)
    returns = sample([after.episode.total_reward - before.episode.total_reward for before, after in pairs], starts)
    successes = sample(changes, starts)
    return Difference(
        name=name,
        task=pairs[0][0].episode.task,
        num_episodes=len(pairs),
        num_planned=len(pairs),
        bounds=None,
        success_a=sum(before.episode.is_success for before, _ in pairs) / len(pairs),
        success_b=sum(after.episode.is_success for _, after in pairs) / len(pairs),
        success=success_difference(successes, changes.count(1), changes.count(-1)),
        success_p=sign_flip_p_value(successes),
        mean_return=mean_estimate(returns),
        return_p=sign_flip_p_value(returns),
    )


def _overall_difference(tasks: Sequence[Difference], groups: Mapping[str, Sequence[Pair]]) -> Difference:
    """Return the mean of the tasks' differences, each task weighing the same."""
    pairs = [pair for group in groups.values() for pair in group]
    starts = [before.start for before, _ in pairs]
    largest = max(map(len, groups.values()))
    weights = [largest / len(groups[task]) for task, *_ in dict.fromkeys(starts)]  # whole where all are equally large
    return Difference(
        name="overall",
        task=None,
        num_episodes=len(pairs),
        num_planned=len(pairs),
        bounds=None,
        success_a=float(np.mean([task.success_a for task in tasks])),
        success_b=float(np.mean([task.success_b for task in tasks])),
        success=average([task.success for task in tasks]),
        success_p=sign_flip_p_value(sample(_changes(pairs), starts), np.array(weights)),
        mean_return=None,
        return_p=None,
    )


def _changes(pairs: Sequence[Pair]) -> list[int]:
    return [int(after.episode.is_success) - int(before.episode.is_success) for before, after in pairs]
