"""The command line `vlm-gym`: list, show, play, download, bench."""

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import gymnasium as gym

from vlm_gym._version import __version__
from vlm_gym.errors import ConfigError, VlmGymError, check_choice, did_you_mean
from vlm_gym.registration import TASKS, Task

NAMESPACE: Final = "vlm_gym/"
USAGE_ERROR: Final = 2
NOT_ARGUMENTS: Final = ("id", "task", "disable_env_checker", "max_episode_steps", "render_mode")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status: 0, or 2 for a wrong argument."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
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
        prog="vlm-gym", description="Gymnasium tasks for vision-language models.", formatter_class=_HELP
    )
    parser.add_argument("--version", action="version", version=f"vlm-gym {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = _add(commands, "list", _list, "a table of the tasks", "vlm-gym list\n  vlm-gym list --json")
    command.add_argument("--json", action="store_true", help="print the table as JSON")

    command = _add(
        commands,
        "show",
        _show,
        "write a task's first picture to a file and print its prompt",
        "vlm-gym show Points24-v0 --seed 3 --out picture.png\n"
        "  vlm-gym show --gallery gallery.png   # all icons and furniture of the household pictures\n"
        "  vlm-gym show NumberLine-v0 --arg theme=night --arg image_size=84\n"
        '  vlm-gym show Blackjack-v0 --options \'{"player": ["AS", "KH"]}\'',
    )
    _add_task(command, is_optional=True)
    command.add_argument("--out", type=_png, default=Path("picture.png"), help="the PNG file (default: %(default)s)")
    command.add_argument("--gallery", type=_png, metavar="PNG", help="write the household gallery to this file instead")

    command = _add(
        commands,
        "play",
        _play,
        "play a task yourself",
        "vlm-gym play Blackjack-v0\n  vlm-gym play Points24-v0 --seed 3 --out picture.png",
    )
    _add_task(command)
    command.add_argument(
        "--out",
        type=_png,
        default=Path("picture.png"),
        help="the PNG file for the picture, where the terminal cannot show it (default: %(default)s)",
    )

    command = _add(
        commands,
        "download",
        _download,
        "download the games of ALFWorld",
        "vlm-gym download alfworld\n  vlm-gym download alfworld --data-dir /data/alfworld\n"
        "  vlm-gym download alfworld --file json_2.1.3_tw-pddl.zip   # an archive that is here already",
    )
    command.add_argument("what", choices=["alfworld"], help="what to download")
    command.add_argument("--data-dir", type=Path, help="the folder (default: $ALFWORLD_DATA, else ~/.cache/alfworld)")
    command.add_argument("--file", type=Path, help="unpack this archive instead of downloading one")

    command = _add(
        commands,
        "bench",
        _bench,
        "measure the speed of the tasks on this machine",
        "vlm-gym bench\n  vlm-gym bench NumberLine-v0 --seconds 5",
    )
    command.add_argument("tasks", nargs="*", metavar="ID", help="the tasks (default: all that differ in speed)")
    command.add_argument(
        "--seconds",
        type=_seconds,
        default=2.0,
        help="time for each measurement; us/copy is one picture's copy in the same run (default: %(default)s)",
    )
    command.add_argument("--resets", type=_count, default=100_000, help="resets for the memory figure; 0 leaves it out")
    return parser


_HELP: Final = argparse.RawDescriptionHelpFormatter


def _add(commands: Any, name: str, run: Any, summary: str, examples: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n  {examples}",
        formatter_class=_HELP,
    )
    command.set_defaults(run=run)
    return command


def _add_task(command: argparse.ArgumentParser, *, is_optional: bool = False) -> None:
    command.add_argument(
        "task",
        metavar="ID",
        nargs="?" if is_optional else None,
        help="a task, with or without vlm_gym/ (see: vlm-gym list)",
    )
    command.add_argument("--seed", type=int, default=0, help="the episode's seed (default: %(default)s)")
    command.add_argument(
        "--arg",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the task, its value as JSON or plain text; may be repeated",
    )
    command.add_argument("--options", metavar="JSON", help="the options of reset(), for example the cards")


def _list(options: argparse.Namespace) -> None:
    from vlm_gym.evaluation.statistics import percent

    rows = [_row(task) for task in TASKS.values()]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    header = ("id", "actions", "turns", "random", "best", "what the player does")
    table = [
        (
            row["id"],
            row["actions"],
            str(row["turns"]),
            "?" if row["random"] is None else ("" if row["is_random_exact"] else "~") + percent(row["random"]),
            percent(row["best"]),
            row["summary"],
        )
        for row in rows
    ]
    widths = [max(len(line[i]) for line in (header, *table)) for i in range(len(header) - 1)]
    for line in (header, *table):
        cells = [
            cell.rjust(width) if i in (2, 3, 4) else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=False))
        ]
        print("  ".join([*cells, line[-1]]))
    print("\nrandom, best: success of uniformly random actions and of the best play, in %, exact or (~) measured")


def _row(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "actions": "text" if task.num_actions is None else f"Discrete({task.num_actions})",
        "turns": task.turns(),
        "random": task.random_success,
        "is_random_exact": not task.is_random_measured,
        "best": task.best_success,
        "summary": task.summary,
    }


