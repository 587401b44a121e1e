"""Splits laid out as ALFWorld's are, of generated homes: tests that use them need no download."""

import functools

import numpy as np

from vlm_gym.games.household.files import GAME_FILE
from vlm_gym.games.household.generator import generate_home
from vlm_gym.games.household.splits import VERSION_FOLDER
from vlm_gym.games.household.tasks import ALFWORLD_NAMES

COUNTS = {"put": 4, "look": 2, "clean": 5, "heat": 3, "cool": 3, "two": 1}


def write_split(root, split, counts=COUNTS):
    """Write a split with so many games of each task type, and return the names of its games, sorted."""
    names = []
    for task, count in counts.items():
        for i in range(count):
            name = f"{ALFWORLD_NAMES[task]}-Thing{i // 2}-None-Place-{i // 2 + 1}/trial_{i}"
            folder = root / VERSION_FOLDER / split / name
            folder.mkdir(parents=True)
            (folder / GAME_FILE).write_bytes(game_file(task, i))
            names.append(name)
    return sorted(names)


@functools.cache
def game_file(task, seed):
    """Return the content of a game file."""
    return generate_home(np.random.default_rng(seed), task_types=(task,)).game_file()
