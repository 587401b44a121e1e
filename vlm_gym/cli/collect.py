"""The command `collect`."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.cli.arguments import add_command, count, task_arguments
from vlm_gym.cli.endpoint_arguments import add_endpoint, endpoint_of, local_of
from vlm_gym.cli.run_arguments import add_chat, chat_of, parser_of, positive
from vlm_gym.errors import ConfigError, MissingDependencyError
from vlm_gym.evaluation.models.agent_names import FORMS, make_agent
from vlm_gym.installation import install_hint
from vlm_gym.program import COMMAND, stopped
from vlm_gym.registration import find_task

if TYPE_CHECKING:
    from vlm_gym.collect.run import Progress
    from vlm_gym.collect.settings import CollectSettings

INCOMPLETE: Final = 1  # exit status of a data set with fewer samples than were wanted
EXAMPLES: Final = """vlm-gym collect TASK --samples 20000 --out data/mine
  vlm-gym collect TASK OTHER --samples 50000 --balance-actions --out data/both
  vlm-gym collect TASK --arg theme=night --samples 50000 --format llava --out data/night
  vlm-gym collect OTHER --samples 5000 --unit conversation --format trl --out data/episodes
  vlm-gym collect TASK --samples 5000 --format-only --out data/form     # random actions in the right form
  vlm-gym collect OTHER --agent oracle:0.7 --label best --samples 9000 --out data/corrected
  vlm-gym collect --from-run runs/model --successful-only --out data/model      # a run of vlm-gym eval --task ID
  vlm-gym collect --from-run runs/model --label searcher --out data/visited     # what a good player would have done
  vlm-gym collect TASK --samples 20000 --out data/mine --resume         # goes on where it stopped

