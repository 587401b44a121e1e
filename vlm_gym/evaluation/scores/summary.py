"""What a run scored: per task, per kind of episode, and over all tasks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from vlm_gym.evaluation.runs.played import Played, PlayedRun, Unplayable, grouped, read_played_run
from vlm_gym.evaluation.runs.records import TurnRecord
from vlm_gym.evaluation.scores.comparison import Comparison, compare
from vlm_gym.evaluation.scores.figures import RunSummary, Scores
from vlm_gym.evaluation.scores.floors import floor_of_all, searcher_of_all
from vlm_gym.evaluation.scores.perception import perceive
from vlm_gym.evaluation.scores.repeats import mean_repeats, repeats_of
from vlm_gym.evaluation.scores.statistics import Bounds, Estimate, average, mean_estimate, sample, success_estimate

__all__ = ["Comparison", "compare", "summarise", "to_json"]


def summarise(folder: Path, unplayable: Unplayable = "failure") -> RunSummary:
    """Sum up a run's finished episodes.

    Args:
        folder: Its folder.
        unplayable: What the episodes are that could not be played to their end.

    Raises:
        RunError: if the folder is not a run, or damaged, or has no finished episode.
    """
    return summarise_run(read_played_run(folder, unplayable))


def summarise_run(run: PlayedRun) -> RunSummary:
    """Sum up a run that has been read (`summarise`)."""
    played = run.played
    tasks = grouped(played, lambda item: item.task)
    planned = {name: len(keys) for name, keys in run.planned.items()}
    scores = tuple(
        replace(
            _score(name, None, group),
            num_planned=planned.get(name, len(group)),
            num_unplayable=run.num_unplayable.get(name, 0),
            bounds=_bounds([item.episode.is_success for item in group], planned.get(name, 0)),
        )
        for name, group in tasks.items()
    )
    unscored = tuple(name for name in planned if name not in tasks)
    return RunSummary(
        run=run.name,
        agent=run.agent,
        panel=run.panel.get("name"),
        fingerprint=run.panel.get("fingerprint"),
        num_first=run.panel.get("first"),
        num_planned=sum(planned.values()),
        num_episodes=len(played),
        unplayable=run.unplayable,
        unscored_tasks=unscored,
        overall=replace(
            _overall(scores, played),
            num_planned=sum(planned.values()),
            num_unplayable=sum(run.num_unplayable.values()),
            bounds=_mean_bounds(scores, len(unscored)),
        ),
        tasks=scores,
        labels=tuple(_label_scores(tasks)),
    )


def _bounds(successes: Sequence[bool], num_planned: int) -> Bounds | None:
    num_missing = num_planned - len(successes)
    if num_missing <= 0:
        return None
    return Bounds(sum(successes) / num_planned, (sum(successes) + num_missing) / num_planned)


def _mean_bounds(tasks: Sequence[Scores], num_unscored: int) -> Bounds | None:
    """Return the bounds of the mean over tasks; one without a finished episode may be anything."""
    if not num_unscored and all(task.bounds is None for task in tasks):
        return None
    bounds = [task.bounds or Bounds(task.success.value, task.success.value) for task in tasks]
    num_tasks = len(tasks) + num_unscored
    low = sum(bound.low for bound in bounds) / num_tasks
    return Bounds(low, (sum(bound.high for bound in bounds) + num_unscored) / num_tasks)


def fault_kinds(turns: Iterable[TurnRecord]) -> dict[str, int]:
    """Count the faults of turns by their kind: "no action" of "no action: 'I see'"."""
    return dict(Counter(turn.fault.partition(":")[0] for turn in turns if turn.fault is not None))


def to_json(result: RunSummary | Comparison) -> dict[str, Any]:
    """Return plain values, for `json.dumps`."""
    return asdict(result)


def _score(name: str, label: str | None, played: Sequence[Played]) -> Scores:
    episodes = [item.episode for item in played]
    turns = [turn for item in played for turn in item.turns]
    starts = [item.start for item in played]
    floor = floor_of_all(episodes, label)
    ceiling = _known_mean([episode.start_value for episode in episodes])
    success = success_estimate(sample([float(episode.is_success) for episode in episodes], starts))
    return Scores(
        name=name if label is None else f"{name}, {label}",
        task=episodes[0].task,
        label=label,
        num_episodes=len(episodes),
        num_planned=None,
        num_unplayable=sum(episode.is_unplayable for episode in episodes),
        bounds=None,
        num_starts=len(set(starts)),
        success=success,
        mean_return=mean_estimate(sample([episode.total_reward for episode in episodes], starts)),
        floor=None if floor is None else floor.value,
        is_floor_exact=floor is not None and floor.is_exact,
        ceiling=ceiling,
        searcher=searcher_of_all(episodes),
        score=None if floor is None or ceiling is None else _normalised(played, floor.value, ceiling),
        num_turns=len(turns),
        fault_kinds=fault_kinds(turns),
        fault_rate=_mean([turn.fault is not None for turn in turns]),
        illegal_rate=_mean([turn.illegal is not None for turn in turns]),
        empty_rate=_mean([not turn.answers[-1].strip() for turn in turns]),
        cut_off_rate=_mean([turn.is_last_cut_off for turn in turns]),
        repeated_rate=_mean([turn.is_repeated for turn in turns]),
        truncation_rate=_mean([episode.is_truncated for episode in episodes]),
        turns=_mean([episode.num_turns for episode in episodes]),
        regret=_known_mean([episode.regret for episode in episodes]),
        regret_per_turn=_known_mean([turn.regret for turn in turns]),
        prompt_tokens=sum(episode.prompt_tokens for episode in episodes),
        completion_tokens=sum(episode.completion_tokens for episode in episodes),
        cost=sum(episode.cost for episode in episodes),
        num_requests=sum(episode.num_requests for episode in episodes),
        latency_s=_mean([turn.latency_s for turn in turns]),
        perception=perceive(played),
        repeats=repeats_of(played),
    )


def _normalised(played: Sequence[Played], floor: float, ceiling: float) -> Estimate | None:
    if ceiling <= floor:
        return None
    possible = [item for item in played if item.episode.start_value]
    success = success_estimate(
        sample([float(item.episode.is_success) for item in possible], [item.start for item in possible])
    )
    share = len(possible) / len(played)
    return success.scaled(floor / share, ceiling / share)


def _label_scores(tasks: Mapping[str, Sequence[Played]]) -> Iterator[Scores]:
    for name, group in tasks.items():
        labelled = [item for item in group if "task_type" in item.episode.labels]
        for label, items in sorted(grouped(labelled, lambda item: item.episode.labels["task_type"]).items()):
            yield _score(name, label, items)


def _overall(tasks: Sequence[Scores], played: Sequence[Played]) -> Scores:
    """Return the mean of the tasks' figures, each task weighing the same."""
    floors, scores = [task.floor for task in tasks], [task.score for task in tasks]
    known_floors = [floor for floor in floors if floor is not None]
    known_scores = [score for score in scores if score is not None]
    return Scores(
        name="overall",
        task=None,
        label=None,
        num_episodes=sum(task.num_episodes for task in tasks),
        num_planned=None,
        num_unplayable=0,
        bounds=None,
        num_starts=sum(task.num_starts for task in tasks),
        success=average([task.success for task in tasks]),
        mean_return=None,
        floor=_mean(known_floors) if len(known_floors) == len(tasks) else None,
        is_floor_exact=all(task.is_floor_exact for task in tasks),
        ceiling=_known_mean([task.ceiling for task in tasks]),
        searcher=_known_mean([task.searcher for task in tasks]),
        score=average(known_scores) if len(known_scores) == len(tasks) else None,
        num_turns=sum(task.num_turns for task in tasks),
        fault_kinds=dict(sum((Counter(task.fault_kinds) for task in tasks), Counter[str]())),
        fault_rate=_mean([task.fault_rate for task in tasks]),
        illegal_rate=_mean([task.illegal_rate for task in tasks]),
        empty_rate=_mean([task.empty_rate for task in tasks]),
        cut_off_rate=_mean([task.cut_off_rate for task in tasks]),
        repeated_rate=_mean([task.repeated_rate for task in tasks]),
        truncation_rate=_mean([task.truncation_rate for task in tasks]),
        turns=_mean([task.turns for task in tasks]),
        regret=_known_mean([task.regret for task in tasks]),
        regret_per_turn=_known_mean([task.regret_per_turn for task in tasks]),
        prompt_tokens=sum(task.prompt_tokens for task in tasks),
        completion_tokens=sum(task.completion_tokens for task in tasks),
        cost=sum(task.cost for task in tasks),
        num_requests=sum(task.num_requests for task in tasks),
        latency_s=_mean([task.latency_s for task in tasks]),
        perception=perceive(played),
        repeats=mean_repeats([task.repeats for task in tasks]),
    )


def _known_mean(values: Sequence[float | None]) -> float | None:
    """Return the mean; None if a value is not known."""
    known = [value for value in values if value is not None]
    return _mean(known) if len(known) == len(values) else None


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0  # no turn, where every first request was refused
