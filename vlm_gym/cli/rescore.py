"""The command `rescore`."""

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.cli.arguments import add_command

if TYPE_CHECKING:
    from vlm_gym.evaluation.runs.rescore import Parting

NUM_SHOWN: Final = 20  # of the episodes that part
POLICIES: Final = ("charge", "random", "end", "ask")


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "rescore",
        _rescore,
        "read the answers of a run again, with another parser or fault policy",
        "vlm-gym rescore runs/mine                               # with the run's parser, as it is in this version\n"
        "  vlm-gym rescore runs/mine --parser tagged --out runs/again  # and write it as a run, for `vlm-gym report`\n"
        "  vlm-gym rescore runs/mine --on-fault end\n\n"
        "No model is asked. An episode is read again for as long as what would be sent is what was sent; where it\n"
        "parts before its end nobody knows its outcome, and it is missing in the figures, which come with bounds.",
    )
    command.add_argument("run_folder", type=Path, metavar="RUN", help="the run's folder, which stays as it is")
    command.add_argument("--parser", metavar="NAME", help="what reads the answers (default: the run's parser)")
    command.add_argument(
        "--on-fault", choices=POLICIES, help="what an answer without a readable action does (default: as in the run)"
    )
    command.add_argument("--out", type=Path, metavar="FOLDER", help="write the run as it is read now")


def _rescore(options: argparse.Namespace) -> None:
    from vlm_gym.cli.progress import Stages
    from vlm_gym.cli.score_table import score_table
    from vlm_gym.evaluation.runs.rescore import rescore
    from vlm_gym.evaluation.scores.statistics import percent
    from vlm_gym.evaluation.scores.summary import summarise, summarise_run

    with Stages() as stages:
        again = asyncio.run(
            rescore(
                options.run_folder,
                parser=options.parser,
                on_fault=options.on_fault,
                out=options.out,
                on_episode=lambda number, of: stages.show(f"reading {number:,} of {of:,} episodes"),
            )
        )
    num_unknown = sum(not parting.is_known for parting in again.partings)
    num_known = len(again.partings) - num_unknown
    print(
        f"{again.num_same} episodes are read as they were, {num_known} otherwise and to an end that is known, and "
        f"{num_unknown} part before their end"
    )
    for parting in again.partings[:NUM_SHOWN]:
        print(_line(parting))
    if len(again.partings) > NUM_SHOWN:
        print(f"... and {len(again.partings) - NUM_SHOWN} more")
    if again.run.played:
        summary = summarise_run(again.run)
        print(f"\nas it is read now:\n{score_table(summary)}")
    if again.num_same or again.partings:
        print(f"\nas it was recorded: success {percent(summarise(options.run_folder).overall.success.value)} %")


def _line(parting: "Parting") -> str:
    from vlm_gym.evaluation.runs.records import short_name

    episode = parting.episode
    name = short_name(episode.task, episode.seed) + (f", attempt {episode.repeat + 1}" if episode.repeat else "")
    end = "" if parting.is_known else "; what would come then is not known"
    return f"{name}, turn {parting.turn}: was {parting.recorded}, is {parting.read}{end}"
