"""A person's run: what has been played, in memory and in the run's folder, so that it goes on where it stopped."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import RunError
from vlm_gym.evaluation.runs.plan import CIRCUMSTANCES, Plan, describe, differences
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.evaluation.runs.run_folder import (
    FORMAT,
    RunWriter,
    is_empty,
    picture_path,
    read_episodes,
    read_run,
    read_turns,
)
from vlm_gym.messages import Message
from vlm_gym.registration import TASKS
from vlm_gym.web.telling import AS_A_GAME, Telling

CHOSEN: Final = ("specs",)
"""The part of run.json that may differ too: which tasks are played was for the person to choose."""


class Recording:
    """Reads what a run's folder holds and adds to it.

    Args:
        folder: The run's folder; it is made if it is not there.
        run: What determines the run.

    Raises:
        RunError: if the folder cannot be written, is damaged, or is a run of another kind.
    """

    def __init__(self, folder: Path, run: Mapping[str, Any]) -> None:
        self.folder = folder
        _check_same(folder, run)
        self._writer = RunWriter(folder, run)
        self._turns: dict[str, list[TurnRecord]] = {}
        for turn in read_turns(folder):
            self._turns.setdefault(turn.episode, []).append(turn)
        self.episodes = {episode.episode: episode for episode in read_episodes(folder)}

    def is_finished(self, episode: EpisodeSpec) -> bool:
        """Whether an episode has been played to its end."""
        return episode.key in self.episodes

    def turns(self, episode: EpisodeSpec) -> tuple[TurnRecord, ...]:
        """Return the turns of an episode that have been played."""
        return tuple(self._turns.get(episode.key, ()))

    def add_turn(self, turn: TurnRecord, shown: Message) -> None:
        """Write a turn and what the player saw."""
        self._writer.add_turn(turn, shown)
        self._turns.setdefault(turn.episode, []).append(turn)

    def add_picture(self, shown: Message) -> None:
        """Write a message's picture."""
        self._writer.add_picture(shown)

    def add_episode(self, episode: EpisodeRecord) -> None:
        """Write a finished episode."""
        self._writer.add_episode(episode)
        self.episodes[episode.episode] = episode

    def read_picture(self, name: str) -> bytes:
        """Return a picture as PNG.

        Raises:
            RunError: if it is not there.
        """
        try:
            return picture_path(self.folder, name).read_bytes()
        except OSError as error:
            raise RunError(f"cannot read the picture {name} of {self.folder}: {error.strerror or error}") from error

    def close(self) -> None:
        """Close the files."""
        self._writer.close()


def describe_open_run(episodes: Sequence[EpisodeSpec] = ()) -> dict[str, Any]:
    """Describe a run whose episodes the person chooses while playing: run.json lists none of them.

    `episodes` stand for the tasks whose specs it holds; without any, all tasks that need no download.
    """
    starts = episodes or [EpisodeSpec(task.id, 0) for task in TASKS.values() if not task.needs_data]
    return {**describe(Plan(tuple(starts)), Telling().description), "episodes": []}


def _check_same(folder: Path, run: Mapping[str, Any]) -> None:
    """Raise RunError if the folder holds a run that is not this one."""
    if is_empty(folder):
        return
    there = read_run(folder)
    there["agent"] = {"told": AS_A_GAME, **there["agent"]}  # the first versions told a person in no other way
    changed = differences(there, {"format": FORMAT, **run}, (*CIRCUMSTANCES, *CHOSEN))
    if changed:
        raise RunError(f"{folder} holds another run; choose another folder with --out. {'; '.join(changed)}")
