"""The finished episodes of a run with their turns, and which of them belong together."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from vlm_gym.errors import RunError
from vlm_gym.evaluation.plan import planned_episodes
from vlm_gym.evaluation.records import NAMESPACE, EpisodeRecord, TurnRecord, canonical
from vlm_gym.evaluation.run_folder import read_episodes, read_run, read_turns

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class Played:
    """A finished episode and all its turns."""

    episode: EpisodeRecord
    turns: tuple[TurnRecord, ...]

    @property
    def task(self) -> str:
        """The task's name, and its arguments if it has any: episodes with the same one are summed up together."""
        name = self.episode.task.removeprefix(NAMESPACE)
        return f"{name} {canonical(self.episode.arguments)}" if self.episode.arguments else name

    @property
    def start(self) -> tuple[str, str, str]:
        """What the player saw first: episodes that start alike are one cluster in all intervals."""
        return self.task, self.turns[0].picture, self.turns[0].prompt


@dataclass(frozen=True)
class PlayedRun:
    """A run as it was read.

    Attributes:
        folder: Its folder.
        settings: What run.json holds.
        played: The finished episodes in the order of its plan, whatever order they were finished in.
    """

    folder: Path
    settings: Mapping[str, Any]
    played: tuple[Played, ...]

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.resolve().name

    @property
    def agent(self) -> str:
        """The name of the agent that played it."""
        return str(self.settings["agent"].get("name", "unknown"))

    @property
    def panel(self) -> Mapping[str, Any]:
        """What run.json says of its panel; nothing if it has none."""
        return self.settings.get("panel") or {}


def read_played_run(folder: Path) -> PlayedRun:
    """Read a run and its finished episodes.

    Raises:
        RunError: if the folder is no run, there is no finished episode, or a line is damaged or missing.
    """
    run = read_run(folder)
    order = {episode.key: i for i, episode in enumerate(planned_episodes(run))}
    finished = sorted(read_episodes(folder), key=lambda episode: order.get(episode.episode, len(order)))
    turns: dict[str, list[TurnRecord]] = defaultdict(list)
    for turn in read_turns(folder):
        turns[turn.episode].append(turn)
    played = tuple(Played(episode, tuple(turns[episode.episode])) for episode in finished)
    for item in played:
        if len(item.turns) != item.episode.num_turns:
            raise RunError(
                f"{folder}: expected {item.episode.num_turns} turns of the episode {item.episode.episode}, "
                f"got {len(item.turns)}: turns.jsonl is damaged. --resume plays them again"
            )
    if not played:
        raise RunError(f"{folder} has no finished episode yet: go on with it with --resume")
    return PlayedRun(folder, run, played)


def read_played(folder: Path) -> tuple[Played, ...]:
    """Return the finished episodes of a run (`read_played_run`)."""
    return read_played_run(folder).played


def grouped(items: Iterable[ItemT], name_of: Callable[[ItemT], str]) -> dict[str, list[ItemT]]:
    """Return items by name, in the order in which the names come up."""
    groups: dict[str, list[ItemT]] = defaultdict(list)
    for item in items:
        groups[name_of(item)].append(item)
    return dict(groups)
