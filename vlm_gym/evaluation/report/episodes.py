"""The episodes of a page: which ones, with which pictures, and each one's turns, packed until they are looked at."""

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, zip_longest
from typing import Any, Final, Literal, TypeVar

from vlm_gym.evaluation.played import Played, grouped
from vlm_gym.evaluation.records import TurnRecord
from vlm_gym.evaluation.report.pictures import Pictures
from vlm_gym.evaluation.report.results import Results, episode_json

PicturesOf = Literal["all", "failures", "none"]

MAX_ANSWER: Final = 2_000_000  # characters of an answer that the page keeps
COMPRESSION: Final = 6
LEFT_OUT: Final = ("episode", "thoughts", "num_misread")  # of a turn's fields: the page knows or shows them otherwise

ItemT = TypeVar("ItemT")


@dataclass(frozen=True)
class PageEpisode:
    """An episode of a page, and its run's number."""

    run: int
    played: Played


def choose_episodes(results: Results, max_episodes: int | None) -> list[PageEpisode]:
    """Return the episodes of a page, of each run at most so many, its tasks taking turns."""
    chosen: list[PageEpisode] = []
    for number, run in enumerate(results.runs):
        tasks = grouped(enumerate(run.played), lambda numbered: numbered[1].task)
        kept = sorted(list(_in_turn(tasks.values()))[:max_episodes], key=lambda numbered: numbered[0])
        chosen += [PageEpisode(number, played) for _, played in kept]
    return chosen


def collect_pictures(results: Results, episodes: Sequence[PageEpisode], pictures_of: PicturesOf) -> Pictures:
    """Collect the pictures of the episodes; as far as the budget goes, runs and tasks take turns."""
    pictures = Pictures()
    wanted = [item for item in episodes if _has_pictures(item, pictures_of)]
    for item in _in_turn(grouped(wanted, lambda item: f"{item.run} {item.played.task}").values()):
        names = [*(turn.picture for turn in item.played.turns), item.played.episode.final_picture]
        pictures.add(results.runs[item.run].folder, names)
    return pictures


def index_entry(item: PageEpisode) -> dict[str, Any]:
    """Return what the page's list says of an episode."""
    return {"run": item.run, "group": item.played.task, "num_misread": 0, **episode_json(item.played)}


def pack_turns(item: PageEpisode, pictures: Pictures) -> str:
    """Return an episode's turns, and the place of its last picture, as gzipped JSON in base64."""
    turns = [_page_turn(turn, pictures) for turn in item.played.turns]
    data = json.dumps({"turns": turns, "final": _place(item.played.episode.final_picture, pictures)})
    return base64.b64encode(gzip.compress(data.encode("ascii"), COMPRESSION, mtime=0)).decode("ascii")


def _has_pictures(item: PageEpisode, pictures_of: PicturesOf) -> bool:
    return pictures_of == "all" or (pictures_of == "failures" and not item.played.episode.is_success)


def _in_turn(groups: Iterable[Sequence[ItemT]]) -> Iterator[ItemT]:
    """Return the first item of each group, then the second ones, and so on."""
    return (item for item in chain.from_iterable(zip_longest(*groups)) if item is not None)


def _page_turn(turn: TurnRecord, pictures: Pictures) -> dict[str, Any]:
    record = {name: value for name, value in asdict(turn).items() if name not in LEFT_OUT}
    answer = turn.answers[-1]
    span = None if turn.span is None else [_utf16_length(answer[:end]) for end in turn.span]
    answers = [_shortened(text) for text in turn.answers]
    return {**record, "picture": _place(turn.picture, pictures), "answers": answers, "span": span, "misread": []}


def _place(name: str, pictures: Pictures) -> dict[str, int] | None:
    place = pictures.places.get(name)
    return None if place is None else asdict(place)


def _utf16_length(text: str) -> int:
    """Return a text's length as browsers count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _shortened(text: str) -> str:
    if len(text) <= MAX_ANSWER:
        return text
    return f"{text[:MAX_ANSWER]}\n[{len(text) - MAX_ANSWER:,} characters more are in the run's folder]"
