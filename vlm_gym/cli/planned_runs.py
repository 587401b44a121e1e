"""What `eval` plays: a run for each agent and panel that the command line names."""

import argparse
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.cli.arguments import start, task_arguments
from vlm_gym.cli.run_arguments import NUM_EPISODES, chat_of, parser_of
from vlm_gym.errors import ConfigError, did_you_mean
from vlm_gym.registration import NAMESPACE, find_task

if TYPE_CHECKING:  # these import slowly, and every command reads this file
    from vlm_gym.evaluation.models.trained import Training
    from vlm_gym.evaluation.runs.plan import Plan

RUN_FILE: Final = "run.json"  # as in evaluation.runs.run_folder
NO_FILE_NAME: Final = re.compile(r"[^\w.+=,\[\]-]+")


@dataclass(frozen=True)
class PlannedRun:
    """What one agent plays, and the folder it is written to."""

    agent: str
    plan: "Plan"
    folder: Path


def runs_of(options: argparse.Namespace) -> tuple[PlannedRun, ...]:
    """Return the runs that the options ask for: every agent plays every panel, or the one task.

    Several have a folder each in that of --out, named by what differs: the agent, the panel, or both.

    Raises:
        ConfigError: if the options contradict each other, or name what is not there.
    """
    from vlm_gym.evaluation.models.trained import FILE_NAME, training_of

    _check_options(options)
    panels = options.panel or [None]
    plans = {panel: _plan_of(options, panel) for panel in panels}
    runs = []
    for agent in options.agent:
        training = training_of(agent)
        if training is not None:
            print(f"{agent} is told what is not said here as in its training ({FILE_NAME})", file=sys.stderr)
        for panel in panels:
            plan = plans[panel] if training is None else _plan_of(options, panel, training)
            names = [agent] * (len(options.agent) > 1) + [panel] * (len(panels) > 1)
            runs.append(PlannedRun(agent, plan, options.out.joinpath(*map(_folder_name, names))))
    folders = [run.folder for run in runs]
    for run in runs:
        if folders.count(run.folder) > 1:
            raise ConfigError(f"two runs would be written to {run.folder}: expected every agent and panel once")
    if len(runs) > 1 and (options.out / RUN_FILE).exists():
        raise ConfigError(f"{options.out} is the folder of one run: choose another --out for several")
    return tuple(runs)


def _folder_name(name: str) -> str:
    """Return an agent's or panel's name as that of a folder."""
    return NO_FILE_NAME.sub("-", name).strip(".-") or "-"


def _plan_of(options: argparse.Namespace, panel_name: str | None, training: "Training | None" = None) -> "Plan":
    from vlm_gym.evaluation.runs.panels import get_panel
    from vlm_gym.evaluation.runs.plan import Plan, panel_of, repeated

    if panel_name is None:
        episodes, panel = _episodes_of_task(options, training), None
    else:
        whole = get_panel(panel_name).variant(task_arguments(options, ("parser",)))
        chosen = whole if options.first is None else whole.first(options.first)
        tasks = None if options.tasks is None else _tasks_of({each.task for each in whole.episodes}, options.tasks)
        episodes = tuple(each for each in chosen.episodes if tasks is None or each.task in tasks)
        panel = panel_of(chosen, tasks)
    return Plan(
        repeated(episodes, options.repeats),
        panel=panel,
        parser=parser_of(options, training),
        chat=chat_of(options, training),
        shard=options.shard,
        stop_repeats=options.stop_repeats,
    )


def _check_options(options: argparse.Namespace) -> None:
    if (options.panel is None) == (options.task is None):
        raise ConfigError("eval plays either --panel NAME or --task ID: give one of them")
    other = "--task ID" if options.task is None else "--panel NAME"
    names = ("episodes", "seed", "options") if options.task is None else ("first", "tasks")
    for name in names:
        if getattr(options, name) not in (None, []):
            raise ConfigError(f"--{name} goes with {other}")


def _episodes_of_task(options: argparse.Namespace, training: "Training | None") -> Any:
    from vlm_gym.evaluation.runs.episodes import task_episodes

    task, arguments = find_task(options.task).id, task_arguments(options, ("parser",))
    if training is not None and training.task == task and not arguments:
        arguments = dict(training.arguments)
    episodes, num_starts = task_episodes(
        task,
        arguments,
        start(options),
        first_seed=options.seed or 0,
        number=options.episodes,
        num_drawn=NUM_EPISODES,
    )
    if num_starts is not None:
        print(f"{task.removeprefix(NAMESPACE)}: {_share(len(episodes), num_starts)}", file=sys.stderr)
    return episodes


def _share(num_episodes: int, num_starts: int) -> str:
    """Say which share of a task's list of games so many episodes are."""
    if num_episodes < num_starts:
        return f"{num_episodes:,} of its {num_starts:,} games, task types mixed"
    if num_episodes == num_starts:
        return f"all of its {num_starts:,} games, each once"
    return f"{num_episodes:,} episodes of its {num_starts:,} games, which are played again from the first"


def _tasks_of(known: set[str], names: list[str]) -> list[str]:
    """Return the ids of a panel's tasks by their names, with or without vlm_gym/."""
    ids = {task.removeprefix(NAMESPACE): task for task in sorted(known)}
    for name in names:
        if name.removeprefix(NAMESPACE) not in ids:
            hint = did_you_mean(name.removeprefix(NAMESPACE), ids)
            raise ConfigError(f"the panel has no task {name!r}.{hint} It has {', '.join(ids)}")
    return [ids[name.removeprefix(NAMESPACE)] for name in names]
