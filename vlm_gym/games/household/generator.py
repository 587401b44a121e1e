"""Fresh homes: any seed gives a room, its furniture, objects and a task that can be solved.

Furniture, objects, where they are, and the tasks are as frequent as in ALFWorld's official games (generator_tables.py);
rooms and coordinates are made up. A home differs from an official one on purpose in three ways: an object is in one
receptacle at most, it is where its receptacle is, and what fits nowhere once taken is left out (`traps`).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import numpy as np

from vlm_gym.errors import ConfigError, check_choice
from vlm_gym.games.household.generator_contents import Contents, fill, goals_of, later_goals
from vlm_gym.games.household.generator_layout import Layout, lay_out
from vlm_gym.games.household.generator_problem import game_file, kinds_of, write_problem
from vlm_gym.games.household.generator_tables import SCENES, Draws, HomeGoal, HomeSplit, Scene
from vlm_gym.games.household.problem import build_worlds
from vlm_gym.games.household.tasks import TASK_TYPES, read_task_types, sentences
from vlm_gym.games.household.world import World

__all__ = ["HOME_SPLITS", "SCENES", "Home", "HomeSplit", "Scene", "generate", "generate_home"]

HOME_SPLITS: Final[tuple[HomeSplit, ...]] = ("train", "unseen")


@dataclass(frozen=True)
class Home:
    """A generated home: the game, what it was made from, and the game's PDDL problem.

    `later` are worlds of the same home with what is to be done after that.
    """

    world: World
    contents: Contents
    layout: Layout
    problem: str
    later: tuple[World, ...] = ()

    def game_file(self, walkthrough: tuple[str, ...] = ()) -> bytes:
        """Return the content of a `game.tw-pddl` that this engine and TextWorld play in the same way."""
        return game_file(self.problem, self.world.sentence, walkthrough)


def generate(
    rng: np.random.Generator,
    *,
    task_types: Sequence[str | int] = TASK_TYPES,
    scenes: Sequence[str] = SCENES,
    split: HomeSplit = "train",
    traps: bool = False,
) -> World:
    """Return a game in a fresh home, 3 ms.

    Args:
        rng: where chance comes from. The same state gives the same home in every process.
        task_types: the tasks to draw from, each as frequent as in the official games; in any form of `read_task_type`.
        scenes: the types of rooms to draw from. Not every scene has every task.
        split: "unseen" has tasks (a target and a destination) and sizes of rooms that "train" never has.
        traps: whether there are things that fit nowhere once taken: boots, footstools, paper towel rolls, scrub
            brushes, teddy bears. Without them every state can be won.

    Raises:
        ConfigError: for an unknown name, or scenes that have none of these tasks.
    """
    return generate_home(rng, task_types=task_types, scenes=scenes, split=split, traps=traps).world


def generate_home(
    rng: np.random.Generator,
    *,
    task_types: Sequence[str | int] = TASK_TYPES,
    scenes: Sequence[str] = SCENES,
    split: HomeSplit = "train",
    traps: bool = False,
    num_later: int = 0,
    home_size: int = 1,
) -> Home:
    """Return what `generate` returns, with coordinates, contents and game file.

    Args:
        rng: as in `generate`, and so are the following.
        task_types: of the first task.
        scenes: see there.
        split: see there.
        traps: see there.
        num_later: how many tasks follow the first one in the same home; `Home.later` has them. The objects that they
            are about lie, where the rules allow it, beside those of the task before: they are seen before they count.
        home_size: of each kind of furniture and objects there are as many as in the fullest of so many homes.
    """
    goals, sums = _check(task_types, scenes, split)
    draws = Draws(rng)
    while True:
        scene, goal = goals[draws.within(sums)]
        chain = (goal, *later_goals(scene, goal, split, num_later, draws))
        contents = fill(scene, chain, draws, traps=traps, home_size=home_size)
        if contents is not None:
            return _build(contents, split, draws)


def _build(contents: Contents, split: HomeSplit, draws: Draws) -> Home:
    layout = lay_out(contents.scene, contents.receptacles, split, draws)
    problem = write_problem(f"{contents.scene}_{contents.goal.task}", contents, layout, draws)
    tasks = [(kinds, draws.pick(sentences(kinds))) for kinds in map(kinds_of, contents.goals)]
    world, *later = build_worlds(problem.facts, tasks)
    return Home(world, contents, layout, problem.text, tuple(later))


def _check(
    task_types: Sequence[str | int], scenes: Sequence[str], split: HomeSplit
) -> tuple[list[tuple[Scene, HomeGoal]], tuple[int, ...]]:
    check_choice("split", split, HOME_SPLITS)
    if isinstance(scenes, str) or not scenes:
        raise ConfigError(f"scenes must be a sequence of {', '.join(SCENES)}; got {scenes!r}")
    for scene in scenes:
        check_choice("scenes", scene, SCENES)
    return _goals(read_task_types(task_types), tuple(scenes), split)


@functools.cache
def _goals(
    task_types: tuple[str, ...], scenes: tuple[str, ...], split: HomeSplit
) -> tuple[list[tuple[Scene, HomeGoal]], tuple[int, ...]]:
    goals = goals_of(task_types, scenes, split)
    if not goals:
        raise ConfigError(f"no {' or '.join(scenes)} has a task of {', '.join(task_types)}")
    return goals, tuple(accumulate(goal.count for _, goal in goals))
