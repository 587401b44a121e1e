"""Measure the levels of Household on the axis *remembering*: floor, searcher, and the planner that knows the home.

For each level: uniformly random admissible commands, the searcher, the searcher that forgets all it has seen whenever
a task is done, and the oracle, of which every episode must succeed. Fresh homes, the same for all.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable

import gymnasium as gym
import numpy as np

from vlm_gym.envs.household.generated import HouseholdEnv
from vlm_gym.evaluation.scores.statistics import wilson_interval
from vlm_gym.games.household.chain import ChainGame
from vlm_gym.games.household.tasks import GoalKinds
from vlm_gym.games.household.view import Notes
from vlm_gym.oracles.household import best_action_of
from vlm_gym.oracles.household_searcher import search
from vlm_gym.registration import TASKS

HOMES_SEED, PLAY_SEED = 2, 1
Player = Callable[[ChainGame, int], int | None]


def play_at_random(rng: np.random.Generator) -> Player:
    def play(game: ChainGame, turns: int) -> int | None:
        for turn, share in enumerate(rng.random(turns).tolist(), start=1):
            game.step(game.admissible[int(share * len(game.admissible))])
            if game.is_won:
                return turn
        return None

    return play


def play_searching(*, forgets: bool = False) -> Player:
    def play(game: ChainGame, turns: int) -> int | None:
        notes = Notes().look(game.view())
        for turn in range(1, turns + 1):
            goals = [world.goal for world in game.told]
            kinds = [GoalKinds(goal.task, goal.target, goal.destination) for goal in goals]
            command, left = search(kinds, game.view(), notes), game.left
            is_possible = command in game.admissible
            game.step(command)
            known = Notes() if forgets and game.left is not left else notes
            notes = known.look(game.view()) if is_possible else known.refuse(command)
            if game.is_won:
                return turn
        return None

    return play


def play_planning(game: ChainGame, turns: int) -> int | None:
    for turn in range(1, turns + 1):
        command = best_action_of(game.told, game.state)
        if command is None or command not in game.admissible:
            raise AssertionError(f"the plan's {command!r} is not possible")
        game.step(command)
        if game.is_won:
            return turn
    return None


def report(name: str, results: dict[str, list[int | None]]) -> None:
    """Print a line for all episodes, and one for each task that comes first."""
    everything = [turns for played in results.values() for turns in played]
    for task, played in (("all", everything), *sorted(results.items())):
        won = [turns for turns in played if turns is not None]
        low, high = wilson_interval(len(won), len(played))
        told = f"{len(won)} of {len(played)}, {100 * len(won) / len(played):.2f} % ({100 * low:.2f}-{100 * high:.2f})"
        print(f"{name} {task}: {told}, {np.mean(won) if won else 0:.1f} turns, most {max(won, default=0)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--homes", type=int, default=10_000, help="homes of each level (default: %(default)s)")
    parser.add_argument("--level", type=int, help="one level only, from 1 (default: all)")
    arguments = parser.parse_args()
    for task in TASKS.values():
        if task.arguments.get("chain", 1) == 1 or arguments.level not in (None, task.level):
            continue
        env = gym.make(task.id, disable_env_checker=True).unwrapped
        assert isinstance(env, HouseholdEnv)
        players = {
            "random": play_at_random(np.random.default_rng(PLAY_SEED)),
            "searcher": play_searching(),
            "forgetful searcher": play_searching(forgets=True),
            "oracle": play_planning,
        }
        results: dict[str, dict[str, list[int | None]]] = {name: defaultdict(list) for name in players}
        rng = np.random.default_rng(HOMES_SEED)
        for _ in range(arguments.homes):
            game = env.new_chain(rng)
            for name, play in players.items():
                game.reset()
                first = game.world.goal.task
                results[name][first].append(play(game, task.turns()))
        for name in players:
            report(f"{task.id} {name}", results[name])


if __name__ == "__main__":
    main()
