"""Adaptive play of ladders: finds the level at which a player's success falls to half with few episodes.

A run is played in rounds. Each round plays the levels at which the half may be, given what the rounds before it said,
and takes of each level the starts in the panel's order; a ladder is done when its interval is narrow enough, wholly
beyond the levels, or the episodes are used up. What is played follows from finished rounds alone, so a run that was
stopped goes on as if it had not been, and the estimate means what it says (`vlm_gym.evaluation.scores.psychometric`).
The run is an ordinary one of which some episodes are missing: `eval --resume` plays those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, RunError, check_int, did_you_mean
from vlm_gym.evaluation.models.agents import Agent
from vlm_gym.evaluation.runs.limits import Limits
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.played import Played, Unplayable, read_played
from vlm_gym.evaluation.runs.players import Player
from vlm_gym.evaluation.runs.run import CONCURRENCY, evaluate
from vlm_gym.evaluation.runs.sitting import OnCheck, OnProgress, Progress
from vlm_gym.evaluation.scores.ladders import floor_and_ceiling, trials_of
from vlm_gym.evaluation.scores.psychometric import HalfLevel, Trials
from vlm_gym.evaluation.scores.statistics import Estimate
from vlm_gym.ladders import Ladder, ladders
from vlm_gym.task import Task

WIDTH: Final = 1.0  # levels
ROUND: Final = 8  # episodes of each ladder
MOST_ROUND: Final = 1000


@dataclass(frozen=True)
class Climb:
    """How far to play each ladder.

    Attributes:
        width: Stop when the 95 % interval of the half is this narrow, in levels.
        round: Episodes of a ladder that are chosen at a time: fewer need fewer in all, more can be played at once.
        most: The most episodes of a ladder; None for all that the plan has.
    """

    width: float = WIDTH
    round: int = ROUND
    most: int | None = None

    def __post_init__(self) -> None:
        check_int("round", self.round, 1, MOST_ROUND)
        if self.most is not None:
            check_int("most", self.most, 1, 10**9)
        if isinstance(self.width, bool) or not self.width > 0:
            raise ConfigError(f"width must be a number of levels above 0, got {self.width!r}")


@dataclass(frozen=True)
class Standing:
    """What is known of a ladder: its levels, what was played at each, and the half."""

    ladder: Ladder
    trials: tuple[Trials, ...]
    num_episodes: int
    posterior: HalfLevel

    @property
    def half(self) -> Estimate:
        """The level at which success falls to half, with its interval."""
        return self.posterior.estimate


async def climb(
    folder: Path,
    plan: Plan,
    agent: Agent | Player,
    settings: Climb | None = None,
    *,
    concurrency: int = CONCURRENCY,
    limits: Limits | None = None,
    is_resumed: bool = False,
    unplayable: Unplayable = "failure",
    on_progress: OnProgress | None = None,
    on_check: OnCheck | None = None,
) -> Progress:
    """Play a plan's ladders adaptively; all but `settings` is as in `evaluate`.

    Returns:
        Where the last round stands; it is complete if every ladder is done.

    Raises:
        ConfigError: if the plan has no ladder of two levels, or an argument is wrong.
        RunError, AgentRefusedError: as `evaluate`.
    """
    settings = settings or Climb()
    wanted = _wanted(plan, _finished(folder, unplayable) if is_resumed else {}, settings)
    while True:
        progress = await evaluate(
            folder,
            plan,
            agent,
            concurrency=concurrency,
            limits=limits,
            is_resumed=is_resumed,
            only=wanted,
            unplayable=unplayable,
            on_progress=on_progress,
            on_check=on_check,
        )
        if not progress.is_complete:
            return progress
        so_far, wanted = wanted, _wanted(plan, _finished(folder, unplayable), settings)
        if wanted == so_far:
            return progress
        is_resumed, on_check = True, None


def standings(folder: Path, plan: Plan, unplayable: Unplayable = "failure") -> tuple[Standing, ...]:
    """Return what a run says of its plan's ladders so far."""
    finished = _finished(folder, unplayable)
    return tuple(_standing(ladder, levels, finished) for ladder, levels in _ladders_of(plan))


Levels = Mapping[int, Sequence[EpisodeSpec]]


