"""The command line `vlm-gym`: one module a command, each with `add` for its arguments."""

from collections.abc import Sequence
from typing import Final

import gymnasium as gym

from vlm_gym._version import __version__
from vlm_gym.cli import (
    bench,
    collect,
    doctor,
    download,
    evaluate,
    floor,
    ladder,
    merge,
    panels,
    play,
    report,
    rescore,
    results,
    tasks,
    view,
)
from vlm_gym.cli.arguments import HELP
from vlm_gym.cli.parser import CommandParser
from vlm_gym.errors import ConfigError
from vlm_gym.program import COMMAND, run

COMMANDS: Final = (
    tasks,
    play,
    panels,
    evaluate,
    ladder,
    merge,
    rescore,
    report,
    results,
    view,
    collect,
    download,
    doctor,
    bench,
    floor,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: the command's own, else 0, 2 for a mistake, 130 after Ctrl-C."""
    return run(COMMAND, lambda: _run(arguments))


def make_parser() -> CommandParser:
    """Return the parser of the whole command line."""
    parser = CommandParser(
        prog=COMMAND, description="Gymnasium tasks for vision-language models.", formatter_class=HELP
    )
    parser.add_argument("--version", action="version", version=f"{COMMAND} {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser


def _run(arguments: Sequence[str] | None) -> int | None:
    options = make_parser().parse_args(arguments)
    try:
        status: int | None = options.run(options)
    except gym.error.Error as error:
        raise ConfigError(str(error)) from error
    return status
