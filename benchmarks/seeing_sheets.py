"""Sheets of starts of the card tasks at each level of seeing, to be read by eye, and what they show, to be read after.

python -m benchmarks.seeing_sheets --out /tmp/seeing          # 40 starts a level, twelve on a sheet
python -m benchmarks.seeing_sheets --figure docs/figures/seeing.png
"""

import argparse
from pathlib import Path
from typing import Final

import gymnasium as gym

import vlm_gym  # noqa: F401  # registers the tasks
from benchmarks.level_sheets import write_sheets
from vlm_gym.render.canvas import Picture
from vlm_gym.render.seeing.look import MAX_SEEING
from vlm_gym.render.sheet import contact_sheet

TASKS: Final = ("NumberLine-v0", "Points24-v0", "Blackjack-v0", "EZPoints-v0")
NUM_STARTS: Final = 40
ACROSS: Final = 4
ON_A_SHEET: Final = 12


def start(task: str, level: int, seed: int) -> tuple[Picture, str]:
    """Return the picture of a start, and what it shows."""
    env = gym.make(f"vlm_gym/{task}", seeing=level, disable_env_checker=True)
    picture, info = env.reset(seed=seed)
    return picture, info["observation_text"]


def write_levels(folder: Path) -> None:
    """Write the starts of each level on sheets, and their truth into a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for level in range(1, MAX_SEEING + 1):
        starts = [start(TASKS[i % len(TASKS)], level, 1000 * level + i) for i in range(NUM_STARTS)]
        write_sheets(starts, f"level-{level}", folder, ACROSS, ON_A_SHEET)


def write_figure(path: Path) -> None:
    """Write one picture of each task at each level, level 0 on top."""
    levels = range(MAX_SEEING + 1)
    pictures = [start(task, level, 24)[0] for level in levels for task in TASKS[:3]]
    names = [f"{task.removesuffix('-v0')}, level {level}" for level in levels for task in TASKS[:3]]
    contact_sheet(pictures, names, 3).quantize(160).save(path, optimize=True)


def main() -> None:
    """Read the command line and write what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="folder for the sheets")
    where.add_argument("--figure", type=Path, help="file for one picture of each level")
    arguments = parser.parse_args()
    if arguments.out:
        write_levels(arguments.out)
    else:
        write_figure(arguments.figure)


if __name__ == "__main__":
    main()
