"""Merging the shards of a run, which many machines played, into one folder."""

import shutil
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.runs.plan import CIRCUMSTANCES, differences, planned_episodes
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.evaluation.runs.run_folder import (
    RunWriter,
    is_empty,
    picture_path,
    read_episodes,
    read_run,
    read_turns,
)
from vlm_gym.files import whole_folder
from vlm_gym.messages import Message

MAY_DIFFER: Final = (*CIRCUMSTANCES, "shard")
NO_PICTURE: Final = Message("user", "")


@dataclass(frozen=True)
class Merged:
    """What came of a merge.

    Attributes:
        num_episodes: Episodes of the whole run.
        missing: Keys of those that no shard has finished.
    """

    num_episodes: int
    missing: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """One episode, as one shard played it; `record` is None if it is not finished."""

    folder: Path
    turns: tuple[TurnRecord, ...]
    record: EpisodeRecord | None


def merge(folders: Sequence[Path], out: Path) -> Merged:
    """Write the episodes of several shards to one run's folder, which can be resumed where some are missing.

    Of an episode that several folders hold, the finished one is kept, or else the longest. The folder is there as a
    whole or not at all.

    Raises:
        ConfigError: if no folder is given, or `out` has no name.
        RunError: if the folders are not shards of one run, if they hold different results of one episode, if a file
            is damaged or missing, or if `out` holds something already.
    """
    if not folders:
        raise ConfigError("a merge needs one run's folder or more, got none")
    if not out.name:
        raise ConfigError(f"a merge makes a new folder, expected its name, got {str(out)!r}")
    if not is_empty(out):
        raise RunError(f"{out} holds something already: choose another --out")
    run = _common_run(folders)
    parts: dict[str, _Part] = {}
    for folder in folders:
        for key, part in _parts(folder):
            parts[key] = _chosen(parts[key], part) if key in parts else part
    planned = [episode.key for episode in planned_episodes(run)]
    _write(out, run, [parts[key] for key in planned if key in parts])
    return Merged(len(planned), tuple(key for key in planned if key not in parts or parts[key].record is None))


def _common_run(folders: Sequence[Path]) -> dict[str, Any]:
    """Return run.json of the whole run of which these are the shards."""
    first, *others = ({**read_run(folder)} for folder in folders)
    for folder, other in zip(folders[1:], others, strict=True):
        differing = differences(first, other, but=MAY_DIFFER)
        if differing:
            listed = "\n  ".join(differing)
            raise RunError(f"{folders[0]} (there) and {folder} (here) are not shards of one run:\n  {listed}")
    return {**first, "shard": None}


def _parts(folder: Path) -> Iterable[tuple[str, _Part]]:
    finished = {record.episode: record for record in read_episodes(folder)}
    turns: dict[str, list[TurnRecord]] = defaultdict(list)
    for turn in read_turns(folder):
        if turn.turn == len(turns[turn.episode]) + 1:
            turns[turn.episode].append(turn)
    for key in dict.fromkeys((*turns, *finished)):  # one whose first request was refused has no turn
        record, played = finished.get(key), turns[key]
        is_whole = record is not None and record.num_turns == len(played)
        yield key, _Part(folder, tuple(played), record if is_whole else None)


def _chosen(one: _Part, other: _Part) -> _Part:
    """Return the part of an episode that is kept: a finished one, before one that could not be played to its end."""
    if one.record is None or other.record is None or one.record.is_unplayable != other.record.is_unplayable:
        return max(one, other, key=_worth)
    if _result(one.record) != _result(other.record):
        raise RunError(
            f"{one.folder} and {other.folder} hold different results of the episode {one.record.episode}: leave one "
            "of the two out"
        )
    return one


def _worth(part: _Part) -> tuple[bool, bool, int]:
    record = part.record
    return record is not None, record is not None and not record.is_unplayable, len(part.turns)


def _result(record: EpisodeRecord) -> EpisodeRecord:
    """Return a record without what two plays of the same answers may differ in."""
    return replace(record, latency_s=0.0, num_requests=0, cost=0.0, stop_words="")


def _write(out: Path, run: dict[str, Any], parts: Iterable[_Part]) -> None:
    with whole_folder(out) as draft, RunWriter(draft, run, out) as writer:
        for part in parts:
            _add(writer, part)


def _add(writer: RunWriter, part: _Part) -> None:
    for turn in part.turns:
        _copy_picture(part.folder, writer.folder, turn.picture)
        writer.add_turn(turn, NO_PICTURE)
    if part.record is not None:
        _copy_picture(part.folder, writer.folder, part.record.final_picture)
        writer.add_episode(part.record)


def _copy_picture(source: Path, target: Path, name: str) -> None:
    if picture_path(target, name).exists():
        return
    try:
        shutil.copyfile(picture_path(source, name), picture_path(target, name))
    except OSError as error:
        raise RunError(f"cannot copy {picture_path(source, name)}: {error.strerror or error}") from error
