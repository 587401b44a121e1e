"""What an env step costs in our vector environment and in Gymnasium's SyncVectorEnv, beside a single environment.

    python -m benchmarks.vector_envs
    python -m benchmarks.vector_envs --tasks vlm_gym/Points24-v0 --num-envs 16 --rounds 40

All play uniformly random actions in one process and take turns, a round each, on starts of their own; resets are part
of the cost. Printed are CPU microseconds for one move of one environment, over all rounds, and their ratios to the
single environment's.
"""

import argparse
import platform
import statistics
import time
import warnings
from collections.abc import Iterator
from typing import Any, Final

import gymnasium as gym
import numpy as np

import vlm_gym

TASKS: Final = tuple(f"vlm_gym/{name}" for name in ("NumberLine-v0", "Points24-v0", "Blackjack-v0", "Household-v1"))
SIZES: Final = (84, 300)
OURS: Final = "vector_entry_point"
KINDS: Final = ("ours", "ours, copy=False", "SyncVectorEnv")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=TASKS, help="ids of tasks with Discrete actions")
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES, help="sides of pictures in pixels")
    parser.add_argument("--num-envs", type=int, default=64)
    parser.add_argument("--steps", type=int, default=10, help="steps of a vector environment in a round")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    warnings.simplefilter("ignore", vlm_gym.UnreadablePictureWarning)
    versions = f"Python {platform.python_version()}, gymnasium {gym.__version__}, numpy {np.__version__}"
    print(f"{platform.system()} {platform.machine()}, {versions}, {options.num_envs} environments")
    print(f"| task | pixels | single, us | {' | '.join(f'{kind}, us | ratio' for kind in KINDS)} |")
    print(f"|---|---|---|{'---|---|' * len(KINDS)}")
    for task in options.tasks:
        for size in options.sizes:
            print(row(task, size, options.num_envs, options.steps, options.rounds), flush=True)


def row(task: str, size: int, num_envs: int, num_steps: int, num_rounds: int) -> str:
    """Return a line of the table."""
    arguments = {"image_size": size}
    vectors = (
        gym.make_vec(task, num_envs, OURS, **arguments),
        gym.make_vec(task, num_envs, OURS, copy=False, **arguments),
        gym.make_vec(task, num_envs, "sync", **arguments),
    )
    players = [single_moves(gym.make(task, disable_env_checker=True, **arguments), num_envs * num_steps)]
    players += [vector_moves(envs, num_steps, 100_000 * number) for number, envs in enumerate(vectors, start=1)]
    rounds = [[next(player) for player in players] for _ in range(num_rounds + 1)][1:]  # the first draws all sprites
    costs = [1e6 * statistics.mean(column) for column in zip(*rounds, strict=True)]
    cells = (f"{cost:.1f} | {cost / costs[0]:.2f}" for cost in costs[1:])
    return f"| {task.removeprefix('vlm_gym/')} | {size} | {costs[0]:.1f} | {' | '.join(cells)} |"


def single_moves(env: gym.Env[Any, Any], num_moves: int) -> Iterator[float]:
    """Yield the CPU seconds of a move, round by round."""
    env.reset(seed=0)
    for actions in drawn(env.action_space, num_moves):
        start = time.process_time()
        for action in actions.tolist():
            _picture, _, is_terminated, is_truncated, _ = env.step(action)
            if is_terminated or is_truncated:
                env.reset()
        yield (time.process_time() - start) / num_moves


def vector_moves(envs: gym.vector.VectorEnv[Any, Any, Any], num_steps: int, seed: int) -> Iterator[float]:
    """Yield the CPU seconds of a move of one environment, round by round; one that starts an episode is not a move."""
    envs.reset(seed=seed)
    ended = np.zeros(envs.num_envs, np.bool_)
    for actions in drawn(envs.single_action_space, num_steps * envs.num_envs):
        num_moves, start = 0, time.process_time()
        for step in actions.reshape(num_steps, envs.num_envs):
            num_moves += envs.num_envs - int(ended.sum())
            _pictures, _, terminated, truncated, _ = envs.step(step)
            ended = terminated | truncated
        yield (time.process_time() - start) / num_moves


def drawn(space: Any, count: int) -> Iterator[np.ndarray[Any, Any]]:
    """Yield uniformly random actions for round after round."""
    rng = np.random.default_rng(0)
    while True:
        yield rng.integers(int(space.n), size=count)


if __name__ == "__main__":
    main()