def _ladders_of(plan: Plan) -> list[tuple[Ladder, Levels]]:
    """Return the ladders of a plan, each with its episodes by level."""
    found: list[tuple[Ladder, Levels]] = []
    for ladder in ladders():
        levels = {task.level: [each for each in plan.own_episodes if each.task == task.id] for task in ladder.tasks}
        played = {level: episodes for level, episodes in levels.items() if episodes}
        if len(played) > 1:
            tasks = tuple(task for task in ladder.tasks if task.level in played)
            found.append((replace(ladder, tasks=tasks), played))
    if not found:
        raise ConfigError("expected episodes of a ladder's levels, two levels or more, such as those of ladder-v0")
    for ladder, _ in found:
        for task in ladder.tasks:
            if task.random_success is None or task.best_success is None:
                raise ConfigError(f"{task.id}: a ladder is climbed between floor and ceiling, which are not known")
    return found


def _finished(folder: Path, unplayable: Unplayable) -> dict[str, Played]:
    try:
        return {item.episode.episode: item for item in read_played(folder, unplayable)}
    except RunError:  # nothing is finished yet
        return {}


def _wanted(plan: Plan, finished: Mapping[str, Played], settings: Climb) -> set[str]:
    """Return the keys of all episodes up to the first round that is not finished; of all rounds if all are."""
    wanted: set[str] = set()
    for ladder, levels in _ladders_of(plan):
        chosen: set[str] = set()
        while chosen <= finished.keys():
            known = {key: finished[key] for key in chosen}
            more = _next_round(_standing(ladder, levels, known), levels, chosen, settings)
            if not more:
                break
            chosen |= more
        wanted |= chosen
    return wanted


def _next_round(standing: Standing, levels: Levels, chosen: set[str], settings: Climb) -> set[str]:
    """Return the episodes of a ladder's next round; none if it is done."""
    half = standing.half
    is_beyond = half.low > max(levels) or half.high < min(levels)
    number = settings.round if settings.most is None else min(settings.round, settings.most - len(chosen))
    if chosen and (is_beyond or half.high - half.low <= settings.width):
        return set()
    left = {level: [each.key for each in levels[level] if each.key not in chosen] for level in levels}
    more: set[str] = set()
    for level in standing.posterior.next_levels(number) if number > 0 else []:
        open_levels = [other for other in left if left[other]]
        if open_levels:
            nearest = min(open_levels, key=lambda other: (abs(other - level), other))
            more.add(left[nearest].pop(0))
    return more


def _standing(ladder: Ladder, levels: Levels, finished: Mapping[str, Played]) -> Standing:
    trials = []
    for task in ladder.tasks:
        played = [finished[each.key] for each in levels[task.level] if each.key in finished]
        trials.append(_trials(task, played))
    num_episodes = sum(each.key in finished for episodes in levels.values() for each in episodes)
    return Standing(ladder, tuple(trials), num_episodes, HalfLevel(trials))


def _trials(task: Task, played: Sequence[Played]) -> Trials:
    """Return what was played at a level; floor and ceiling are those of the episodes played, where there are any."""
    assert task.random_success is not None  # noqa: S101 - `_ladders_of` saw to it
    assert task.best_success is not None  # noqa: S101
    if not played:
        return Trials(task.level, task.random_success, task.best_success)
    floor, ceiling = floor_and_ceiling(played)
    floor = task.random_success if floor is None else floor
    if ceiling is None or ceiling <= floor:
        ceiling = task.best_success
    return trials_of(task.level, played, floor, ceiling)


def plan_of_ladders(plan: Plan, axes: Sequence[str] = (), bases: Sequence[str] = ()) -> Plan:
    """Return a plan with only the ladders of these axes, and with these tasks at level 0; nothing named leaves all.

    Raises:
        ConfigError: if a name is in no ladder, or none is left.
    """
    every = [ladder for ladder, _ in _ladders_of(plan)]
    _check_names("axis", axes, [ladder.axis for ladder in every])
    _check_names("task at level 0", bases, [ladder.base.id for ladder in every])
    kept = [ladder for ladder in every if (not axes or ladder.axis in axes) and (not bases or ladder.base.id in bases)]
    if not kept:
        known = sorted({f"{ladder.axis} of {ladder.base.id}" for ladder in every})
        raise ConfigError(f"there is no such ladder; ladders are {', '.join(known)}")
    tasks = {task.id for ladder in kept for task in ladder.tasks}
    panel: Mapping[str, Any] | None = plan.panel
    if panel is not None and tasks < {each.task for each in plan.episodes}:
        panel = {**panel, "tasks": sorted(tasks)}
    return replace(plan, episodes=tuple(each for each in plan.episodes if each.task in tasks), panel=panel)


def _check_names(what: str, names: Sequence[str], known: Sequence[str]) -> None:
    """Raise ConfigError for a name that no ladder has: beside others it would be passed over."""
    for name in names:
        if name not in known:
            listed = ", ".join(dict.fromkeys(known))
            raise ConfigError(f"no ladder has the {what} {name!r}.{did_you_mean(name, known)} They have {listed}")
