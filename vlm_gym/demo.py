"""`make demo`: the commands of the command line, one after the other: three agents, two panels, a report, pictures."""

import argparse
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import gymnasium as gym
from PIL import Image

from vlm_gym import cli
from vlm_gym.cli.arguments import write_file
from vlm_gym.program import run
from vlm_gym.registration import shown_tasks
from vlm_gym.render.canvas import Picture
from vlm_gym.render.sheet import contact_sheet
from vlm_gym.task import Example, Task

PANELS: Final = {"cards-v0": 100, "household-v0": 24}
"""The panels, and how many episodes of each of their tasks are played."""
AGENTS: Final = ("random", "oracle:0.8", "oracle")
SHEET_SEED: Final = 0
SHEET_TURNS: Final = 5
TASK_COLUMNS: Final = 4
THEME_COLUMNS: Final = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate the agents, write the report and the contact sheets; return the exit status."""
    return run("vlm_gym.demo", lambda: _demonstrate(arguments))


def _demonstrate(arguments: Sequence[str] | None) -> None:
    parser = argparse.ArgumentParser(prog="python -m vlm_gym.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/demo"), help="folder of everything (%(default)s)")
    parser.add_argument("--first", type=int, help="episodes of each task (all, in homes 24)")
    options = parser.parse_args(arguments)
    runs = options.out / "runs"
    shutil.rmtree(runs, ignore_errors=True)  # those of an earlier demo
    folders = []
    for panel, num_episodes in PANELS.items():
        for agent in AGENTS:
            folders.append(str(runs / f"{panel}-{agent.replace(':', '-')}"))
            first = str(min(num_episodes, options.first or num_episodes))
            _run("eval", "--agent", agent, "--panel", panel, "--first", first, "--out", folders[-1])
    _run("report", *folders, "--any-panels", "--out", str(options.out / "report.html"))
    tasks, themes = options.out / "tasks.png", options.out / "themes.png"
    shown = [task for task in shown_tasks() if not task.needs_data]
    _write_sheet(tasks, contact_sheet([_frame(task) for task in shown], [task.id for task in shown], TASK_COLUMNS))
    with_theme = {task.load().themes: task for task in shown}  # the last one of those with the same themes
    looks = [(task, name) for names, task in with_theme.items() for name in names]
    pictures = [_frame(task, theme=name) for task, name in looks]
    _write_sheet(themes, contact_sheet(pictures, [name for _, name in looks], THEME_COLUMNS))
    print(f"The tasks: {tasks}\nThe themes: {themes}")


def _write_sheet(path: Path, sheet: Image.Image) -> None:
    write_file(path, lambda draft: sheet.save(draft, format="PNG"))


def _run(*words: str) -> None:
    """Show a command and run it."""
    print(f"\n$ vlm-gym {shlex.join(words)}", flush=True)
    status = cli.main(words)
    if status:
        raise SystemExit(status)


def _frame(task: Task, **arguments: Any) -> Picture:
    """Return a picture from the middle of an episode, so that there is something to see."""
    example = task.example or Example()
    env: gym.Env[Picture, str] = gym.make(
        task.id, parser="json", disable_env_checker=True, **{**example.arguments, **arguments}
    )
    write, advise = env.get_wrapper_attr("answer"), env.get_wrapper_attr("oracle_action")
    picture, _ = env.reset(seed=SHEET_SEED, options=dict(example.options))
    for i in range(len(example.moves) or SHEET_TURNS):
        move = example.moves[i] if example.moves else advise()
        after, _, is_terminated, is_truncated, _ = env.step(write(move))
        if is_terminated or is_truncated:
            break
        picture = after
    return picture


if __name__ == "__main__":
    sys.exit(main())
