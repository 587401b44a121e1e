"""The command `eval`."""

import argparse
import asyncio
import contextlib
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from vlm_gym.cli.arguments import add_command, folder
from vlm_gym.cli.arguments import number as a_number
from vlm_gym.cli.batch_arguments import add_batches, batched, check_batches
from vlm_gym.cli.endpoint_arguments import add_endpoint, endpoint_of, local_of
from vlm_gym.cli.planned_runs import runs_of
from vlm_gym.cli.run_arguments import add_chat, add_episodes, add_limits, add_unplayable, limits_of, positive
from vlm_gym.cli.unused import check_unused
from vlm_gym.errors import AgentError, RunError, VlmGymError
from vlm_gym.evaluation.models.agent_names import FORMS, make_agent
from vlm_gym.program import INTERRUPTED

if TYPE_CHECKING:
    from vlm_gym.cli.planned_runs import PlannedRun
    from vlm_gym.evaluation.models.agents import Agent
    from vlm_gym.evaluation.runs.limits import Limits
    from vlm_gym.evaluation.runs.players import Player
    from vlm_gym.evaluation.runs.sitting import Failure, Progress

INCOMPLETE: Final = 1  # exit status of a run with episodes missing
NUM_SHOWN: Final = 10  # of the reasons why episodes failed
EXAMPLES: Final = """vlm-gym eval --agent random --panel cards-v0 --out runs/random
  vlm-gym eval --agent openai:Qwen/Qwen2.5-VL-7B-Instruct --base-url http://localhost:8000/v1 --temperature 0 \\
      --panel cards-v0 --concurrency 64 --out runs/qwen
  vlm-gym eval --agent oracle:0.8 --panel household-v0 --first 20 --out runs/noisy
  vlm-gym eval --agent python:my_model:answer --task TASK --episodes 200 --arg theme=night --out runs/mine
  vlm-gym eval --agent random --panel cards-v0 --out runs/random --resume       # goes on where it stopped
  vlm-gym eval --agent random --panel cards-v0 --shard 1/4 --out runs/random-1  # one machine's part of four
  vlm-gym eval --agent random --panel cards-v0 --arg prompt=action_only --out runs/short   # a variant of the panel
  vlm-gym eval --agent random oracle:0.8 --panel cards-v0 household-v0 --first 5 --out runs/all   # four runs, a table

The exit status is 0 if every episode is finished, 1 if some are missing, 2 for a mistake, 130 after Ctrl-C."""


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(commands, "eval", _evaluate, "play many episodes with an agent, and score it", EXAMPLES)
    command.add_argument(
        "--agent",
        required=True,
        nargs="+",
        action="extend",
        metavar="NAME",
        help=f"what plays: {FORMS}; several play one after the other",
    )
    command.add_argument(
        "--out",
        required=True,
        type=folder,
        metavar="FOLDER",
        help="the run's folder; of several agents or panels, the folder that holds those of their runs",
    )
    command.add_argument("--resume", action="store_true", help="go on with the run that is in the folder, if any")
    command.add_argument(
        "--concurrency", type=positive, metavar="N", help="episodes at once (default: 16; with --batch, all)"
    )
    command.add_argument(
        "--no-preflight",
        dest="preflight",
        action="store_false",
        help="send no first request, the longest that may come, to models behind endpoints before anything is played",
    )
    add_episodes(command)
    add_chat(command)
    add_endpoint(command)
    add_batches(command)
    _add_cluster(command)
    add_limits(command)
    add_unplayable(command)
    command.set_defaults(default_of=command.get_default)


