"""Success against level: what a run says of each ladder of harder tasks, and the level where success falls."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from vlm_gym.episodes import canonical
from vlm_gym.evaluation.runs.played import Played, PlayedRun, grouped
from vlm_gym.evaluation.scores.floors import floor_of_all
from vlm_gym.evaluation.scores.perception import Perception, perceive
from vlm_gym.evaluation.scores.psychometric import HalfLevel, Trials
from vlm_gym.evaluation.scores.statistics import Estimate, design_effect, sample, success_estimate
from vlm_gym.ladders import ladders


@dataclass(frozen=True)
class Rung:
    """One level of a ladder, as a run played it.

    Attributes:
        level: The level.
        name: The task, as tables name it.
        num_episodes: Finished episodes.
        success: Their share of successes, with Wilson's interval.
        floor, ceiling: Of random and of the best play; None where it is not known.
        perception: How failures divide into misreading and reasoning; None where the answers name nothing.
    """

    level: int
    name: str
    num_episodes: int
    success: Estimate
    floor: float | None
    ceiling: float | None
    perception: Perception | None


@dataclass(frozen=True)
class LadderScores:
    """A ladder, as a run played it.

    Attributes:
        axis: The ability of which each level asks more.
        name: The task at level 0, as tables name it.
        rungs: The levels that were played, from the lowest up.
        half: The level at which success falls to half between floor and ceiling, from one below the lowest level
            played to one above the highest: outside the levels it says only "beyond". None where a floor or ceiling is
            not known.
    """

    axis: str
    name: str
    rungs: tuple[Rung, ...]
    half: Estimate | None


def ladder_scores(run: PlayedRun) -> tuple[LadderScores, ...]:
    """Return the ladders of which a run has played two levels or more."""
    by_task = grouped(run.played, lambda item: item.episode.task)
    found = []
    for ladder in ladders():
        kinds: dict[str, list[tuple[int, list[Played]]]] = defaultdict(list)
        for task in ladder.tasks:
            for arguments, group in grouped(
                by_task.get(task.id, []), lambda item: canonical(item.episode.arguments)
            ).items():
                kinds[arguments].append((task.level, group))
        found += [_ladder(ladder.axis, ladder.base.id, kind) for kind in kinds.values() if len(kind) > 1]
    return tuple(found)


def half_words(half: Estimate, lowest: int, highest: int) -> tuple[str, str]:
    """Return a half and its interval in words; what is outside the levels is only below or above them.

    The half is "?" where its interval goes beyond the levels on both sides: nothing is known of it.
    """

    def place(level: float) -> str:
        if level < lowest:
            return f"<{lowest}"
        return f">{highest}" if level > highest else f"{level:.1f}"

    low, high = place(half.low), place(half.high)
    is_unknown = half.low < lowest and half.high > highest
    return "?" if is_unknown else place(half.value), low if low == high else f"{low} to {high}"


def floor_and_ceiling(played: Sequence[Played]) -> tuple[float | None, float | None]:
    """Return what random and the best play succeed at in these very episodes; None for what is not known."""
    floor = floor_of_all([item.episode for item in played])
    values = [item.episode.start_value for item in played]
    known = [value for value in values if value is not None]
    return None if floor is None else floor.value, sum(known) / len(known) if len(known) == len(values) else None


def trials_of(level: int, played: Sequence[Played], floor: float, ceiling: float) -> Trials:
    """Return what was played at a level; episodes with the same start count as fewer trials."""
    successes = sample([float(item.episode.is_success) for item in played], [item.start for item in played])
    num_trials = successes.size / design_effect(successes)
    return Trials(level, floor, ceiling, successes.mean * num_trials, num_trials)


def _ladder(axis: str, base: str, levels: Sequence[tuple[int, list[Played]]]) -> LadderScores:
    rungs = tuple(_rung(level, group) for level, group in levels)
    trials = [
        trials_of(rung.level, group, rung.floor, rung.ceiling)
        for rung, (_, group) in zip(rungs, levels, strict=True)
        if rung.floor is not None and rung.ceiling is not None and rung.floor < rung.ceiling
    ]
    half = HalfLevel(trials).estimate if len(trials) == len(rungs) else None
    return LadderScores(axis, _base_name(base, levels[0][1][0]), rungs, half)


def _base_name(base: str, item: Played) -> str:
    return item.task.replace(item.episode.task.removeprefix("vlm_gym/"), base.removeprefix("vlm_gym/"), 1)


def _rung(level: int, played: Sequence[Played]) -> Rung:
    floor, ceiling = floor_and_ceiling(played)
    successes = [float(item.episode.is_success) for item in played]
    return Rung(
        level=level,
        name=played[0].task,
        num_episodes=len(played),
        success=success_estimate(sample(successes, [item.start for item in played])),
        floor=floor,
        ceiling=ceiling,
        perception=perceive(played),
    )
