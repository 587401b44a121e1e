"""A report of runs that may still be played: put together anew, as often as is cheap, when they have grown."""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from vlm_gym.errors import RunError
from vlm_gym.evaluation.report.assemble import assemble
from vlm_gym.evaluation.report.episodes import MAX_IN_BLOCK, PageEpisode, choose_episodes, pack_block, picture_names
from vlm_gym.evaluation.report.page import page_title, report_data
from vlm_gym.evaluation.report.results import Results, read_results
from vlm_gym.evaluation.runs.run_folder import picture_path
from vlm_gym.web.run_list import file_sizes

SHARE: Final = 0.1  # of a processor's time that putting it together may take
SCRIPTS: Final = ("live",)
POLICY: Final = "; img-src 'self' data:; connect-src 'self'"


@dataclass(frozen=True)
class _Edition:
    """A report as it stood once."""

    version: int
    results: Results
    episodes: Sequence[PageEpisode]
    data: Mapping[str, Any]


class LiveReport:
    """The report of some runs, the way the page asks for it.

    Args:
        folders: The runs' folders.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._lock = threading.Lock()
        self._edition: _Edition | None = None
        self._sizes: tuple[tuple[int, ...], ...] = ()
        self._next_s = 0.0

    def page(self) -> str:
        """Return the page.

        Raises:
            RunError: if none of the runs has a finished episode, or one is damaged.
        """
        edition = self._newest()
        return assemble(page_title(edition.results), edition.data, {}, more_scripts=SCRIPTS, policy=POLICY)

    def data(self, version: int) -> Mapping[str, Any] | None:
        """Return what the page tells now; None if that is this version."""
        edition = self._newest()
        return None if edition.version == version else edition.data

    def chunk(self, version: int, name: str) -> str | None:
        """Return a chunk of the page; None if there is a newer version.

        Raises:
            KeyError: if it has no such chunk.
        """
        edition = self._edition
        if edition is None or edition.version != version:
            return None
        kind, _, number = name.partition("-")
        if name == "places":
            return _places(edition)
        if kind not in ("said", "turns") or not number.isdecimal() or int(number) >= len(edition.data["blocks"]):
            raise KeyError(name)
        first = MAX_IN_BLOCK * int(number)
        block = pack_block(first, edition.episodes[first : first + MAX_IN_BLOCK])
        return block.said if kind == "said" else block.turns

    def picture(self, run: int, name: str) -> bytes | None:
        """Return a picture of a run as PNG; None if it is not there."""
        edition = self._edition
        if edition is None or not 0 <= run < len(edition.results.runs) or not name.isalnum():
            return None
        path = picture_path(edition.results.runs[run].folder, name)
        return path.read_bytes() if path.is_file() else None

    def _newest(self) -> _Edition:
        with self._lock:
            sizes = tuple(file_sizes(folder) for folder in self._folders)
            if self._edition is None or (sizes != self._sizes and time.monotonic() >= self._next_s):
                start_s = time.process_time()
                self._edition = self._put_together()
                self._sizes = sizes
                self._next_s = time.monotonic() + (time.process_time() - start_s) / SHARE
            return self._edition

    def _put_together(self) -> _Edition:
        begun = [folder for folder in self._folders if file_sizes(folder)[1]]
        if not begun:
            raise RunError("No episode is finished yet. Load this page again in a while.")
        results = read_results(begun, is_one_panel=False)
        episodes = choose_episodes(results, None)
        written = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        missing = len(self._folders) - len(begun)
        notes = [f"{missing} of the runs chosen have no finished episode yet."] if missing else []
        blocks = range(0, len(episodes), MAX_IN_BLOCK)
        version = 1 if self._edition is None else self._edition.version + 1
        data = {**report_data(results, written, notes, episodes, blocks, ()), "version": version}
        return _Edition(version, results, episodes, data)


def _places(edition: _Edition) -> str:
    """Return where the pictures are, RUN/NAME of each; null for an end that is not there yet."""
    return json.dumps(
        [[f"{item.run}/{name}" if name else None for name in picture_names(item)] for item in edition.episodes]
    )
