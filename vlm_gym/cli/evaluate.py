"""The command `eval`."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.cli.arguments import add_command
from vlm_gym.cli.arguments import number as a_number
from vlm_gym.cli.batch_arguments import add_batches, batched, check_batches
from vlm_gym.cli.endpoint_arguments import add_endpoint, endpoint_of, local_of
from vlm_gym.cli.planned_runs import runs_of
from vlm_gym.cli.run_arguments import (
    add_chat,
    add_episodes,
    add_limits,
    add_sitting,
    add_unplayable,
    limits_of,
    positive,
)
from vlm_gym.cli.sitting import Ended, note, sit_with, tell_missing
from vlm_gym.cli.unused import check_unused
from vlm_gym.errors import AgentError, RunError
from vlm_gym.evaluation.models.agent_names import FORMS, make_agent

if TYPE_CHECKING:
    from vlm_gym.cli.planned_runs import PlannedRun
    from vlm_gym.evaluation.models.agents import Agent
    from vlm_gym.evaluation.runs.limits import Limits
    from vlm_gym.evaluation.runs.players import Player
    from vlm_gym.evaluation.runs.sitting import Progress

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
        type=Path,
        metavar="FOLDER",
        help="the run's folder; of several agents or panels, the folder that holds those of their runs",
    )
    command.add_argument(
        "--concurrency", type=positive, metavar="N", help="episodes at once (default: 16; with --batch, all)"
    )
    add_sitting(command)
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


def _evaluate_one_of_several(options: argparse.Namespace, run: "PlannedRun", limits: "Limits") -> Ended:
    """Play a run; what its agent cannot do is said, and the next run is played all the same."""
    try:
        return _evaluate_one(options, run, limits, has_table=False)
    except (AgentError, RunError) as error:
        print(f"{run.folder}: {error}", file=sys.stderr)
        return Ended(None, None)


def _evaluate_one(options: argparse.Namespace, run: "PlannedRun", limits: "Limits", *, has_table: bool = True) -> Ended:
    from vlm_gym.evaluation.runs.plan import plan_notes
    from vlm_gym.evaluation.runs.run import evaluate

    for told in plan_notes(run.plan):
        note(told)
    agent = _agent(options, run)  # starts Ray, which takes SIGTERM for itself: `sit` takes it back
    play = partial(evaluate, run.folder, run.plan, agent)
    end = sit_with(agent, options, play, concurrency=_concurrency(options, run), limits=limits)
    if end.is_unread:
        return end
    if has_table:
        _tell_scores(options, run, end.progress)
    if end.progress is not None and end.progress.num_requests and not end.progress.num_tokens:
        print("the server does not count tokens: tokens and cost are 0")
    tell_missing(end)
    return end


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


def _tell_scores(options: argparse.Namespace, run: "PlannedRun", progress: "Progress | None") -> None:
    from vlm_gym.cli.score_table import score_table
    from vlm_gym.evaluation.scores.summary import summarise

    if progress is not None and progress.num_done:
        print(score_table(summarise(run.folder, options.unplayable)))
