"""The command `floor`."""

import argparse
from typing import Any

import gymnasium as gym

from vlm_gym.cli.arguments import add_command, add_task, make, seed_of, start
from vlm_gym.cli.run_arguments import positive


def add(commands: Any) -> None:
    """Add the command."""
    command = add_command(
        commands,
        "floor",
        _floor,
        "measure how often uniformly random actions succeed in a task",
        "vlm-gym floor TASK\n  vlm-gym floor OTHER --episodes 10000",
    )
    add_task(command)
    command.add_argument(
        "--episodes", type=positive, default=1000, metavar="N", help="how many to play (default: %(default)s)"
    )


def _floor(options: argparse.Namespace) -> None:
    from vlm_gym.evaluation.scores.statistics import percent, wilson_interval

    env = make(options, parser="json")  # its samples are admissible commands, where those change with the turn
    seed = seed_of(options)
    env.action_space.seed(seed)
    wins, total, begin = 0, 0.0, start(options)
    for i in range(options.episodes):
        is_success, earned = _play(env, seed + i, begin)
        wins, total = wins + is_success, total + earned
    env.close()
    low, high = wilson_interval(wins, options.episodes)
    share = wins / options.episodes
    print(f"{wins:,} of {options.episodes:,} episodes: {percent(share)} % ({percent(low)} to {percent(high)}, 95 %)")
    print(f"mean return {total / options.episodes:.4g}, seeds from {seed} on")
    print(f"in its Task, or in adopt(): random_success={share:.4g}")


def _play(env: gym.Env[Any, Any], seed: int, options: dict[str, Any] | None) -> tuple[bool, float]:
    """Play an episode with random actions; return whether it succeeded, and its return."""
    _, info = env.reset(seed=seed, options=options)
    is_over, earned = False, 0.0
    while not is_over:
        _, reward, is_terminated, is_truncated, info = env.step(env.action_space.sample())
        is_over, earned = is_terminated or is_truncated, earned + float(reward)
    return bool(info["is_success"]), earned