def _add_cluster(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("where it is played")
    group.add_argument(
        "--executor",
        choices=("local", "ray"),
        default="local",
        help="ray: on a Ray cluster, that of $RAY_ADDRESS or one on this machine (default: local)",
    )
    group.add_argument("--workers", type=positive, metavar="N", help="of the cluster (default: all that have room)")
    group.add_argument("--gpus-per-worker", type=a_number, default=0.0, metavar="X", help="for hf: agents (default: 0)")


def _evaluate(options: argparse.Namespace) -> int:
    check_batches(options)
    runs, limits = runs_of(options), limits_of(options)
    endpoint_of(options)
    check_unused(options, options.default_of)
    if len(runs) == 1:
        return _evaluate_one(options, runs[0], limits).status
    _check_agents(options)
    statuses = []
    for number, run in enumerate(runs, start=1):
        print(f"run {number} of {len(runs)}: {run.folder}", file=sys.stderr)
        end = _evaluate_one_of_several(options, run, limits)
        statuses.append(end.status)
        if end.is_last:
            break
    _print_runs(options, runs)
    return max(statuses)


def _evaluate_one_of_several(options: argparse.Namespace, run: "PlannedRun", limits: "Limits") -> "_End":
    """Play a run; what its agent cannot do is said, and no reason not to play the next one."""
    try:
        return _evaluate_one(options, run, limits, has_table=False)
    except (AgentError, RunError) as error:
        print(f"{run.folder}: {error}", file=sys.stderr)
        return _End(INCOMPLETE)


class _End(NamedTuple):
    """How a run ended: its exit status, and whether no other run shall be begun."""

    status: int
    is_last: bool = False


def _evaluate_one(
    options: argparse.Namespace, run: "PlannedRun", limits: "Limits", *, has_table: bool = True
) -> "_End":
    from vlm_gym.cli.progress import shown_progress

    agent = _agent(options, run)  # starts Ray, which takes SIGTERM for itself: `_until_signalled` takes it back
    with shown_progress() as show:
        last = _Last(show)
        try:
            signalled = asyncio.run(_until_signalled(_play(options, run, limits, agent, last)))
        except VlmGymError:
            if last.progress is not None and last.progress.num_turns:
                print(_missing(last.progress, None), file=sys.stderr)
            raise
        except BrokenPipeError:  # whoever read how far it is has gone
            return _End(INCOMPLETE, is_last=True)
    status = _tell_end(options, run, last.progress, signalled, has_table=has_table)
    return _End(status, is_last=signalled is not None)


def _agent(options: argparse.Namespace, run: "PlannedRun") -> "Agent | Player":
    endpoint = batched(endpoint_of(options), options, run.folder)
    make = partial(make_agent, run.agent, endpoint, local_of(options))
    if options.executor == "local":
        return make()
    from vlm_gym.evaluation.runs.cluster import ClusterPlayer

    return ClusterPlayer(make, run.plan, num_workers=options.workers, gpus_per_worker=options.gpus_per_worker)


def _check_agents(options: argparse.Namespace) -> None:
    """Raise now, and not after hours of other agents' play, if one cannot be made; models are not loaded for that."""
    for name in options.agent:
        if not name.startswith("hf:"):
            asyncio.run(make_agent(name, endpoint_of(options), local_of(options)).close())


def _print_runs(options: argparse.Namespace, runs: "Sequence[PlannedRun]") -> None:
    from vlm_gym.cli.runs_table import runs_table
    from vlm_gym.evaluation.scores.summary import summarise

    summaries = []
    for run in runs:
        with contextlib.suppress(RunError):  # nothing of it is finished
            summaries.append(summarise(run.folder, options.unplayable))
    if summaries:
        print(runs_table(summaries))


def _concurrency(options: argparse.Namespace, run: "PlannedRun") -> int:
    from vlm_gym.evaluation.runs.run import CONCURRENCY, MAX_CONCURRENCY

    all_at_once = min(len(run.plan.own_episodes), MAX_CONCURRENCY) if options.batch else CONCURRENCY
    return int(options.concurrency or all_at_once)


async def _play(
    options: argparse.Namespace,
    run: "PlannedRun",
    limits: "Limits",
    agent: "Agent | Player",
    last: "_Last",
) -> None:
    from vlm_gym.evaluation.runs.run import evaluate

    try:
        last.progress = await evaluate(
            run.folder,
            run.plan,
            agent,
            concurrency=_concurrency(options, run),
            limits=limits,
            is_resumed=options.resume,
            unplayable=options.unplayable,
            on_progress=last,
            on_check=_note if options.preflight else None,
        )
    finally:
        await agent.close()


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


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


def _tell_end(
    options: argparse.Namespace,
    run: "PlannedRun",
    progress: "Progress | None",
    signalled: str | None,
    *,
    has_table: bool,
) -> int:
    """Print the scores, unless they are told elsewhere, and what is missing; return the exit status."""
    from vlm_gym.cli.score_table import score_table
    from vlm_gym.evaluation.scores.summary import summarise

    if has_table and progress is not None and progress.num_done:
        print(score_table(summarise(run.folder, options.unplayable)))
    if progress is not None and progress.num_requests and not progress.num_tokens:
        print("the server does not count tokens: tokens and cost are 0")
    if progress is not None and progress.is_complete:
        return 0
    print(_missing(progress, signalled), file=sys.stderr)
    return INTERRUPTED if signalled == signal.SIGINT.name else INCOMPLETE


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
