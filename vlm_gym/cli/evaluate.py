"""The command `eval`."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.cli.arguments import add_command
from vlm_gym.cli.run_arguments import add_chat, add_episodes, add_limits, limits_of, plan_of, positive
from vlm_gym.evaluation.agent_names import FORMS, make_agent

if TYPE_CHECKING:
    from vlm_gym.evaluation.agents import Agent
    from vlm_gym.evaluation.plan import Plan
    from vlm_gym.evaluation.players import Player
    from vlm_gym.evaluation.run import Limits, Progress

INCOMPLETE: Final = 1  # exit status of a run with episodes missing
NUM_SHOWN: Final = 10  # of the episodes that failed
EXAMPLES: Final = """vlm-gym eval --agent random --panel cards-v0 --out runs/random
  vlm-gym eval --agent oracle:0.8 --panel household-v0 --first 20 --out runs/noisy
  vlm-gym eval --agent python:my_model:answer --task Blackjack-v0 --episodes 200 --arg natural=true --out runs/mine
  vlm-gym eval --agent random --panel cards-v0 --out runs/random --resume       # goes on where it stopped
  vlm-gym eval --agent random --panel cards-v0 --shard 1/4 --out runs/random-1  # one machine's part of four

The exit status is 0 if every episode is finished, 1 if some are missing, 2 for a mistake."""


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(commands, "eval", _evaluate, "play many episodes with an agent, and score it", EXAMPLES)
    command.add_argument("--agent", required=True, metavar="NAME", help=f"what plays: {FORMS}")
    command.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="the run's folder")
    command.add_argument("--resume", action="store_true", help="go on with the run that is in the folder, if any")
    command.add_argument("--concurrency", type=positive, default=16, metavar="N", help="episodes at once (default: 16)")
    command.add_argument(
        "--executor",
        choices=("local", "ray"),
        default="local",
        help="where it plays: in this process, or on a Ray cluster (default: local)",
    )
    command.add_argument(
        "--workers", type=positive, metavar="N", help="of the cluster (default: as many as it has room for)"
    )
    command.add_argument("--gpus-per-worker", type=float, default=0.0, metavar="X", help="for hf: agents (default: 0)")
    add_episodes(command)
    add_chat(command)
    add_limits(command)


def _evaluate(options: argparse.Namespace) -> int:
    from vlm_gym.cli.progress import shown_progress

    plan, limits = plan_of(options), limits_of(options)
    agent = _agent(options, plan)  # starts Ray, which takes SIGTERM for itself: `_until_signalled` takes it back
    with shown_progress() as show:
        last = _Last(show)
        signalled = asyncio.run(_until_signalled(_play(options, plan, limits, agent, last)))
    return _tell_end(last.progress, signalled)


def _agent(options: argparse.Namespace, plan: "Plan") -> "Agent | Player":
    make = partial(make_agent, options.agent)
    if options.executor == "local":
        return make()
    from vlm_gym.evaluation.cluster import ClusterPlayer

    return ClusterPlayer(make, plan, num_workers=options.workers, gpus_per_worker=options.gpus_per_worker)


async def _play(
    options: argparse.Namespace,
    plan: "Plan",
    limits: "Limits",
    agent: "Agent | Player",
    on_progress: "Callable[[Progress], None]",
) -> None:
    from vlm_gym.evaluation.run import evaluate

    try:
        await evaluate(
            options.out,
            plan,
            agent,
            concurrency=options.concurrency,
            limits=limits,
            is_resumed=options.resume,
            on_progress=on_progress,
        )
    finally:
        await agent.close()


class _Last:
    """Shows progress, and keeps the last of it for the end, however that comes."""

    def __init__(self, show: "Callable[[Progress], None]") -> None:
        self.show = show
        self.progress: Progress | None = None

    def __call__(self, progress: "Progress") -> None:
        self.progress = progress
        self.show(progress)


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


def _tell_end(progress: "Progress | None", signalled: str | None) -> int:
    """Print how the run ended; return the exit status."""
    if progress is None:  # it was stopped before it began
        print(f"stopped by {signalled}", file=sys.stderr)
        return INCOMPLETE
    if progress.is_complete:
        return 0
    why = signalled or progress.stopped_by
    num_missing = progress.num_episodes - progress.num_done
    print(f"{num_missing} of {progress.num_episodes} episodes are missing", file=sys.stderr)
    if why is not None:
        print(f"stopped by {why}", file=sys.stderr)
    for failure in progress.failures[:NUM_SHOWN]:
        print(f"failed: {failure.episode}: {failure.reason}", file=sys.stderr)
    if len(progress.failures) > NUM_SHOWN:
        print(f"... and {len(progress.failures) - NUM_SHOWN} more failed", file=sys.stderr)
    print("The same command with --resume plays them", file=sys.stderr)
    return INCOMPLETE
