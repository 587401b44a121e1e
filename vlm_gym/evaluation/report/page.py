"""The page of a report as one file."""

import json
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

from vlm_gym._version import __version__
from vlm_gym.evaluation.report.assemble import assemble
from vlm_gym.evaluation.report.episodes import (
    OnProgress,
    PageEpisode,
    PicturesOf,
    choose_episodes,
    collect_pictures,
    index_entry,
    pack_blocks,
    picture_places,
)
from vlm_gym.evaluation.report.pictures import NUM_COLORS, Pictures
from vlm_gym.evaluation.report.results import Results, comparisons_json, run_json
from vlm_gym.evaluation.scores.labels import short_labels

logger = logging.getLogger(__name__)

MAX_LENGTH: Final = 57_000_000  # of turns and pictures, in characters: with it a page stays under 60 MB


def render_page(
    results: Results,
    written: str,
    pictures_of: PicturesOf = "all",
    max_episodes: int | None = None,
    on_progress: OnProgress | None = None,
) -> str:
    """Write the page.

    Args:
        results: What it tells.
        written: The time, in words.
        pictures_of: The episodes whose pictures are in it.
        max_episodes: The most episodes of each run in its viewer; the tables tell of all.
        on_progress: Is called as pictures are packed, which takes most of the time.
    """
    episodes = choose_episodes(results, max_episodes)
    blocks = pack_blocks(episodes, on_progress)
    text_length = sum(len(block.said) + len(block.turns) for block in blocks)
    pictures = collect_pictures(results, episodes, pictures_of, MAX_LENGTH - text_length, on_progress)
    notes = _notes(results, len(episodes), pictures, pictures_of)
    data = report_data(results, written, notes, episodes, [block.first for block in blocks], pictures.palettes)
    chunks = {
        **{f"said-{i}": block.said for i, block in enumerate(blocks)},
        **{f"turns-{i}": block.turns for i, block in enumerate(blocks)},
        "places": json.dumps([picture_places(item, pictures) for item in episodes]),
        **{f"strip-{i}": json.dumps(strip.to_json()) for i, strip in enumerate(pictures.strips)},
    }
    return assemble(page_title(results), data, chunks)


def page_title(results: Results) -> str:
    """Return the page's title: the runs' names."""
    return " · ".join(run.name for run in results.runs)


def report_data(
    results: Results,
    written: str,
    notes: Sequence[str],
    episodes: Sequence[PageEpisode],
    blocks: Sequence[int],
    palettes: Sequence[str],
) -> dict[str, Any]:
    """Return what the page tells, without the turns: `blocks` are the numbers of the first episodes of their blocks."""
    return {
        "vlm_gym": __version__,
        "written": written,
        "notes": list(notes),
        "runs": [run_json(run) for run in results.runs],
        "labels": short_labels(_names(results)),
        "episodes": [index_entry(item) for item in episodes],
        "comparisons": comparisons_json(results),
        "blocks": list(blocks),
        "palettes": list(palettes),
    }


def _names(results: Results) -> Iterator[str]:
    """Return the names of all groups of episodes."""
    for run in results.runs:
        yield from (scores.name for scores in (*run.summary.tasks, *run.summary.labels))


def _notes(results: Results, num_episodes: int, pictures: Pictures, pictures_of: PicturesOf) -> list[str]:
    """Say what the page leaves out."""
    notes = []
    num_all = sum(len(run.played) + len(run.unfinished) for run in results.runs)
    if num_episodes < num_all:
        notes.append(f"{num_episodes:,} of {num_all:,} episodes are in this page; the tables tell of all.")
    if pictures_of == "none":
        return [*notes, "This page was written without pictures."]
    if any(run.settings["chat"].get("show") == "text" for run in results.runs):
        notes.append("Where the model was told in words alone, there are no pictures.")
    if pictures_of == "failures":
        notes.append("Episodes that succeeded are without pictures.")
    notes.append(
        f"Pictures are reduced to {NUM_COLORS} colours, photographs compressed; "
        "the exact ones are in the runs' folders."
    )
    if pictures.is_full:
        notes.append("Not all pictures fit the page: episodes beyond its size limit are without them.")
    if pictures.missing:
        notes.append(f"{len(pictures.missing):,} pictures are missing in the runs' folders, or damaged.")
        logger.warning(notes[-1])
    return notes
