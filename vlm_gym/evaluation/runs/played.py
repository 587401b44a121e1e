"""The finished episodes of a run with their turns, and which of them belong together."""

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar, get_args

from vlm_gym.episodes import canonical
from vlm_gym.errors import RunError, check_choice
from vlm_gym.evaluation.runs.plan import planned_episodes
from vlm_gym.evaluation.runs.records import NAMESPACE, EpisodeRecord, TurnRecord
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_run, read_turns

Unplayable: TypeAlias = Literal["failure", "missing"]
"""What episodes are that could not be played to their end: failures, or left out as if they had not been played."""

NUM_PARTS: Final = 5  # of an episode's key

logger = logging.getLogger(__name__)

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class Played:
    """A finished episode and all its turns."""

    episode: EpisodeRecord
    turns: tuple[TurnRecord, ...]

    @property
    def task(self) -> str:
        """The task's name, and its arguments if it has any: episodes with the same one are summed up together."""
        return task_name(self.episode.task, self.episode.arguments)

    @property
    def start(self) -> tuple[str, str, str]:
        """What the player saw first: episodes with the same start are one cluster in all intervals."""
        if not self.turns:  # its first request was refused
            return self.task, self.episode.final_picture, self.episode.final_prompt
        return self.task, self.turns[0].picture, self.turns[0].prompt


@dataclass(frozen=True)
class PlayedRun:
    """A run as it was read.

    Attributes:
        folder: Its folder.
        settings: What run.json holds.
        played: The finished episodes in the order of its plan, whatever order they were finished in.
        unplayable: What those are that could not be played to their end: among `played`, or left out.
        num_unplayable: How many they are, of each task.
        unfinished: The episodes that have turns and no end: none of the figures counts them.
    """

    folder: Path
    settings: Mapping[str, Any]
    played: tuple[Played, ...]
    unplayable: Unplayable = "failure"
    num_unplayable: Mapping[str, int] = field(default_factory=dict)
    unfinished: tuple[Played, ...] = ()

    @property
    def name(self) -> str:
        """The name of its folder."""
        return self.folder.resolve().name

    @property
    def agent(self) -> str:
        """The name of the agent that played it."""
        return str(self.settings["agent"].get("name", "unknown"))

    @property
    def planned(self) -> dict[str, list[str]]:
        """The keys of the episodes that were to be played, by task; without a plan, of those that were played."""
        episodes = planned_episodes(self.settings)
        if not episodes:
            tasks = grouped(self.played, lambda item: item.task)
            return {name: [item.episode.episode for item in group] for name, group in tasks.items()}
        specs = grouped(episodes, lambda episode: task_name(episode.task, episode.arguments))
        return {name: [episode.key for episode in group] for name, group in specs.items()}

    @property
    def panel(self) -> Mapping[str, Any]:
        """What run.json says of its panel; nothing if it has none."""
        return self.settings.get("panel") or {}


def read_played_run(folder: Path, unplayable: Unplayable = "failure") -> PlayedRun:
    """Read a run and its finished episodes.

    Args:
        folder: Its folder.
        unplayable: What those are that could not be played to their end.

    Raises:
        RunError: if the folder is not a run, or there is no finished episode.

    An episode of which a turn is damaged or missing is not finished; a warning says so.
    """
    run = read_run(folder)
    order = {episode.key: i for i, episode in enumerate(planned_episodes(run))}
    check_choice("unplayable", unplayable, get_args(Unplayable))
    whole, turns = read_finished(folder)
    recorded = sorted(whole, key=lambda episode: order.get(episode.episode, len(order)))
    finished = [episode for episode in recorded if unplayable == "failure" or not episode.is_unplayable]
    played = tuple(Played(episode, tuple(turns[episode.episode])) for episode in finished)
    if not played:
        left_out = " that could be played to its end" if recorded else ""
        raise RunError(f"{folder} has no finished episode yet{left_out}: go on with it with --resume")
    stopped = (task_name(episode.task, episode.arguments) for episode in recorded if episode.is_unplayable)
    ended = {episode.episode for episode in recorded}
    left = {key: tuple(played) for key, played in turns.items() if played and key not in ended and _is_key(key)}
    unfinished = tuple(_so_far(key, played) for key, played in left.items())
    return PlayedRun(folder, run, played, unplayable, Counter(stopped), unfinished)


