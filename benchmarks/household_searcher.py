"""Measure the searcher, a player of the household games without hidden knowledge: the line between floor and ceiling.

Generated homes, and every split of ALFWorld that is on this machine ($ALFWORLD_DATA): all tasks as they come, and each
task type alone. Official games are played once each, generated homes are fresh ones.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from vlm_gym.errors import DataNotFoundError
from vlm_gym.evaluation.scores.statistics import wilson_interval
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.generator import HOME_SPLITS, generate
from vlm_gym.games.household.splits import SPLITS, list_games
from vlm_gym.games.household.tasks import TASK_TYPES, GoalKinds
from vlm_gym.games.household.view import Notes
from vlm_gym.games.household.world import World
from vlm_gym.oracles.household_random import TURNS
from vlm_gym.oracles.household_searcher import search

HOMES_SEED = 2


def turns_to_win(world: World, most: int = TURNS) -> int | None:
    """Return after how many turns the searcher wins a game; None if it does not."""
    game, goal = HouseholdGame(world), GoalKinds(world.goal.task, world.goal.target, world.goal.destination)
    notes = Notes().look(game.view())
    for turn in range(1, most + 1):
        command = search((goal,), game.view(), notes)
        is_possible = command in game.admissible
        game.step(command)
        notes = notes.look(game.view()) if is_possible else notes.refuse(command)
        if game.is_won:
            return turn
    return None


def homes(split: str, num_episodes: int) -> Iterator[World]:
    rng = np.random.default_rng(HOMES_SEED)
    return (generate(rng, split=split) for _ in range(num_episodes))


def report(name: str, worlds: Iterable[World]) -> None:
    """Play games and print a line for all of them, and for each task."""
    played = defaultdict(list)
    for world in worlds:
        played[world.goal.task].append(turns_to_win(world))
    everything = [turns for task in TASK_TYPES for turns in played[task]]
    for task, results in (("all", everything), *((task, played[task]) for task in TASK_TYPES if played[task])):
        won = [turns for turns in results if turns is not None]
        low, high = wilson_interval(len(won), len(results))
        share, mean = 100 * len(won) / len(results), np.mean(won) if won else 0
        told = f"{len(won)} of {len(results)}, {share:.2f} % ({100 * low:.2f}-{100 * high:.2f})"
        print(f"{name} {task}: {told}, {mean:.1f} turns to win", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--homes", type=int, default=10_000, help="generated homes of each split (default: %(default)s)"
    )
    num_homes = parser.parse_args().homes
    for split in HOME_SPLITS:
        report(f"Household {split}", homes(split, num_homes))
    for split in SPLITS:
        try:
            games = list_games(split=split)
        except DataNotFoundError as error:
            print(f"ALFWorld {split}: left out, {error}")
            continue
        report(f"ALFWorld {split}", map(load_game, games))


if __name__ == "__main__":
    main()
