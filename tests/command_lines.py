"""A working command line of every command of `vlm-gym`, for tests that try them all."""

import zipfile
from pathlib import Path

from vlm_gym.cli import main, make_parser

ROOT = Path(__file__).parents[1]
GAME = "json_2.1.1/valid_seen/pick_and_place_simple-Mug-None-Desk-308/trial_1/game.tw-pddl"


def commands():
    """Return the names of all commands, as the parser knows them."""
    (subparsers,) = [action for action in make_parser()._actions if isinstance(action.choices, dict)]
    return tuple(subparsers.choices)


SERVERS = ("view",)
"""The commands that serve until Ctrl-C."""


def finite_commands():
    """Return the names of the commands that end by themselves."""
    return tuple(command for command in commands() if command not in SERVERS)


def make_run(folder):
    """Play a few episodes, and return their folder."""
    if main(["eval", "--agent", "random", "--task", "Blackjack-v0", "--episodes", "3", "--out", str(folder)]):
        raise AssertionError("the run failed")
    return folder


def command_line(command, run, out):
    """Return the arguments of a command that works, given a run's folder, and writes into the folder `out` alone."""
    archive = run.parent / "games.zip"
    with zipfile.ZipFile(archive, "w") as games:
        games.writestr(GAME, "{}")
    task = ["Blackjack-v0"]
    playing = ["--task", *task, "--episodes", "40", "--system", "Play × — 🂡"]
    arguments = {
        "list": [],
        "show": [*task, "--out", out / "picture.png"],
        "play": [*task, "--out", out / "picture.png"],
        "panels": ["cards-v0"],
        "eval": ["--agent", "random", *playing, "--out", out / "run"],
        "ladder": [
            "--agent",
            "random",
            "--panel",
            "ladder-v0",
            "--axis",
            "planning",
            "--most",
            "8",
            "--out",
            out / "climbed",
        ],
        "merge": [run, "--out", out / "merged"],
        "report": [run, "--out", out / "report.html"],
        "results": ["page", "--folder", ROOT / "results", "--out", out / "results.md"],
        "view": [run.parent, "--no-open"],
        "film": [run, "Blackjack-v0:0", "--out", out / "film.gif"],
        "collect": [*task, "--samples", "3", "--format", "llava", "--out", out / "data"],
        "download": ["alfworld", "--file", archive, "--data-dir", out / "games"],
        "rescore": [run, "--out", out / "again"],
        "floor": [*task, "--episodes", "3"],
        "doctor": task,
        "bench": [*task, "--seconds", "0.01", "--resets", "0"],
    }
    return [command, *map(str, arguments[command])]
