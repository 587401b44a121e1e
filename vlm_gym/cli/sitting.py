"""How a sitting of a long run is shown, interrupted and ended."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from vlm_gym.errors import VlmGymError
from vlm_gym.program import INTERRUPTED

if TYPE_CHECKING:  # these import slowly, and every command reads this file
    from vlm_gym.evaluation.models.agents import Agent
    from vlm_gym.evaluation.runs.limits import Limits
    from vlm_gym.evaluation.runs.players import Player
    from vlm_gym.evaluation.runs.sitting import Failure, Progress

INCOMPLETE: Final = 1  # exit status of a run with episodes missing
NUM_SHOWN: Final = 10  # of the reasons why episodes failed


def note(text: str) -> None:
    """Tell something on stderr."""
    print(f"note: {text}", file=sys.stderr)


class Last:
    """Shows progress, and keeps the last of it for the end, however that comes."""

    def __init__(self, show: "Callable[[Progress], None]") -> None:
        self.show = show
        self.progress: Progress | None = None

    def __call__(self, progress: "Progress") -> None:
        """Show it."""
        self.progress = progress
        self.show(progress)


class Ended(NamedTuple):
    """How a sitting ended: the last that was heard of it, and the signal or closed pipe that stopped it, if any."""

    progress: "Progress | None"
    stopped_by: str | None
    is_unread: bool = False

    @property
    def is_last(self) -> bool:
        """Whether no other sitting is to be begun."""
        return self.is_unread or self.stopped_by is not None

    @property
    def status(self) -> int:
        """The exit status of the program."""
        if self.progress is not None and self.progress.is_complete:
            return 0
        return INTERRUPTED if self.stopped_by == signal.SIGINT.name else INCOMPLETE


def sit_with(
    agent: "Agent | Player",
    options: argparse.Namespace,
    play: "Callable[..., Coroutine[Any, Any, Progress]]",
    *,
    concurrency: int,
    limits: "Limits",
) -> Ended:
    """Play with an agent, as the options that all commands share have it, and close it: see `sit`.

    Args:
        agent: What plays.
        options: Those of `add_sitting` and `add_unplayable`.
        play: `evaluate` or `climb`, with all but the keyword arguments that both have.
        concurrency: Episodes at once.
        limits: Of the sitting.
    """

    async def play_and_close(last: Last) -> None:
        try:
            last.progress = await play(
                concurrency=concurrency,
                limits=limits,
                is_resumed=options.resume,
                unplayable=options.unplayable,
                on_progress=last,
                on_check=note if options.preflight else None,
            )
        finally:
            await agent.close()

    return sit(play_and_close)


def sit(play: Callable[[Last], Coroutine[Any, Any, None]]) -> Ended:
    """Play until the end or a signal; `play` takes the object that is told about progress, which keeps the last of it.

    Raises:
        VlmGymError: whatever ends the play; what is missing is said before.
    """
    from vlm_gym.cli.progress import shown_progress

    with shown_progress() as show:
        last = Last(show)
        try:
            signalled = asyncio.run(_until_signalled(play(last)))
        except VlmGymError:
            if last.progress is not None and last.progress.num_turns:
                print(_missing(last.progress, None), file=sys.stderr)
            raise
        except BrokenPipeError:  # whoever read how far it is has gone
            return Ended(last.progress, None, is_unread=True)
    return Ended(last.progress, signalled)


async def _until_signalled(playing: Coroutine[Any, Any, None]) -> str | None:
    """Run to the end, or to the first Ctrl-C or SIGTERM, whose name is returned; a second one ends the process."""
    task, loop, received = asyncio.ensure_future(playing), asyncio.get_running_loop(), []
    signals = (signal.SIGINT, signal.SIGTERM)

    def stop(number: signal.Signals) -> None:
        received.append(number.name)
        task.cancel()
        for each in signals:
            loop.remove_signal_handler(each)

    with contextlib.suppress(NotImplementedError):  # Windows knows no such handlers
        for number in signals:
            loop.add_signal_handler(number, stop, number)
    try:
        await task
    except asyncio.CancelledError:
        if not received:
            raise
    return received[0] if received else None


def tell_missing(end: Ended) -> None:
    """Say on stderr what is missing at the end of a sitting, and why, if anything is."""
    if end.progress is None or not end.progress.is_complete:
        print(_missing(end.progress, end.stopped_by), file=sys.stderr)


def _missing(progress: "Progress | None", signalled: str | None) -> str:
    """Say what is missing, and why."""
    if progress is None:
        return f"stopped by {signalled} before it began"
    lines = _failures(progress.failures)
    why = signalled or progress.stopped_by
    if why is not None:
        lines.append(f"stopped by {why}")
    num_missing = progress.num_episodes - progress.num_done
    lines.append(f"{num_missing} of {progress.num_episodes} episodes are missing: --resume plays them")
    return "\n".join(lines)


def _failures(failures: "Sequence[Failure]") -> list[str]:
    """Say why episodes failed, a line a reason, the most frequent one first."""
    from vlm_gym.evaluation.runs.records import short_name

    first = {failure.reason: failure.episode for failure in reversed(failures)}
    shown = Counter(failure.reason for failure in failures).most_common(NUM_SHOWN)
    lines = []
    for reason, number in shown:
        name = short_name(first[reason].task, first[reason].seed)
        which = f"1 episode failed, {name}" if number == 1 else f"{number} episodes failed, the first is {name}"
        lines.append(f"{which}: {reason}")
    num_more = len(failures) - sum(number for _, number in shown)
    return [*lines, f"... and {num_more} more failed"] if num_more else lines
