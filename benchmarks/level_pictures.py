"""Draw one picture of each level of an axis into a sheet: a ladder in a row, from level 0 up."""

import argparse
from pathlib import Path

import gymnasium as gym

from vlm_gym.envs.base import TaskEnv
from vlm_gym.ladders import AXES, ladders
from vlm_gym.registration import find_task
from vlm_gym.render.sheet import contact_sheet

SEED = 1
NUM_MOVES = 4  # of the oracle's, in tasks with many turns
MANY_TURNS = 50


def picture_of(name: str, moves: int):
    """Return a level's picture after some of the oracle's moves."""
    env = gym.make(name, disable_env_checker=True)
    picture, _ = env.reset(seed=SEED)
    task = env.unwrapped
    assert isinstance(task, TaskEnv)
    for _ in range(moves):
        action = task.oracle_action()
        if action is None:
            break
        picture, *_ = task.play(action)
    return picture


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("axis", choices=tuple(AXES))
    parser.add_argument("out", type=Path, help="the PNG file")
    arguments = parser.parse_args()
    rows = ladders(arguments.axis)
    columns = max(len(ladder.tasks) for ladder in rows)
    tasks = [task for ladder in rows for task in ladder.tasks]
    moves = {task.id: NUM_MOVES if find_task(task.ladder or task.id).turns() >= MANY_TURNS else 0 for task in tasks}
    pictures = [picture_of(task.id, moves[task.id]) for task in tasks]
    contact_sheet(pictures, [task.id.removeprefix("vlm_gym/") for task in tasks], columns).save(arguments.out)


if __name__ == "__main__":
    main()
