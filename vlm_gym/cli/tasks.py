"""The commands `list` and `show`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vlm_gym.cli.arguments import add_command, add_task, argument, make, png, reset, write_file
from vlm_gym.errors import ConfigError, check_choice
from vlm_gym.registration import NAMESPACE, Task, frames, installed_tasks, shown_tasks
from vlm_gym.task import Example


def add(commands: Any) -> None:
    """Add the two commands."""
    command = add_command(
        commands,
        "list",
        _list,
        "a table of the tasks",
        "vlm-gym list\n  vlm-gym list --levels        # each harder level in a row of its own\n  vlm-gym list --json",
    )
    command.add_argument("--levels", action="store_true", help="each harder level in a row of its own, too")
    command.add_argument("--json", action="store_true", help="print the table with all levels as JSON")

    command = add_command(
        commands,
        "show",
        _show,
        "write a task's first picture to a file and print its prompt",
        "vlm-gym show TASK --seed 3 --out picture.png\n"
        "  vlm-gym show --gallery gallery.png   # all icons and furniture of the household pictures\n"
        "  vlm-gym show TASK --arg theme=night --arg image_size=84\n"
        f"  vlm-gym show TASK --options '{json.dumps(dict((shown_tasks()[0].example or Example()).options))}'",
    )
    add_task(command, is_optional=True)
    command.add_argument("--out", type=png, default=Path("picture.png"), help="the PNG file (default: %(default)s)")
    command.add_argument("--gallery", type=png, metavar="PNG", help="write the household gallery to this file instead")


def _list(options: argparse.Namespace) -> None:
    from vlm_gym.evaluation.scores.statistics import percent

    tasks, faults = installed_tasks()
    for fault in faults:
        print(fault, file=sys.stderr)
    rows = [_row(task) for task in (*tasks, *frames())]
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    header = ("id", "actions", "turns", "random", "best", "what the player does")
    table = [
        (
            row["id"],
            row["actions"],
            str(row["turns"]),
            ("" if row["is_random_exact"] or row["random"] is None else "~") + percent(row["random"]),
            percent(row["best"]),
            row["summary"],
        )
        for row in rows
        if options.levels or not row["level"]
    ]
    widths = [max(len(line[i]) for line in (header, *table)) for i in range(len(header) - 1)]
    for line in (header, *table):
        cells = [
            cell.rjust(width) if i in (2, 3, 4) else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=False))
        ]
        print("  ".join([*cells, line[-1]]))
    print("\nrandom, best: success of uniformly random actions and of the best play, in %, exact or (~) measured")
    if not options.levels and (example := next((task.id for task in tasks if task.level), None)):
        print(f"\nHarder levels, with ids such as {example} (vlm-gym list --levels shows them all):")
        for axis, told in _folded(tasks).items():
            print(f"  {axis:<12} {', '.join(told)}")


def _folded(tasks: Sequence[Task]) -> dict[str, list[str]]:
    """Return the ladders of each axis in a few letters, game and numbers of the levels."""
    highest: dict[tuple[str, str], int] = {}
    for task in tasks:
        if task.axis:
            key = task.axis, task.ladder
            highest[key] = max(task.level, highest.get(key, 0))
    folded: dict[str, list[str]] = {}
    for (axis, base), level in highest.items():
        name = base.removeprefix(NAMESPACE).rpartition("-v")[0]
        folded.setdefault(axis, []).append(f"{name} L1" + (f"-{level}" if level > 1 else ""))
    return folded


def _row(task: Task) -> dict[str, Any]:
    return {
        "id": task.id,
        "actions": _actions_of(task),
        "turns": task.turns(),
        "random": task.random_success,
        "is_random_exact": not task.is_random_measured,
        "best": task.best_success,
        "axis": task.axis,
        "level": task.level,
        "summary": task.summary,
    }


def _actions_of(task: Task) -> str:
    if task.num_actions is not None:
        return f"Discrete({task.num_actions})"
    return "by --arg" if task.is_frame else "text"


def _show(options: argparse.Namespace) -> None:
    from PIL import Image

    if options.gallery is not None:
        _gallery(options)
        return
    if options.task is None:
        raise ConfigError("show needs the ID of a task (see: vlm-gym list), or --gallery PNG")
    env = make(options)
    picture, info = reset(env, options)
    write_file(options.out, lambda path: Image.fromarray(picture).save(path, format="PNG"))
    print(info["prompt"])
    print(f"\n{info['observation_text']}")
    print(f"Picture: {options.out}")


def _gallery(options: argparse.Namespace) -> None:
    from vlm_gym.render.household.gallery import gallery

    arguments = dict(map(argument, options.arg))
    for name in arguments:
        check_choice("an --arg of the gallery", name, ("theme",))
    sheet = gallery(arguments.get("theme", "classic"))
    write_file(options.gallery, lambda path: sheet.save(path, format="PNG"))
    print(f"Gallery: {options.gallery}")
