"""Writes a report: the page, its tables in Markdown, and its data for programs."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.report.episodes import OnProgress, PicturesOf
from vlm_gym.evaluation.report.markdown import render_markdown
from vlm_gym.evaluation.report.page import render_page
from vlm_gym.evaluation.report.results import read_results, results_json
from vlm_gym.evaluation.runs.played import Unplayable
from vlm_gym.files import write_all_whole

OnStage = Callable[[str], object]


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
    on_stage: OnStage | None = None,
) -> Report:
    """Write the report of one run or more: `out`, and beside it report.md and results.json, all three or none.

    Args:
        folders: The runs' folders.
        out: The page, an .html file. The other two files are named after it unless it is named report.html:
            cards.html has cards.md and cards.results.json.
        pictures_of: The episodes whose pictures are in the page.
        max_episodes: The most episodes of each run in the page's viewer; the tables tell of all.
        is_one_panel: Whether every two runs are compared, which needs runs of one panel; else those of the same panel.
        unplayable: What the episodes are that could not be played to their end.
        on_progress: Is called as pictures are packed, which takes most of the time.
        on_stage: Is told what is done next, in words.

    Raises:
        RunError: if a folder is not a run or damaged, has no finished episode, or two runs cannot be compared.
        ConfigError: if `out` is not an .html file, or the files cannot be written.
    """
    if out.suffix.lower() != ".html":
        raise ConfigError(f"a page is an .html file, got {out}")
    _check_place(out)
    if on_stage is not None:
        on_stage(f"reading {len(folders)} {'run' if len(folders) == 1 else 'runs'}")
    results = read_results(folders, is_one_panel=is_one_panel, unplayable=unplayable)
    if on_stage is not None:
        on_stage(f"packing the turns of {sum(len(run.played) for run in results.runs):,} episodes")
    written = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    texts = {
        out: render_page(results, written, pictures_of, max_episodes, on_progress),
        out.with_suffix(".md"): render_markdown(results, written),
        out.with_name("results.json" if out.stem == "report" else f"{out.stem}.results.json"): json.dumps(
            results_json(results, written), indent=1, allow_nan=False
        ),
    }
    if on_stage is not None:
        on_stage("writing")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_all_whole({path: partial(_write, text) for path, text in texts.items()})
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror or error}. Nothing of it was changed") from error
    return Report(*texts)


def _check_place(out: Path) -> None:
    """Raise ConfigError now, and not after a minute's work, if nothing can be written there."""
    folder = next(place for place in out.absolute().parents if place.exists())
    try:
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror or error}") from error


def _write(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", errors="replace")  # a folder's name may be no UTF-8
