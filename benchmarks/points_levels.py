"""Floors and ceilings of the points games' levels, exactly, from what their ids deal: minutes each.

python -m benchmarks.points_levels Points24Formula-Calculating-L1-v0     # without names: of all with games of their own
"""

import sys
import time

import gymnasium as gym

from vlm_gym.envs.points import PointsEnv, PointsFormulaEnv
from vlm_gym.levels import LEVELS
from vlm_gym.oracles.points_scores import Presses, ceiling, floor
from vlm_gym.registration import find_task


def scores(name: str) -> tuple[float, float]:
    """Return the floor and the ceiling of an id."""
    task = find_task(name)
    env = gym.make(task.id, disable_env_checker=True).unwrapped
    if not isinstance(env, PointsEnv | PointsFormulaEnv):
        raise SystemExit(f"{name} is not a points game")
    presses = None if task.is_text_only else Presses(task.turns(), env.spare_presses, env.least_pairs)
    return floor(env.dealer, presses, solvable=env.solvable), float(ceiling(env.dealer, solvable=env.solvable))


def main() -> None:
    """Print a line for every id."""
    for name in sys.argv[1:] or [task.id for task in LEVELS if "Points" in task.id and not task.same_rules]:
        before = time.process_time()
        low, high = scores(name)
        print(f"{name}: floor {low:.6e}, ceiling {high:.12f}, {time.process_time() - before:.0f} s", flush=True)


if __name__ == "__main__":
    main()