The exit status is 0 if all samples are there, 1 if fewer could be found, 2 for a mistake, 130 after
Ctrl-C."""


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(commands, "collect", _collect, "make a data set for supervised training", EXAMPLES)
    command.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="the data set's folder")
    command.add_argument("--resume", action="store_true", help="go on with the data set that is in the folder, if any")
    _add_episodes(command)
    _add_samples(command)
    add_chat(command)
    add_endpoint(command)


def _add_episodes(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what is played")
    group.add_argument("tasks", nargs="*", metavar="ID", help="tasks; of a panel or a run only these")
    group.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the tasks, its value as JSON or plain text; may be repeated",
    )
    group.add_argument("--seed", type=count, default=0, metavar="S", help="of the data set (default: 0)")
    group.add_argument("--agent", metavar="NAME", help=f"what plays (default: oracle): {FORMS}")
    group.add_argument("--from-run", metavar="FOLDER", help="the episodes of this run instead, with its answers")
    group.add_argument("--panel", metavar="NAME", help="the frozen episodes of a panel: never train on what you score")
    group.add_argument(
        "--concurrency", type=positive, default=16, metavar="N", help="episodes at once, if a model plays (default: 16)"
    )


def _add_samples(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("what is kept, and how")
    group.add_argument("--samples", type=positive, metavar="N", help="in all, in even shares for each task")
    group.add_argument(
        "--label",
        default="played",
        metavar="WHICH",
        help="whose answer is learnt: played (the agent's), best (the oracle's), searcher, or random in the right form "
        "(default: played)",
    )
    group.add_argument(
        "--format-only", action="store_const", const="random", dest="label", help="the same as --label random"
    )
    group.add_argument("--cot", default="varied", metavar="HOW", help="thoughts: varied or none (default: varied)")
    group.add_argument("--successful-only", action="store_true", help="only episodes that succeed")
    group.add_argument("--balance-actions", action="store_true", help="no action, or verb, more than its even share")
    group.add_argument("--keep-duplicates", action="store_true", help="keep samples that are the same in all")
    group.add_argument(
        "--patience",
        type=positive,
        default=2000,
        metavar="N",
        help="leave a task after N episodes in a row that gave nothing new (default: %(default)s)",
    )
    group.add_argument(
        "--unit",
        default="step",
        metavar="WHAT",
        help="a sample: step (one turn) or conversation (an episode; default: step)",
    )
    group.add_argument(
        "--format",
        default="parquet",
        metavar="NAME",
        help="parquet (Hugging Face datasets), llava (JSON lines and PNG files, also for LLaMA-Factory) or trl "
        "(default: parquet)",
    )
    group.add_argument(
        "--shard-size", type=positive, default=2000, metavar="N", help="samples of a file (default: %(default)s)"
    )


def _collect(options: argparse.Namespace) -> int:
    settings = _settings_of(options)
    try:
        with _shown_progress() as show:
            counts = asyncio.run(_run(options, settings, show))
    except KeyboardInterrupt:
        return stopped(COMMAND, "--resume goes on")
    return _tell_end(options.out, counts)


async def _run(
    options: argparse.Namespace, settings: "CollectSettings", on_progress: "Callable[[Progress], None]"
) -> Mapping[str, Any]:
    from vlm_gym.collect.run import collect

    agent = make_agent(options.agent or "oracle", endpoint_of(options), local_of(options))
    try:
        return await collect(
            options.out,
            settings,
            agent,
            concurrency=options.concurrency,
            command=_command(sys.argv),
            is_resumed=options.resume,
            on_progress=on_progress,
        )
    finally:
        await agent.close()


def _settings_of(options: argparse.Namespace) -> "CollectSettings":
    from vlm_gym.collect.settings import CollectSettings
    from vlm_gym.evaluation.models.trained import training_of

    training = training_of(options.agent)
    settings = CollectSettings(
        tasks=tuple(find_task(name).id for name in options.tasks),
        arguments=task_arguments(options, ("parser",)),
        samples=options.samples,
        panel=options.panel,
        from_run=options.from_run,
        label=options.label,
        cot=options.cot,
        unit=options.unit,
        format=options.format,
        parser=parser_of(options, training),
        chat=chat_of(options, training),
        successful_only=options.successful_only,
        balance_actions=options.balance_actions,
        keep_duplicates=options.keep_duplicates,
        seed=options.seed,
        patience=options.patience,
        shard_size=options.shard_size,
    )
    return settings if options.from_run is None else _as_in_run(settings, has_agent=options.agent is not None)


def _as_in_run(settings: "CollectSettings", *, has_agent: bool) -> "CollectSettings":
    """Take over what determines how a run's tasks were told."""
    from vlm_gym.chat import ChatSettings
    from vlm_gym.collect.settings import CollectSettings
    from vlm_gym.evaluation.runs.plan import told_as
    from vlm_gym.evaluation.runs.run_folder import read_run

    run = read_run(Path(str(settings.from_run)))
    if has_agent or (settings.parser, settings.chat) != (CollectSettings.parser, ChatSettings()):
        raise ConfigError("--from-run has an agent, a parser and a way of telling of its own: expected no others")
    return replace(settings, parser=run["parser"], chat=told_as(run))


def _command(arguments: list[str]) -> list[str]:
    """Return the command line without the folder and without --resume, neither of which changes the data."""
    words = ["vlm-gym"]
    is_folder = False
    for word in arguments[1:]:
        if is_folder or word in ("--resume", "--out") or word.startswith("--out="):
            is_folder = word == "--out"
            continue
        words.append(word)
    return [*words, "--out", "FOLDER"]


@contextmanager
def _shown_progress() -> "Iterator[Callable[[Progress], None]]":
    """Show a bar on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
    except ImportError as error:
        raise MissingDependencyError(f"the progress bar needs rich: {install_hint('data')}") from error
    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("samples, {task.description}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        collecting = bar.add_task("", total=None)

        def show(progress: "Progress") -> None:
            bar.update(
                collecting,
                total=progress.num_wanted,
                completed=progress.num_samples,
                description=progress.task.removeprefix("vlm_gym/"),
            )

        yield show


def _tell_end(folder: Path, counts: Mapping[str, Any]) -> int:
    """Print what there is now; return the exit status."""
    num_files = counts["num_shards"]
    print(
        f"{folder}: {counts['num_samples']:,} samples with {counts['num_pictures']:,} distinct pictures "
        f"in {num_files} {'file' if num_files == 1 else 'files'}"
    )
    if not counts["num_samples"]:
        print(f"nothing was kept: no turn of these episodes is what was asked for ({folder})", file=sys.stderr)
        return INCOMPLETE
    notices = [task for task in counts["tasks"] if task["notice"] is not None]
    for task in notices:
        print(f"{task['task']}: {task['notice']}", file=sys.stderr)
    return INCOMPLETE if notices else 0