def _show(options: argparse.Namespace) -> None:
    from PIL import Image

    if options.gallery is not None:
        _gallery(options)
        return
    if options.task is None:
        raise ConfigError("show needs the ID of a task (see: vlm-gym list), or --gallery PNG")
    env = _make(options)
    picture, info = _reset(env, options)
    _write(options.out, lambda path: Image.fromarray(picture).save(path, format="PNG"))
    print(info["prompt"])
    print(f"\n{info['observation_text']}")
    print(f"Picture: {options.out}")


def _gallery(options: argparse.Namespace) -> None:
    from vlm_gym.render.household.gallery import gallery

    arguments = dict(map(_argument, options.arg))
    for name in arguments:
        check_choice("an --arg of the gallery", name, ("theme",))
    sheet = gallery(arguments.get("theme", "classic"))
    _write(options.gallery, lambda path: sheet.save(path, format="PNG"))
    print(f"Gallery: {options.gallery}")


def _download(options: argparse.Namespace) -> None:
    from vlm_gym.download import download_alfworld

    installed = download_alfworld(options.data_dir, file=options.file)
    print(f"{installed.num_written} games written, {installed.num_kept} were there: {installed.folder}")
    if installed.num_different:
        print(f"{installed.num_different} of those differ from the archive's: another version of ALFWorld's games")
    if options.data_dir is not None:
        print(f"Now say where they are: export ALFWORLD_DATA={installed.folder}")


def _play(options: argparse.Namespace) -> None:
    env = _make(options, parser="json", render_mode="rgb_array")
    picture, info = _reset(env, options)
    print(f"{info['prompt']}\n\nType an action or a whole answer; ? shows this again, q ends the game.\n")
    total, values, is_over = 0.0, [_value(env)], False
    while not is_over:
        _look(picture, options.out)
        answer = input(f"turn {len(values)}> ").strip()
        if answer == "q":
            return
        if answer == "?":
            print(info["prompt"])
            continue
        picture, reward, terminated, truncated, info = env.step(answer)
        total, is_over = total + float(reward), terminated or truncated
        values.append(_value(env))
        print(_told(info, float(reward)))
    _look(picture, options.out)
    outcome = "success" if info["is_success"] else "no success" if terminated else "out of turns"
    print(f"{outcome} after {len(values) - 1} turns, return {total:+g}")
    print(f"{info['observation_text']}\n{_oracles_view(values)}")


def _value(env: gym.Env[Any, Any]) -> float:
    return float(env.get_wrapper_attr("optimal_value")())


def _oracles_view(values: Sequence[float]) -> str:
    """Say how likely success was at the start, and at which turn it fell most, by a mistake or by bad luck."""
    start = f"The best play from this start succeeds with probability {values[0]:.3g}."
    losses = [before - after for before, after in pairwise(values[:-1])]
    if not losses or max(losses) <= 0:
        return start
    turn = losses.index(max(losses)) + 1
    return f"{start} Turn {turn} lowered it most, from {values[turn - 1]:.3g} to {values[turn]:.3g}."


def _told(info: dict[str, Any], reward: float) -> str:
    terms = ", ".join(f"{name} {value:+g}" for name, value in info["rewards"].items() if value)
    lines = [f"reward {reward:+g}" + (f" ({terms})" if terms else "")]
    lines += [info["feedback"]] if info.get("feedback") else []
    lines += [f"illegal: {info['illegal']}"] if info["illegal"] else []
    lines += [f"not understood: {info['fault']}"] if info["fault"] else []
    return "\n".join(lines)


def _look(picture: Any, path: Path) -> None:
    from vlm_gym.terminal import inline, picture_protocol, png_bytes

    protocol = picture_protocol(os.environ, is_terminal=sys.stdout.isatty())
    if protocol is not None:
        print(inline(picture, protocol))
        return
    _write(path, lambda target: target.write_bytes(png_bytes(picture)))
    print(f"Picture: {path}")


def _bench(options: argparse.Namespace) -> None:
    from vlm_gym.bench import measure

    tasks = [_task(name).id for name in options.tasks]
    for line in measure(tasks, seconds=options.seconds, num_resets=options.resets):
        print(line, flush=True)


def _make(options: argparse.Namespace, **fixed: Any) -> gym.Env[Any, Any]:
    arguments = dict(map(_argument, options.arg))
    for name in (*fixed, *NOT_ARGUMENTS):
        if name in arguments:
            raise ConfigError(f"--arg {name} cannot be chosen here")
    env: gym.Env[Any, Any] = gym.make(_task(options.task).id, disable_env_checker=True, **fixed, **arguments)
    return env


def _reset(env: gym.Env[Any, Any], options: argparse.Namespace) -> Any:
    start = None
    if options.options is not None:
        try:
            start = json.loads(options.options)
        except json.JSONDecodeError as error:
            raise ConfigError(f"--options must be JSON, got {options.options!r}: {error}") from error
    return env.reset(seed=options.seed, options=start)


def _task(name: str) -> Task:
    task = TASKS.get(name) or TASKS.get(NAMESPACE + name)
    if task is not None:
        return task
    names = [known.removeprefix(NAMESPACE) for known in TASKS]
    hint = did_you_mean(name.removeprefix(NAMESPACE), names)
    raise ConfigError(f"there is no task {name!r}.{hint} See: vlm-gym list")


def _argument(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise ConfigError(f"--arg must be NAME=VALUE, got {text!r}")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, got {text}")
    return seconds


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, got {text}")
    return count


def _png(text: str) -> Path:
    if not text.lower().endswith(".png"):
        raise argparse.ArgumentTypeError(f"must be the name of a .png file, got {text}")
    return Path(text)


def _write(path: Path, write: Any) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from error
