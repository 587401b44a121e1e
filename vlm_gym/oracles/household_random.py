"""How often random play solves household games: the floor to print beside every score.

It is measured, not computed: a game has too many states to enumerate.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from vlm_gym.games.household import commands, rules, tasks
from vlm_gym.games.household.world import World

TURNS: Final = 50  # the turn limit of Household-v0 and ALFWorld-v0


def count_random_wins(worlds: Iterable[World], rng: np.random.Generator, turns: int = TURNS) -> int:
    """Return how many of the games are won within `turns` by commands drawn uniformly from the admissible ones."""
    return sum(wins_at_random(world, rng, turns) for world in worlds)


def wins_at_random(world: World, rng: np.random.Generator, turns: int = TURNS) -> bool:
    """Play one game with random admissible commands and return whether it was won."""
    state = world.start
    for share in rng.random(turns).tolist():
        options = commands.admissible(world, state)
        command = commands.parse(world, options[int(share * len(options))])
        if command is not None:
            state = rules.apply(world, state, command)
        if tasks.is_won(world, state):
            return True
    return False
