"""The command `bench`."""

import argparse
from typing import Any

from vlm_gym.cli.arguments import add_command, count, seconds
from vlm_gym.registration import find_task


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "bench",
        _bench,
        "measure the speed of the tasks on this machine, in CPU time and in copies of a picture",
        "vlm-gym bench\n  vlm-gym bench TASK --seconds 5",
    )
    command.add_argument("tasks", nargs="*", metavar="ID", help="the tasks (default: all that differ in speed)")
    command.add_argument(
        "--seconds",
        type=seconds,
        default=2.0,
        help="time for each measurement, by the clock; what is measured is CPU time (default: %(default)s)",
    )
    command.add_argument(
        "--resets",
        type=count,
        default=20_000,
        help="resets for the memory figure; 0 leaves it out (default: %(default)s)",
    )


def _bench(options: argparse.Namespace) -> None:
    from vlm_gym.bench import measure

    tasks = [find_task(name).id for name in options.tasks]
    for line in measure(tasks, seconds=options.seconds, num_resets=options.resets):
        print(line, flush=True)