def read_finished(folder: Path) -> tuple[list[EpisodeRecord], dict[str, list[TurnRecord]]]:
    """Return a run's finished episodes, and the turns of all its episodes by their keys.

    An episode is finished if its record and all its turns are there; a warning counts those that lack turns.

    Raises:
        RunError: if a file cannot be read.
    """
    recorded = read_episodes(folder)
    turns: dict[str, list[TurnRecord]] = defaultdict(list)
    for turn in read_turns(folder):
        turns[turn.episode].append(turn)
    lacking = [episode for episode in recorded if len(turns[episode.episode]) != episode.num_turns]
    if lacking:
        first, many = lacking[0], len(lacking) > 1
        logger.warning(
            "%s: turns of %d of its %d episodes are missing: turns.jsonl is damaged. %s, and --resume plays %s on from "
            "there. The first is %s: expected %d turns, got %d",
            folder,
            len(lacking),
            len(recorded),
            "They count as not finished" if many else "The episode counts as not finished",
            "them" if many else "it",
            first.episode,
            first.num_turns,
            len(turns[first.episode]),
        )
    return [episode for episode in recorded if len(turns[episode.episode]) == episode.num_turns], turns


def read_played(folder: Path, unplayable: Unplayable = "failure") -> tuple[Played, ...]:
    """Return the finished episodes of a run (`read_played_run`)."""
    return read_played_run(folder, unplayable).played


def _is_key(key: str) -> bool:
    """Whether a text is the key of an episode, and not part of a damaged line."""
    try:
        parts = json.loads(key)
    except (ValueError, RecursionError):
        return False
    return isinstance(parts, list) and len(parts) == NUM_PARTS and isinstance(parts[2], dict)


def _so_far(key: str, turns: tuple[TurnRecord, ...]) -> Played:
    """Return an episode that has no end yet, with the sums of its turns."""
    task, seed, arguments, options, repeat = json.loads(key)
    regrets = [turn.regret for turn in turns]
    return Played(
        EpisodeRecord(
            episode=key,
            task=task,
            seed=seed,
            arguments=arguments,
            options=options,
            repeat=repeat,
            is_success=False,
            total_reward=sum(turn.reward for turn in turns),
            num_turns=len(turns),
            num_faults=sum(turn.fault is not None for turn in turns),
            num_illegal=sum(turn.illegal is not None for turn in turns),
            is_truncated=False,
            start_value=turns[0].value_before,
            regret=None if None in regrets else sum(regret or 0.0 for regret in regrets),
            final_picture="",
            final_text="",
            prompt_tokens=sum(turn.prompt_tokens for turn in turns),
            completion_tokens=sum(turn.completion_tokens for turn in turns),
            cost=sum(turn.cost for turn in turns),
            latency_s=sum(turn.latency_s for turn in turns),
            num_requests=sum(turn.num_requests for turn in turns),
            labels={},
        ),
        turns,
    )


def task_name(task: str, arguments: Mapping[str, Any]) -> str:
    """Return a task's name in tables: its id without "vlm_gym/", and its arguments if it has any."""
    name = task.removeprefix(NAMESPACE)
    return f"{name} {canonical(arguments)}" if arguments else name


def grouped(items: Iterable[ItemT], name_of: Callable[[ItemT], str]) -> dict[str, list[ItemT]]:
    """Return items by name, in the order in which the names come up."""
    groups: dict[str, list[ItemT]] = defaultdict(list)
    for item in items:
        groups[name_of(item)].append(item)
    return dict(groups)
