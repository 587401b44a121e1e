"""The command `merge`."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from vlm_gym.cli.arguments import add_command

INCOMPLETE: Final = 1  # exit status of a run with episodes missing
NUM_SHOWN: Final = 10  # of the episodes that are missing


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "merge",
        _merge,
        "put the shards of a run together",
        "vlm-gym merge runs/random-1 runs/random-2 --out runs/random\n\n"
        "The exit status is 0 if every episode is finished, 1 if some are missing: `vlm-gym eval --resume` with the\n"
        "merged folder and without --shard plays those.",
    )
    command.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="the folders that the shards wrote")
    command.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="the folder of the whole run")


def _merge(options: argparse.Namespace) -> int:
    from vlm_gym.evaluation.runs.merge import merge

    merged = merge(options.runs, options.out)
    num_missing = len(merged.missing)
    print(f"{merged.num_episodes - num_missing} of {merged.num_episodes} episodes: {options.out}")
    for key in merged.missing[:NUM_SHOWN]:
        print(f"missing: {key}", file=sys.stderr)
    if num_missing > NUM_SHOWN:
        print(f"... and {num_missing - NUM_SHOWN} more are missing", file=sys.stderr)
    return INCOMPLETE if num_missing else 0
