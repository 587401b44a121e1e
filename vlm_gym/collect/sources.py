"""Which episodes are played: of tasks without end, of a panel, or of a run."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, Final

from vlm_gym.collect.settings import CollectSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, DataNotFoundError, check_choice
from vlm_gym.evaluation.runs.panels import PANELS, get_panel
from vlm_gym.evaluation.runs.played import read_played
from vlm_gym.evaluation.runs.records import TurnRecord
from vlm_gym.registration import find_task

FIRST_TRAINING_SEED: Final = 2_000_000_000  # the panels' seeds lie below
EPISODES_PER_SEED: Final = 100_000_000
TRAINING_SPLIT: Final = "train"


@dataclass(frozen=True)
class Start:
    """An episode to play, and the turns that were recorded of it, if it is played again."""

    episode: EpisodeSpec
    recorded: tuple[TurnRecord, ...] = ()


@dataclass(frozen=True)
class Source:
    """Episodes of one task; `starts` is None where there is no end of them."""

    task: str
    arguments: dict[str, Any]
    seed: int
    starts: tuple[Start, ...] | None = None

    def begin(self, first: int) -> Iterator[Start]:
        """Return the episodes from number `first` on, counted from 0."""
        if self.starts is not None:
            return iter(self.starts[first:])
        return (Start(EpisodeSpec(self.task, self.seed + i, self.arguments)) for i in count(first))


def sources_of(settings: CollectSettings) -> tuple[Source, ...]:
    """Return where the episodes of a data set come from, one source a task.

    Raises:
        ConfigError: if they are evaluation episodes and nobody asked for the panel, or a task is not there.
        RunError: if the run cannot be read, or has no finished episode.
        DataNotFoundError: if the games of a panel are not on this machine.
    """
    if settings.from_run is not None:
        return _of_starts(settings, _recorded(Path(settings.from_run), settings.panel))
    if settings.panel is not None:
        return _of_starts(settings, [Start(episode) for episode in get_panel(settings.panel).episodes])
    first = FIRST_TRAINING_SEED + settings.seed * EPISODES_PER_SEED
    for task in settings.tasks:
        _check_is_for_training(task, settings.arguments)
    return tuple(Source(task, dict(settings.arguments), first) for task in settings.tasks)


def quotas(num_samples: int | None, num_sources: int) -> tuple[int | None, ...]:
    """Return how many samples come from each source: even shares, the first ones one more if it does not divide."""
    if num_samples is None:
        return (None,) * num_sources
    share, rest = divmod(num_samples, num_sources)
    return tuple(share + (i < rest) for i in range(num_sources))


def is_held_out(task: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a task's homes or games are those held out for evaluation."""
    return _split_of(task, arguments) != TRAINING_SPLIT


def _of_starts(settings: CollectSettings, starts: Sequence[Start]) -> tuple[Source, ...]:
    groups: dict[str, list[Start]] = defaultdict(list)
    for start in starts:
        groups[start.episode.task].append(start)
    for task in settings.tasks:
        check_choice("a task here", task, tuple(groups))
    return tuple(Source(task, {}, 0, tuple(groups[task])) for task in settings.tasks or groups)


def _recorded(folder: Path, panel: str | None) -> list[Start]:
    """Return the finished episodes of a run, in the order of its plan."""
    starts = []
    for item in read_played(folder):
        record = item.episode
        episode = EpisodeSpec(record.task, record.seed, record.arguments, record.options, record.repeat)
        starts.append(Start(episode, item.turns))
    allowed = get_panel(panel).episodes if panel is not None else ()
    _check_not_frozen([start.episode for start in starts], frozenset(map(_start_of, allowed)))
    return starts


def _check_not_frozen(episodes: Sequence[EpisodeSpec], allowed: frozenset[str]) -> None:
    frozen = {start: name for name in PANELS for start in _starts_of(name)}
    for episode in episodes:
        key = _start_of(episode)
        if key in allowed:
            continue
        if key in frozen:
            raise ConfigError(
                f"the run holds episodes of the panel {frozen[key]!r}, which nobody who trains on them can be scored "
                f"on: collect from a run of `vlm-gym eval --task ID`, or say --panel {frozen[key]} if it is meant"
            )
        _check_is_for_training(episode.task, episode.arguments)


def _start_of(episode: EpisodeSpec) -> str:
    """Return what is dealt: the same whatever arguments change its words or pictures, as in a variant of a panel."""
    return replace(episode, arguments={}, repeat=0).key


def _starts_of(panel: str) -> tuple[str, ...]:
    try:
        return tuple(map(_start_of, PANELS[panel][1]()))
    except DataNotFoundError:  # its games are not here, so no run here has played them
        return ()


def _check_is_for_training(task: str, arguments: Mapping[str, Any]) -> None:
    """Refuse official games of an evaluation split, all of which are in a panel."""
    if find_task(task).needs_data and is_held_out(task, arguments):
        raise ConfigError(
            f"{task} plays the official games of {_split_of(task, arguments)!r}, which are for evaluation: use "
            "vlm_gym/ALFWorld-v0, or name their panel"
        )


def _split_of(task: str, arguments: Mapping[str, Any]) -> str:
    return str({**find_task(task).arguments, **arguments}.get("split", TRAINING_SPLIT))
