"""How a long run shows where it stands: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from vlm_gym.errors import MissingDependencyError
from vlm_gym.evaluation.runs.sitting import Progress
from vlm_gym.installation import install_hint

SECONDS_PER_LINE: Final = 10.0
ERASED_LINE: Final = "\r\x1b[K"


@contextmanager
def shown_progress() -> Iterator[Callable[[Progress], None]]:
    """Show on stderr what is told to the function that comes with it.

    Raises:
        MissingDependencyError: if stderr is a terminal and rich is not installed.
    """
    if not sys.stderr.isatty():
        yield _Lines()
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
    except ImportError as error:
        raise MissingDependencyError(f"the progress bar needs rich: {install_hint('eval')}") from error
    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        playing = bar.add_task("", total=None)

        def show(progress: Progress) -> None:
            bar.update(
                playing, total=progress.num_episodes, completed=progress.num_done, description=_standing(progress)
            )

        yield show


class Stages:
    """Shows what is done now: on a terminal in a line that is written over, elsewhere in a line every few seconds."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._last_s = time.monotonic()

    def __enter__(self) -> "Stages":
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_terminal:
            print(ERASED_LINE, end="", file=sys.stderr, flush=True)

    def show(self, text: str) -> None:
        """Show it."""
        if self._is_terminal:
            print(f"{ERASED_LINE}{text} ...", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last_s >= SECONDS_PER_LINE:
            self._last_s = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    def count_episodes(self, doing: str, num_done: int, num_all: int) -> None:
        """Show for how many episodes it is done."""
        self.show(f"{doing} of {num_done:,} of {num_all:,} episodes")


class _Lines:
    """Writes a line every few seconds, and one at the end."""

    def __init__(self) -> None:
        self._start_s: float | None = None
        self._last_s = time.monotonic()
        self._num_before = 0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._start_s is None:
            self._start_s, self._num_before = now, progress.num_done
        if now - self._last_s < SECONDS_PER_LINE and not progress.is_complete:
            return
        self._last_s = now
        line = f"{progress.num_done}/{progress.num_episodes} episodes, {_standing(progress)}"
        print(line + self._left(progress, now - self._start_s), file=sys.stderr, flush=True)

    def _left(self, progress: Progress, elapsed_s: float) -> str:
        num_now = progress.num_done - self._num_before
        if progress.is_complete or num_now == 0:
            return ""
        left_s = elapsed_s * (progress.num_episodes - progress.num_done) / num_now
        return f", {timedelta(seconds=round(left_s))} left"


def _standing(progress: Progress) -> str:
    told = f"{progress.num_turns} turns"
    if progress.num_done:
        share = 100 * progress.num_successes / progress.num_done  # the table has its interval
        told = f"success {share:.1f} %, {told}"
    return told + (f", {len(progress.failures)} failed" if progress.failures else "")
