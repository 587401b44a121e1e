"""What the commands share: how a task is named on the command line, and its arguments."""

import argparse
import json
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import gymnasium as gym

from vlm_gym.episodes import NOT_ARGUMENTS
from vlm_gym.errors import ConfigError
from vlm_gym.files import write_whole
from vlm_gym.registration import NAMESPACE, find_task, shown_tasks

HELP: Final = argparse.RawDescriptionHelpFormatter
SEED: Final = 0  # of the episode, where none is said
MAX_SHOWN: Final = 200  # characters of what was typed


def add_command(commands: Any, name: str, run: Any, summary: str, examples: str) -> argparse.ArgumentParser:
    """Add a command with its help and its examples (lines that start with two spaces, but the first)."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n  {_filled(examples)}",
        formatter_class=HELP,
    )
    command.set_defaults(run=run)
    return command


def add_task(command: argparse.ArgumentParser, *, is_optional: bool = False) -> None:
    """Add what names a task, its arguments and its start."""
    command.add_argument(
        "task",
        metavar="ID",
        nargs="?" if is_optional else None,
        help="a task, with or without vlm_gym/ (see: vlm-gym list)",
    )
    command.add_argument(
        "--seed", type=whole, metavar="S", help=f"the episode's seed, of several the first one's (default: {SEED})"
    )
    command.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the task, its value as JSON or plain text; may be repeated",
    )
    command.add_argument("--options", metavar="JSON", help="the options of reset(), for example the cards")


def make(options: argparse.Namespace, **fixed: Any) -> gym.Env[Any, Any]:
    """Build the task that the options name; `fixed` are the arguments that the command itself chooses."""
    arguments = task_arguments(options, fixed)
    env: gym.Env[Any, Any] = gym.make(find_task(options.task).id, disable_env_checker=True, **fixed, **arguments)
    return env


def task_arguments(options: argparse.Namespace, fixed: Iterable[str] = ()) -> dict[str, Any]:
    """Return the task's arguments; those in `fixed` and those of `gym.make` itself are refused."""
    arguments = dict(map(argument, options.arg))
    for name in (*fixed, *NOT_ARGUMENTS):
        if name in arguments:
            raise ConfigError(f"--arg {name} cannot be chosen here")
    return arguments


def reset(env: gym.Env[Any, Any], options: argparse.Namespace) -> Any:
    """Start the episode that the options describe."""
    return env.reset(seed=seed_of(options), options=start(options))


def seed_of(options: argparse.Namespace) -> int:
    """Return the episode's seed."""
    return SEED if options.seed is None else int(options.seed)


def _filled(examples: str) -> str:
    """Put names of tasks into examples, for TASK and OTHER."""
    first, second = (task.id.removeprefix(NAMESPACE) for task in shown_tasks()[:2])
    return examples.replace("TASK", first).replace("OTHER", second)


def start(options: argparse.Namespace) -> dict[str, Any] | None:
    """Return the options of `reset`, which are JSON on the command line."""
    return None if options.options is None else read_json("--options", options.options)  # reset() checks it


def read_json(name: str, text: str) -> Any:
    """Return what a text of JSON holds.

    Raises:
        ConfigError: if it is none, or nested too deep; `name` says whose it is.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name} must be JSON, got {_cut(text)!r}: {error}") from error


def argument(text: str) -> tuple[str, Any]:
    """Read NAME=VALUE, the value as JSON or else as it is."""
    name, sign, value = text.partition("=")
    if not sign:
        raise ConfigError(f"--arg must be NAME=VALUE, got {_cut(text)!r}")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value


def seconds(text: str) -> float:
    """Read a time."""
    value = number(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, got {text}")
    return value


def number(text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a number, got {_cut(text)!r}") from error


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"must be a whole number, got {_cut(text)!r}") from error


def count(text: str) -> int:
    """Read a number of things."""
    value = whole(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, got {text}")
    return value


def png(text: str) -> Path:
    """Read the name of a PNG file."""
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"must be the name of a .png file, got {text}")
    return Path(text)


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file, whole or not at all, and the folders above it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, write)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from error


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]} ..."
