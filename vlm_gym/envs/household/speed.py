"""How fast the engines of the household games are, for the table of `vlm-gym bench`."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import gymnasium as gym
import numpy as np

from vlm_gym.errors import MissingDependencyError
from vlm_gym.games.household.files import load_game
from vlm_gym.games.household.game import HouseholdGame
from vlm_gym.games.household.splits import in_mixed_order, list_games

NUM_GAMES: Final = 50
NUM_STEPS: Final = 50


def measure_engines(task: str, split: str, seconds: float) -> Iterator[tuple[str, str]]:
    """Yield what was measured and what came of it: our engine alone, and the whole task with the original engine."""
    games = in_mixed_order(list_games(split=split))
    yield "ALFWorld, engine alone", f"{_engine_speed(games[:NUM_GAMES], seconds):>9,.0f} legal moves/s"
    name = "ALFWorld, engine=textworld"
    try:
        env = gym.make(task, disable_env_checker=True, engine="textworld")
    except MissingDependencyError as error:
        yield name, f"left out: {error}"
        return
    yield name, f"{_wall_speed(env, seconds):>9,.0f} legal moves/s by the clock: it is another process"
    env.close()


def _engine_speed(games: Sequence[Path], seconds: float) -> float:
    """Return the household engine's steps per second, with text, admissible commands, success and progress."""
    rng = np.random.default_rng(0)
    worlds = [load_game(path) for path in games]
    num_steps, step_s = 0, 0.0
    while step_s < seconds:
        game = HouseholdGame(worlds[int(rng.integers(len(worlds)))])
        shares = rng.random(NUM_STEPS).tolist()
        start = time.process_time()
        for share in shares:
            game.step(game.admissible[int(share * len(game.admissible))])
            game.is_won, game.progress  # noqa: B018
        step_s += time.process_time() - start
        num_steps += len(shares)
    return num_steps / step_s


def _wall_speed(env: gym.Env[Any, Any], seconds: float) -> float:
    """Return legal moves per second by the clock, without resets."""
    rng, num_steps, step_s, is_over = np.random.default_rng(0), 0, 0.0, True
    info: dict[str, Any] = {}
    while step_s < seconds:
        if is_over:
            _, info = env.reset()
        action = int(rng.choice(np.flatnonzero(info["action_mask"])))
        start = time.perf_counter()
        _, _, is_terminated, is_truncated, info = env.step(action)
        num_steps, step_s = num_steps + 1, step_s + time.perf_counter() - start
        is_over = is_terminated or is_truncated
    return num_steps / step_s
