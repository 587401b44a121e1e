"""Draw one picture of each level of an axis into a sheet: a ladder in a row, from level 0 up."""

import argparse
from pathlib import Path

import gymnasium as gym
import numpy as np

from vlm_gym.envs.base import TaskEnv
from vlm_gym.ladders import AXES, ladders
from vlm_gym.registration import NAMESPACE, find_task
from vlm_gym.render.canvas import Picture
from vlm_gym.render.sheet import PAPER, contact_sheet
from vlm_gym.task import Task

SEED = 1
NUM_MOVES = 4  # of the oracle's, in tasks with many turns
MANY_TURNS = 50


def picture_of(task: Task) -> Picture:
    """Return a level's picture: of a start, or after some of the oracle's moves where there are many."""
    made = gym.make(task.id, disable_env_checker=True)
    picture, _ = made.reset(seed=SEED)
    env = made.unwrapped
    assert isinstance(env, TaskEnv)
    for _ in range(NUM_MOVES if find_task(task.ladder or task.id).turns() >= MANY_TURNS else 0):
        action = env.oracle_action()
        if action is None:
            break
        picture, *_ = env.play(action)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("axis", choices=tuple(AXES))
    parser.add_argument("out", type=Path, help="the PNG file")
    arguments = parser.parse_args()
    rows = ladders(arguments.axis)
    columns = max(len(ladder.tasks) for ladder in rows)
    cells: list[Task | None] = []
    for ladder in rows:
        cells += [*ladder.tasks, *[None] * (columns - len(ladder.tasks))]
    pictures = [picture_of(task) for task in cells if task is not None]
    blank = np.full_like(pictures[0], PAPER)
    shown = iter(pictures)
    contact_sheet(
        [blank if task is None else next(shown) for task in cells],
        ["" if task is None else task.id.removeprefix(NAMESPACE) for task in cells],
        columns,
    ).quantize(160).save(arguments.out, optimize=True)


if __name__ == "__main__":
    main()
