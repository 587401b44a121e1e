"""The episodes of a page: which ones, with which pictures, and their turns, packed until they are looked at.

Turns are packed by blocks of episodes: one compression of many is faster than many, and the prompts of a task, which
are much alike, are in one block. What was said lies apart from the rest, so that a search reads no more than it needs.
"""

import base64
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, Final, Literal, NamedTuple, TypeVar

from vlm_gym.evaluation.report.pictures import Pictures
from vlm_gym.evaluation.report.results import Results, episode_id
from vlm_gym.evaluation.report.turns import said_in, turns_json
from vlm_gym.evaluation.runs.played import Played, grouped
from vlm_gym.evaluation.scores.perception import ROUNDING, failure_cause, read_turns
from vlm_gym.evaluation.scores.readings import Reading
from vlm_gym.evaluation.scores.summary import fault_kinds

PicturesOf = Literal["all", "failures", "none"]
OnProgress = Callable[[str, int, int], object]
"""Takes what is done, in words, the number of episodes for which it is done, and of all."""

MAX_IN_BLOCK: Final = 32  # episodes
BLOCK_SIZE: Final = 400_000  # characters from which on a block gets no further episode
COMPRESSION: Final = 6
TOLD_EVERY: Final = 100  # episodes
INDEXED: Final = (
    "task", "seed", "arguments", "options", "repeat", "labels", "is_success", "total_reward", "num_turns",
    "num_faults", "num_illegal", "is_truncated", "start_value", "regret", "stopped",
)  # fmt: skip
"""What the list of a page says of an episode; the rest is packed with its turns."""

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class PageEpisode:
    """An episode of a page: its run's number, itself, and what its answers read in the pictures, turn by turn."""

    run: int
    played: Played
    readings: Sequence[Mapping[str, Reading]]
    is_finished: bool = True


class Block(NamedTuple):
    """Some episodes: the number of the first, what was said in them, and the rest of their turns, packed."""

    first: int
    said: str
    turns: str


def choose_episodes(results: Results, max_episodes: int | None) -> list[PageEpisode]:
    """Return the episodes of a page: of each run at most so many, its tasks taking turns, and those without an end."""
    chosen: list[PageEpisode] = []
    for number, run in enumerate(results.runs):
        tasks = grouped(enumerate(run.played), lambda numbered: numbered[1].task)
        kept = sorted(list(_in_turn(tasks.values()))[:max_episodes], key=lambda numbered: numbered[0])
        chosen += [PageEpisode(number, played, read_turns(played)) for _, played in kept]
        chosen += [PageEpisode(number, played, read_turns(played), is_finished=False) for played in run.unfinished]
    return chosen


def collect_pictures(
    results: Results,
    episodes: Sequence[PageEpisode],
    pictures_of: PicturesOf,
    budget: int,
    on_progress: OnProgress | None = None,
) -> Pictures:
    """Collect the pictures of the episodes; as far as the budget, in characters, goes: runs and tasks take turns."""
    pictures = Pictures(budget)
    is_seen = [run.settings["chat"].get("show") != "text" for run in results.runs]
    wanted = [item for item in episodes if is_seen[item.run] and _has_pictures(item, pictures_of)]
    groups = grouped(wanted, _picture_group)
    palettes = {
        name: pictures.add_palette(
            results.runs[group[0].run].folder, [n for item in group for n in _picture_names(item)]
        )
        for name, group in groups.items()
    }
    for i, item in enumerate(_in_turn(groups.values()), start=1):
        pictures.add(results.runs[item.run].folder, _picture_names(item), palettes[_picture_group(item)])
        if on_progress is not None and (i % TOLD_EVERY == 0 or i == len(wanted)):
            on_progress("packing the pictures", i, len(wanted))
    return pictures


def index_entry(item: PageEpisode) -> dict[str, Any]:
    """Return what the page's list says of an episode."""
    record, turns = vars(item.played.episode), item.played.turns
    cause = failure_cause(item.played, item.readings) if item.is_finished else None
    misread = [i for i, turn in enumerate(item.readings) if Reading.WRONG in turn.values()]
    regrets = [turn.regret or 0.0 for turn in turns]
    largest = max(regrets, default=0.0)
    return {
        "run": item.run,
        "id": episode_id(item.played.episode.episode),
        "group": item.played.task,
        "is_finished": item.is_finished,
        "fault_kinds": fault_kinds(turns),
        "num_cut_off": sum(turn.is_last_cut_off for turn in turns),
        "num_misread": len(misread),
        "first_misread": misread[0] if misread else None,
        "largest_regret": regrets.index(largest) if largest > ROUNDING else None,
        "cause": None if cause is None else cause.value,
        **{name: record[name] for name in INDEXED},
    }


def pack_blocks(episodes: Sequence[PageEpisode], on_progress: OnProgress | None = None) -> list[Block]:
    """Pack the turns of the episodes, some of them together."""
    blocks: list[Block] = []
    said: list[str] = []
    turns: list[str] = []
    for i, item in enumerate(episodes, start=1):
        said.append(json.dumps(said_in(item.played)))
        turns.append(json.dumps(turns_json(item.played, item.readings)))
        size = sum(map(len, said)) + sum(map(len, turns))
        if len(said) == MAX_IN_BLOCK or size > BLOCK_SIZE or i == len(episodes):
            blocks.append(Block(i - len(said), _packed(said), _packed(turns)))
            said, turns = [], []
        if on_progress is not None and (i % TOLD_EVERY == 0 or i == len(episodes)):
            on_progress("packing the turns", i, len(episodes))
    return blocks


def pack_block(first: int, episodes: Sequence[PageEpisode]) -> Block:
    """Pack the turns of some episodes together; `first` is the number of the first one."""
    said = [json.dumps(said_in(item.played)) for item in episodes]
    return Block(
        first, _packed(said), _packed([json.dumps(turns_json(item.played, item.readings)) for item in episodes])
    )


def picture_names(item: PageEpisode) -> list[str]:
    """Return the names of the pictures of an episode's turns, and of its end; "" for an end that is not there yet."""
    return [*(turn.picture for turn in item.played.turns), item.played.episode.final_picture]


def picture_places(item: PageEpisode, pictures: Pictures) -> list[tuple[int, int] | None]:
    """Return where the pictures of an episode's turns are, and the one of its end; None for those left out."""
    return [pictures.places.get(name) for name in picture_names(item)]


def _packed(parts: Sequence[str]) -> str:
    data = f"[{','.join(parts)}]".encode("ascii")
    return base64.b64encode(zlib.compress(data, COMPRESSION)).decode("ascii")


def _picture_group(item: PageEpisode) -> str:
    return f"{item.run} {item.played.task}"


def _picture_names(item: PageEpisode) -> list[str]:
    return [name for name in picture_names(item) if name]


def _has_pictures(item: PageEpisode, pictures_of: PicturesOf) -> bool:
    return pictures_of == "all" or (pictures_of == "failures" and not item.played.episode.is_success)


def _in_turn(groups: Iterable[Sequence[ItemT]]) -> Iterator[ItemT]:
    """Return the first item of each group, then the second ones, and so on."""
    return (item for item in chain.from_iterable(zip_longest(*groups)) if item is not None)
