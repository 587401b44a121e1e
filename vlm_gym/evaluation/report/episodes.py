"""The episodes of a page: which ones, with which pictures, and each one's turns, packed until they are looked at."""

import base64
import gzip
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from typing import Any, Final, Literal, TypeVar

from vlm_gym.evaluation.report.pictures import Pictures
from vlm_gym.evaluation.report.results import Results, episode_json
from vlm_gym.evaluation.runs.played import Played, grouped
from vlm_gym.evaluation.runs.records import TurnRecord
from vlm_gym.evaluation.scores.perception import failure_cause, read_turns
from vlm_gym.evaluation.scores.readings import Reading, field_of

PicturesOf = Literal["all", "failures", "none"]
OnProgress = Callable[[int, int], object]
"""Takes the number of episodes whose pictures are packed, and of all that have some."""

MAX_ANSWER: Final = 2_000_000  # characters of an answer that the page keeps
COMPRESSION: Final = 6
LEFT_OUT: Final = ("episode", "picture", "thoughts", "fields", "requests", "replies")  # of a turn, on the page

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class PageEpisode:
    """An episode of a page: its run's number, itself, and what its answers read in the pictures, turn by turn."""

    run: int
    played: Played
    readings: Sequence[Mapping[str, Reading]]


def choose_episodes(results: Results, max_episodes: int | None) -> list[PageEpisode]:
    """Return the episodes of a page, of each run at most so many, its tasks taking turns."""
    chosen: list[PageEpisode] = []
    for number, run in enumerate(results.runs):
        tasks = grouped(enumerate(run.played), lambda numbered: numbered[1].task)
        kept = sorted(list(_in_turn(tasks.values()))[:max_episodes], key=lambda numbered: numbered[0])
        chosen += [PageEpisode(number, played, read_turns(played)) for _, played in kept]
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
    wanted = [item for item in episodes if _has_pictures(item, pictures_of)]
    groups = grouped(wanted, lambda item: f"{item.run} {item.played.task}").values()
    for i, item in enumerate(_in_turn(groups), start=1):
        pictures.add(results.runs[item.run].folder, _picture_names(item))
        if on_progress is not None:
            on_progress(i, len(wanted))
    return pictures


def index_entry(item: PageEpisode) -> dict[str, Any]:
    """Return what the page's list says of an episode."""
    cause = failure_cause(item.played, item.readings)
    return {
        "run": item.run,
        "group": item.played.task,
        "num_misread": sum(Reading.WRONG in turn.values() for turn in item.readings),
        "cause": None if cause is None else cause.value,
        **episode_json(item.played),
    }


def pack_turns(item: PageEpisode) -> str:
    """Return an episode's turns as gzipped JSON in base64."""
    turns = [_page_turn(turn, readings) for turn, readings in zip(item.played.turns, item.readings, strict=True)]
    data = json.dumps(turns).encode("ascii")
    return base64.b64encode(gzip.compress(data, COMPRESSION, mtime=0)).decode("ascii")


def picture_places(item: PageEpisode, pictures: Pictures) -> str:
    """Return where the pictures of an episode's turns are, and the one of its end, as JSON; null for those left out."""
    places = [pictures.places.get(name) for name in _picture_names(item)]
    return json.dumps([None if place is None else asdict(place) for place in places])


def _picture_names(item: PageEpisode) -> list[str]:
    return [*(turn.picture for turn in item.played.turns), item.played.episode.final_picture]


def _has_pictures(item: PageEpisode, pictures_of: PicturesOf) -> bool:
    return pictures_of == "all" or (pictures_of == "failures" and not item.played.episode.is_success)


def _in_turn(groups: Iterable[Sequence[ItemT]]) -> Iterator[ItemT]:
    """Return the first item of each group, then the second ones, and so on."""
    return (item for item in chain.from_iterable(zip_longest(*groups)) if item is not None)


def _page_turn(turn: TurnRecord, readings: Mapping[str, Reading]) -> dict[str, Any]:
    record = {name: value for name, value in vars(turn).items() if name not in LEFT_OUT}
    answer = turn.answers[-1]
    span = None if turn.span is None else [_utf16_length(answer[:end]) for end in turn.span]
    read = [
        {"field": name, "said": field_of(turn.fields, name), "truth": truth, "reading": readings[name].value}
        for name, truth in turn.readings.items()
    ]
    return {**record, "answers": [_shortened(text) for text in turn.answers], "span": span, "readings": read}


def _utf16_length(text: str) -> int:
    """Return a text's length as browsers count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _shortened(text: str) -> str:
    if len(text) <= MAX_ANSWER:
        return text
    return f"{text[:MAX_ANSWER]}\n[{len(text) - MAX_ANSWER:,} characters more are in the run's folder]"
