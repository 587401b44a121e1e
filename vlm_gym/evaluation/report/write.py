"""Writes a report: the page, its tables in Markdown, and its data for programs."""

import json
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.files import write_whole
from vlm_gym.evaluation.played import Unplayable
from vlm_gym.evaluation.report.episodes import OnProgress, PicturesOf
from vlm_gym.evaluation.report.markdown import render_markdown
from vlm_gym.evaluation.report.page import render_page
from vlm_gym.evaluation.report.results import read_results, results_json


class Report(NamedTuple):
    """The files of a report."""

    page: Path
    markdown: Path
    results: Path


def write_report(
    folders: Sequence[Path],
    out: Path,
    *,
    pictures_of: PicturesOf = "all",
    max_episodes: int | None = None,
    is_one_panel: bool = True,
    unplayable: Unplayable = "failure",
    on_progress: OnProgress | None = None,
) -> Report:
    """Write the report of one run or more: `out`, and beside it report.md and results.json.

    Args:
        folders: The runs' folders.
        out: The page, an .html file. The other two files are named after it unless it is named report.html:
            cards.html has cards.md and cards.results.json.
        pictures_of: The episodes whose pictures are in the page.
        max_episodes: The most episodes of each run in the page's viewer; the tables tell of all.
        is_one_panel: Whether every two runs are compared, which needs runs of one panel; else those of the same panel.
        unplayable: What the episodes are that could not be played to their end.
        on_progress: Is called as pictures are packed, which takes most of the time.

    Raises:
        RunError: if a folder is no run or damaged, has no finished episode, or two runs cannot be compared.
        ConfigError: if `out` is no .html file, or the files cannot be written.
    """
    if out.suffix.lower() != ".html":
        raise ConfigError(f"a page is an .html file, got {out}")
    results = read_results(folders, is_one_panel=is_one_panel, unplayable=unplayable)
    written = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    texts = {
        out: render_page(results, written, pictures_of, max_episodes, on_progress),
        out.with_suffix(".md"): render_markdown(results, written),
        out.with_name("results.json" if out.stem == "report" else f"{out.stem}.results.json"): json.dumps(
            results_json(results, written), indent=1, allow_nan=False
        ),
    }
    for path, text in texts.items():
        _write(path, text)
    return Report(*texts)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda draft: draft.write_text(text, encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from error
