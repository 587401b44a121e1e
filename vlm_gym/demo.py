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
from vlm_gym.registration import TASKS
from vlm_gym.render.canvas import Picture
from vlm_gym.render.household.palette import HOME_THEMES
from vlm_gym.render.sheet import contact_sheet
from vlm_gym.render.theme import THEMES

DEMO_STARTS: Final[dict[str, dict[str, Any]]] = {
    "vlm_gym/NumberLine-v0": {"position": 0, "target": 4},
    "vlm_gym/EZPoints-v0": {"cards": ["7C", "5H"]},
    "vlm_gym/Points24-v0": {"cards": ["QH", "4S", "8D", "KC"]},
    "vlm_gym/EZPointsFormula-v0": {"cards": ["3D", "4S"]},
    "vlm_gym/Points24Formula-v0": {"cards": ["3C", "8H", "AS", "6D"]},
    "vlm_gym/Blackjack-v0": {"player": ["10H", "6S"], "dealer": ["9C", "QD"]},
    "vlm_gym/Household-v1": {"task_type": "heat"},
    "vlm_gym/Household-Unseen-v1": {"task_type": "look"},
}
"""The tasks of the demo, each with the start that the contact sheet shows."""
PANELS: Final = {"cards-v0": 100, "household-v0": 24}
"""The panels, and how many episodes of each of their tasks are played."""
AGENTS: Final = ("random", "oracle:0.8", "oracle")
SHEET_SEED: Final = 0
SHEET_TURNS: Final = 5
CARDS_TASK: Final = "vlm_gym/Points24-v0"
HOME_TASK: Final = "vlm_gym/Household-v1"
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
    names = list(DEMO_STARTS)
    _write_sheet(tasks, contact_sheet([_frame(task) for task in names], names, TASK_COLUMNS))
    looks = [(CARDS_TASK, name) for name in THEMES] + [(HOME_TASK, name) for name in HOME_THEMES]
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


def _frame(task: str, **arguments: Any) -> Picture:
    """Return a picture from the middle of an episode, so that there is something to see."""
    if TASKS[task].is_text_only:
        arguments["attempts"] = 2
    env: gym.Env[Picture, str] = gym.make(task, parser="json", disable_env_checker=True, **arguments)
    picture, _ = env.reset(seed=SHEET_SEED, options=DEMO_STARTS[task])
    if TASKS[task].is_text_only:
        return env.step(" + ".join(map(str, env.get_wrapper_attr("numbers")())))[0]
    for _ in range(SHEET_TURNS):
        after, _, is_terminated, is_truncated, _ = env.step(
            env.get_wrapper_attr("answer")(env.get_wrapper_attr("oracle_action")())
        )
        if is_terminated or is_truncated:
            break
        picture = after
    return picture


if __name__ == "__main__":
    sys.exit(main())
