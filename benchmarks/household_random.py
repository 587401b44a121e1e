"""Measure how often uniformly random admissible commands do a household task: the floors in the table of tasks.

Generated homes, and every split of ALFWorld that is on this machine ($ALFWORLD_DATA): all tasks as they come, and each
task type alone (`vlm_gym.evaluation.scores.floors`).

Official games are played in turn, by name. Where the episodes are not a multiple of the games, the last names are
played once less; the more rounds, the less that counts. It does for train: of 10,000 episodes its last games, all of
two objects, get two, the others three. `--episodes 10659` are three of each.
"""

import argparse
from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from vlm_gym.errors import DataNotFoundError
from vlm_gym.evaluation.scores.statistics import wilson_interval
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.generator import HOME_SPLITS, generate
from vlm_gym.games.household.splits import SPLITS, list_games
from vlm_gym.games.household.tasks import TASK_TYPES
from vlm_gym.games.household.world import World
from vlm_gym.oracles.household_random import count_random_wins

HOMES_SEED, PLAY_SEED = 0, 1


def homes(split: str, task_types: Sequence[str], num_episodes: int) -> Iterator[World]:
    rng = np.random.default_rng(HOMES_SEED)
    return (generate(rng, task_types=task_types, split=split) for _ in range(num_episodes))


def official(split: str, task_types: Sequence[str], num_episodes: int) -> Iterator[World]:
    games = list_games(split=split, task_types=task_types)
    return (load_game(games[i % len(games)]) for i in range(num_episodes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=10_000, help="of each row (default: %(default)s)")
    num_episodes = parser.parse_args().episodes
    for name, splits, worlds in (("Household", HOME_SPLITS, homes), ("ALFWorld", SPLITS, official)):
        for split, kinds in product(splits, (TASK_TYPES, *((kind,) for kind in TASK_TYPES))):
            row = f"{name} {split} {'all' if len(kinds) > 1 else kinds[0]}"
            try:
                games = worlds(split, kinds, num_episodes)
            except DataNotFoundError as error:
                print(f"{row}: left out, {error}")
                continue
            wins = count_random_wins(games, np.random.default_rng(PLAY_SEED))
            low, high = wilson_interval(wins, num_episodes)
            share = 100 * wins / num_episodes
            print(f"{row}: {wins} of {num_episodes}, {share:.2f} % ({100 * low:.2f}-{100 * high:.2f})", flush=True)


if __name__ == "__main__":
    main()
