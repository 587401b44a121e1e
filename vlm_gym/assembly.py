"""How an id of the table becomes an environment: the entry point of every id."""

import importlib
import inspect
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, Final

import gymnasium as gym

from vlm_gym.envs.base import TaskEnv, TaskSettings
from vlm_gym.errors import ConfigError, check_choice, did_you_mean
from vlm_gym.prompts.answer import PromptSettings
from vlm_gym.registration import TASKS, RegisteredLimit
from vlm_gym.wrappers.text import TextPlay

TEXT_ARGUMENTS: Final = ("prompt", "parser", "include_text", "on_fault")


class _TaskMaker:
    """Builds tasks. Gymnasium reads `metadata` from an entry point before it calls it."""

    metadata: Final = TaskEnv.metadata

    def __call__(
        self,
        task: str,
        *,
        prompt: Any = "cot",
        parser: Any = None,
        include_text: Any = False,
        on_fault: Any = "charge",
        **arguments: Any,
    ) -> gym.Env[Any, Any]:
        """Build the environment of `task`, with text play around it if `parser` is given.

        Raises:
            ConfigError: if an argument is unknown or wrong.
        """
        check_choice("task, which the id sets,", task, TASKS)
        entry = TASKS[task]
        module, _, name = entry.entry.partition(":")
        env_class = getattr(importlib.import_module(module), name)
        common = {field.name for field in fields(TaskSettings)} - {"prompt"}
        own = set(inspect.signature(env_class).parameters) - {"settings"}
        _check_names(task, arguments, {*common, *own, *TEXT_ARGUMENTS})
        settings = TaskSettings(
            prompt=PromptSettings(prompt, "json" if parser is None else parser, include_text),
            **{name: value for name, value in arguments.items() if name in common},
        )
        env = env_class(settings, **{name: value for name, value in arguments.items() if name in own})
        if parser is not None:
            return TextPlay(env, parser, on_fault)
        if entry.is_text_only:
            raise ConfigError(f"{task} is played in text: parser must be the name of a parser, got None")
        if on_fault != "charge":
            raise ConfigError(f"on_fault={on_fault!r} needs text play: choose a parser, for example parser='json'")
        return env  # type: ignore[no-any-return]


make_task: Final = _TaskMaker()


def apply_turn_limit(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """Set the turn limit that follows from the arguments, unless the caller of `gym.make` chose another one.

    Gymnasium calls this last, around the `TimeLimit` with the registered limit: that of the id's own arguments.
    """
    spec = env.unwrapped.spec
    if spec is None or env.spec is None or not isinstance(env, gym.wrappers.TimeLimit):
        return env
    task = TASKS[spec.kwargs["task"]]
    is_registered_limit = isinstance(env.spec.max_episode_steps, RegisteredLimit)
    return gym.wrappers.TimeLimit(env.env, task.turns(spec.kwargs)) if is_registered_limit else env


def _check_names(task: str, arguments: Iterable[str], known: set[str]) -> None:
    for name in arguments:
        if name not in known:
            listed = ", ".join(sorted(known))
            raise ConfigError(f"{task} has no argument {name!r}; it has {listed}.{did_you_mean(name, known)}")
