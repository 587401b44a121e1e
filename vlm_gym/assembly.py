"""How an id of the table becomes an environment: the entry point of every id."""

import inspect
import warnings
from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import Any, Final, Literal, get_args

import gymnasium as gym

from vlm_gym.envs.base import TaskEnv, TaskSettings
from vlm_gym.errors import (
    ConfigError,
    DeprecatedTask,
    UnknownArgumentError,
    UnreadablePictureWarning,
    check_choice,
    did_you_mean,
)
from vlm_gym.prompts.answer import PromptSettings
from vlm_gym.registration import RegisteredLimit, Task, find_task
from vlm_gym.wrappers.numeric_info import NumericInfo
from vlm_gym.wrappers.text import TextPlay
from vlm_gym.wrappers.turn_limit import TurnLimit

MAKERS_ARGUMENTS: Final = ("prompt", "parser", "include_text", "on_fault", "info")
NO_DEFAULT: Final = ("settings", "parser")
"""What only the maker gives, and what the player chooses."""
Info = Literal["full", "numeric"]


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
        info: Any = "full",
        **arguments: Any,
    ) -> gym.Env[Any, Any]:
        """Build the environment of `task`, with text play around it if `parser` is given.

        Raises:
            ConfigError: if an argument is wrong.
            UnknownArgumentError: if the task has no such argument.
        """
        entry = find_task(task)
        if entry.replaced_by:
            warnings.warn(f"{task} is deprecated: use {entry.replaced_by}", DeprecatedTask, stacklevel=2)
        check_choice("info", info, get_args(Info))
        env_class = entry.load()
        if not (isinstance(env_class, type) and issubclass(env_class, TaskEnv)):
            raise ConfigError(f"{task}: entry={entry.entry!r} must be a vlm_gym.envs.base.TaskEnv, got {env_class!r}")
        common = {field.name for field in fields(TaskSettings)} - {"prompt"}
        own = set(inspect.signature(env_class).parameters) - {"settings"}
        _check_names(task, arguments, {*common, *own, *MAKERS_ARGUMENTS})
        settings = TaskSettings(
            prompt=PromptSettings(prompt, "json" if parser is None else parser, include_text),
            **{name: value for name, value in arguments.items() if name in common},
        )
        _check_size(entry, settings.image_size)
        made = env_class(settings, **{name: value for name, value in arguments.items() if name in own})
        env: gym.Env[Any, Any] = made
        if parser is not None:
            env = TextPlay(made, parser, on_fault)
        elif entry.is_text_only:
            raise ConfigError(f"{task} is played in text: parser must be the name of a parser, got None")
        elif not isinstance(on_fault, str) or on_fault != "charge":
            raise ConfigError(f"on_fault={on_fault!r} needs text play: choose a parser, for example parser='json'")
        return NumericInfo(env) if info == "numeric" else env


make_task: Final = _TaskMaker()


def default_arguments(task: str) -> dict[str, Any]:
    """Return the arguments of a task with the values that they have where nobody gives them."""
    entry = find_task(task)
    parameters = [*inspect.signature(make_task.__call__).parameters.values()]
    parameters += inspect.signature(entry.load()).parameters.values()
    made = {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}
    common = {field.name: field.default for field in fields(TaskSettings) if field.default is not MISSING}
    known = {**common, **made, **entry.arguments}
    return {name: value for name, value in known.items() if name not in NO_DEFAULT}


def apply_turn_limit(env: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
    """Put a `TurnLimit` in the place of gymnasium's `TimeLimit`, with the limit that follows from the arguments.

    Gymnasium calls this last, around the `TimeLimit` with the registered limit: that of the id's own arguments. A limit
    that the caller of `gym.make` chose stays.
    """
    spec = env.unwrapped.spec
    if spec is None or env.spec is None or not isinstance(env, gym.wrappers.TimeLimit):
        return env
    task = find_task(spec.kwargs["task"])
    limit = env.spec.max_episode_steps
    return TurnLimit(env.env, task.turns(spec.kwargs) if limit is None or isinstance(limit, RegisteredLimit) else limit)


def _check_size(task: Task, image_size: int) -> None:
    """Warn where type in the pictures is too small to be read."""
    least = task.least_image_size
    if image_size < least:
        warnings.warn(
            f"{task.id} with image_size={image_size}: some type in the pictures is too small to be read; expected "
            f"{least} or more. Where that is meant: warnings.simplefilter('ignore', vlm_gym.UnreadablePictureWarning)",
            UnreadablePictureWarning,
            stacklevel=4,
        )


def _check_names(task: str, arguments: Iterable[str], known: set[str]) -> None:
    for name in arguments:
        if name not in known:
            listed = ", ".join(sorted(known))
            raise UnknownArgumentError(
                f"got an unexpected keyword argument {name!r}: "
                f"{task} has no argument {name!r}; it has {listed}.{did_you_mean(name, known)}"
            )
