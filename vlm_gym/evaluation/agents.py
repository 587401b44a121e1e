"""Agents that need no model: the floor and the ceiling of every table."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from vlm_gym.envs.base import TaskEnv
from vlm_gym.errors import ConfigError
from vlm_gym.parsers import get_parser

Agent = Callable[[gym.Env[Any, Any], np.random.Generator], str]
"""Looks at a task and writes an answer in the "json" format."""


def random_agent(env: gym.Env[Any, Any], rng: np.random.Generator) -> str:
    """Answer with a uniformly random action of the task's vocabulary."""
    task = _task(env)
    return get_parser("json").write(task.actions.sample(rng), task.actions)


def oracle_agent(env: gym.Env[Any, Any], rng: np.random.Generator) -> str:
    """Answer with the oracle's action; with a random one where nothing can succeed any more."""
    task = _task(env)
    action = task.oracle_action()
    return random_agent(env, rng) if action is None else get_parser("json").write(action, task.actions)


def _task(env: gym.Env[Any, Any]) -> TaskEnv[Any, Any]:
    task = env.unwrapped
    if not isinstance(task, TaskEnv):
        raise ConfigError(f"expected a task of vlm_gym, got {task!r}")
    return task
