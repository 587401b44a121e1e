"""Sheets of 40 pictures of some levels, twenty on a sheet, to be read by eye, and what they show, to be read after.

python -m benchmarks.level_sheets NumberLine-Planning-L1-v0 Blackjack-Course-L3-v0 --out FOLDER
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import gymnasium as gym
import numpy as np
from PIL import Image

from vlm_gym.registration import find_task
from vlm_gym.render.canvas import Picture

NUM_PICTURES: Final = 40
FIRST_SEED: Final = 5000
MOST_MOVES: Final = 2  # legal ones, drawn, before the picture
ACROSS: Final = 5
ON_A_SHEET: Final = 20


def picture_of(env: gym.Env, number: int) -> tuple[Picture, str]:
    """Return the picture of a start or, where actions are numbers, of a turn soon after it, and what it shows."""
    rng = np.random.default_rng(number)
    picture, info = env.reset(seed=FIRST_SEED + number)
    for _ in range(int(rng.integers(MOST_MOVES + 1)) if "action_mask" in info else 0):
        later, _, is_over, is_cut_off, told = env.step(int(rng.choice(np.flatnonzero(info["action_mask"]))))
        if is_over or is_cut_off:
            break
        picture, info = later, told
    return picture, info["observation_text"]


def write_sheets(shown: Sequence[tuple[Picture, str]], name: str, folder: Path, across: int, on_a_sheet: int) -> None:
    """Write pictures on sheets, and what they show into a file of its own."""
    truths = [f"{i}: {truth}\n" for i, (_, truth) in enumerate(shown)]
    (folder / f"{name}.txt").write_text("".join(truths), encoding="utf-8")
    for first in range(0, len(shown), on_a_sheet):
        pictures = [picture for picture, _ in shown[first : first + on_a_sheet]]
        rows = [np.hstack(pictures[i : i + across]) for i in range(0, len(pictures), across)]
        Image.fromarray(np.vstack(rows)).save(folder / f"{name}-from-{first}.png")


def main() -> None:
    """Read the command line and write what it asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="+", metavar="ID", help="levels")
    parser.add_argument("--out", type=Path, required=True, help="folder for the sheets")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for task in arguments.tasks:
        env = gym.make(find_task(task).id, disable_env_checker=True)
        shown = [picture_of(env, i) for i in range(NUM_PICTURES)]
        write_sheets(shown, task, arguments.out, ACROSS, ON_A_SHEET)
        print(f"{task}: {NUM_PICTURES} pictures, and their truth in {arguments.out / task}.txt")


if __name__ == "__main__":
    main()
