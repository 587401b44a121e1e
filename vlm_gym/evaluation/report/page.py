"""The page: one file of HTML that holds its style, its script and all data, and asks the network for nothing.

A model wrote part of the data, so none of it stands in the page as HTML: the index is JSON in an inert script element
with `<`, `>` and `&` escaped, all longer texts are compressed and in base64, and the script builds the page from text
nodes alone. A content security policy allows that one script, by its hash, and lets nothing be loaded.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any, Final

from vlm_gym._version import __version__
from vlm_gym.evaluation.report.episodes import (
    OnProgress,
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

SCRIPTS: Final = (
    "dom", "data", "pictures", "marks", "copy", "tables", "columns", "summary", "charts", "comparison", "runs",
    "texts", "request", "turn", "viewer", "filters", "episodes", "address", "main",
)  # fmt: skip
STYLES: Final = ("base", "tables", "charts", "episodes", "turn", "paper")
MAX_LENGTH: Final = 57_000_000  # of turns and pictures, in characters: with it a page stays under 60 MB
ESCAPES: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}  # json.dumps escapes all that is not ASCII itself


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
    data = {
        "vlm_gym": __version__,
        "written": written,
        "notes": _notes(results, len(episodes), pictures, pictures_of),
        "runs": [run_json(run) for run in results.runs],
        "labels": short_labels(_names(results)),
        "episodes": [index_entry(item) for item in episodes],
        "comparisons": comparisons_json(results),
        "blocks": [block.first for block in blocks],
        "palettes": pictures.palettes,
    }
    chunks = [
        *(_chunk(f"said-{i}", block.said) for i, block in enumerate(blocks)),
        *(_chunk(f"turns-{i}", block.turns) for i, block in enumerate(blocks)),
        _chunk("places", json.dumps([picture_places(item, pictures) for item in episodes])),
        *(_chunk(f"strip-{i}", json.dumps(strip.to_json())) for i, strip in enumerate(pictures.strips)),
    ]
    return _assemble(" · ".join(run.name for run in results.runs), data, chunks)


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
    notes.append(f"Pictures are reduced to {NUM_COLORS} colours; the exact ones are in the runs' folders.")
    if pictures.is_full:
        notes.append("Not all pictures fit the page: episodes beyond its size limit are without them.")
    if pictures.missing:
        notes.append(f"{len(pictures.missing):,} pictures are missing in the runs' folders, or damaged.")
    return notes


def _assemble(title: str, data: Mapping[str, Any], chunks: Iterable[str]) -> str:
    assets = files("vlm_gym.evaluation.report") / "assets"
    script = '"use strict";\n' + "\n".join((assets / f"{name}.js").read_text("utf-8") for name in SCRIPTS)
    style = "\n".join((assets / f"{name}.css").read_text("utf-8") for name in STYLES)
    parts = {
        "policy": f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'",
        "title": escape(title.encode("utf-8", "replace").decode("utf-8")),
        "style": style,
        "data": _inert(json.dumps(data, allow_nan=False)),
        "script": script,
        "chunks": "\n".join(chunks),
    }
    before, *pieces = (assets / "page.html").read_text("utf-8").split("{{")
    filled = [before]
    for piece in pieces:  # one pass: what is filled in is not searched for places again
        name, after = piece.split("}}", 1)
        filled += [parts[name], after]
    return "".join(filled)


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"


def _inert(text: str) -> str:
    for character, escaped in ESCAPES.items():
        text = text.replace(character, escaped)
    return text


def _chunk(name: str, text: str) -> str:
    return f'<script type="text/plain" id="{name}">{text}</script>'
