"""The command line `vlm-gym`: one module a command, each with `add` for its arguments."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

import gymnasium as gym

from vlm_gym._version import __version__
from vlm_gym.cli import bench, collect, download, evaluate, merge, panels, play, report, tasks
from vlm_gym.cli.arguments import HELP
from vlm_gym.errors import VlmGymError

COMMANDS: Final = (tasks, play, panels, evaluate, merge, report, collect, download, bench)
USAGE_ERROR: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: the command's own, else 0, or 2 for a mistake."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options) or 0
    except (VlmGymError, gym.error.Error) as error:
        print(f"vlm-gym: {error}", file=sys.stderr)
        return USAGE_ERROR
    except (KeyboardInterrupt, EOFError):
        print()
    except BrokenPipeError:  # the reader of our output, `head` for example, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vlm-gym", description="Gymnasium tasks for vision-language models.", formatter_class=HELP
    )
    parser.add_argument("--version", action="version", version=f"vlm-gym {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add(commands)
    return parser
