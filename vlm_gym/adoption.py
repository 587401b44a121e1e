"""Tasks made of environments of Gymnasium: `adopt`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vlm_gym.errors import ConfigError
from vlm_gym.registration import register_task
from vlm_gym.task import Task
from vlm_gym.task_table import GYM


def adopt(
    task: str,
    env: str,
    *,
    actions: Sequence[str],
    goal: str,
    summary: str = "",
    success: str = "end",
    env_arguments: Mapping[str, Any] | None = None,
    text: str | None = None,
    oracle: str | None = None,
    turns: int = 100,
    random_success: float | None = None,
    best_success: float | None = None,
) -> Task:
    """Make a task of an environment with a picture and a `Discrete` action space, and register it.

        vlm_gym.adopt("mine/Lake-v0", "FrozenLake-v1", actions=("left", "down", "right", "up"),
                      goal="Walk over the ice to the gift. Holes end the game.")

    Args:
        task: The new id, with a namespace of your own.
        env: The environment's id, "module:id" where the module must be imported first.
        actions: A name for each action. This, and what follows, is told by `vlm_gym.envs.adopted.AdoptedEnv`.
        goal: What to do, in words; `{mission}` stands for what the observation or `info` holds under that name.
        success: When an episode has succeeded.
        env_arguments: Arguments of the environment.
        text: What puts the picture into words, "module:function".
        oracle: What knows the best play, "module:function".
        turns: The turn limit.
        summary: What the player does, in a few words; "" for the goal.
        random_success: The floor, as `vlm-gym floor ID` measures it; None shows as "?".
        best_success: The ceiling, if it is known.

    Raises:
        ConfigError: if the id has another form or is taken, or an argument is wrong. What only the environment can tell
            (that there is none, that it has no picture or another number of actions) is told when the task is made.
    """
    from vlm_gym.envs.adopted import check_arguments  # not at import: registering loads no environment

    given: dict[str, Any] = {"env_arguments": env_arguments, "text": text, "oracle": oracle}
    arguments: dict[str, Any] = {"env": env, "actions": actions, "goal": goal, "success": success, "turns": turns}
    try:
        arguments["actions"] = list(check_arguments(**arguments, **given))
        if not isinstance(summary, str):
            raise ConfigError(f"summary must be a text, got {summary!r}")
    except ConfigError as error:
        raise ConfigError(f"{task}: {error}") from error
    given["env_arguments"] = dict(env_arguments or {})
    adopted = replace(
        GYM,
        id=task,
        summary=" ".join((summary or goal).split()),
        num_actions=len(arguments["actions"]),
        is_frame=False,
        random_success=random_success,
        is_random_measured=True,
        best_success=best_success,
        arguments={**arguments, **{name: value for name, value in given.items() if value}},
    )
    register_task(adopted)
    return adopted
