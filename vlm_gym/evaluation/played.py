"""The finished episodes of a run with their turns, and which of them belong together."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from vlm_gym.errors import RunError
from vlm_gym.evaluation.plan import planned_episodes
from vlm_gym.evaluation.records import EpisodeRecord, TurnRecord, canonical
from vlm_gym.evaluation.run_folder import read_episodes, read_run, read_turns

NAMESPACE: Final = "vlm_gym/"

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


def read_played(folder: Path) -> list[Played]:
    """Return a run's finished episodes in the order of its plan, whatever order they were finished in.

    Raises:
        RunError: if the folder is no run, there is no finished episode, or a line is damaged or missing.
    """
    order = {episode.key: i for i, episode in enumerate(planned_episodes(read_run(folder)))}
    finished = sorted(read_episodes(folder), key=lambda episode: order.get(episode.episode, len(order)))
    turns: dict[str, list[TurnRecord]] = defaultdict(list)
    for turn in read_turns(folder):
        turns[turn.episode].append(turn)
    played = [Played(episode, tuple(turns[episode.episode])) for episode in finished]
    for item in played:
        if len(item.turns) != item.episode.num_turns:
            raise RunError(
                f"{folder}: expected {item.episode.num_turns} turns of the episode {item.episode.episode}, "
                f"got {len(item.turns)}: turns.jsonl is damaged. --resume plays them again"
            )
    if not played:
        raise RunError(f"{folder} has no finished episode yet: go on with it with --resume")
    return played


def grouped(items: Iterable[ItemT], name_of: Callable[[ItemT], str]) -> dict[str, list[ItemT]]:
    """Return items by name, in the order in which the names come up."""
    groups: dict[str, list[ItemT]] = defaultdict(list)
    for item in items:
        groups[name_of(item)].append(item)
    return dict(groups)


def agent_name(run: dict[str, Any]) -> str:
    """Return the name of the agent that played a run."""
    return str(run.get("agent", {}).get("name", "unknown"))


def run_name(folder: Path) -> str:
    """Return the name of a run: that of its folder."""
    return folder.resolve().name
