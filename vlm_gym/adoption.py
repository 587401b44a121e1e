"""Tasks made of environments of Gymnasium: `adopt`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

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
        ConfigError: if the id has another form or is taken. What is wrong with the environment or the other arguments
            is told when the task is made.
    """
    given = {"env_arguments": dict(env_arguments or {}), "text": text, "oracle": oracle}
    arguments = {"env": env, "actions": list(actions), "goal": goal, "success": success, "turns": turns}
    adopted = replace(
        GYM,
        id=task,
        summary=summary or goal,
        num_actions=len(actions),
        is_frame=False,
        random_success=random_success,
        is_random_measured=True,
        best_success=best_success,
        arguments={**arguments, **{name: value for name, value in given.items() if value}},
    )
    register_task(adopted)
    return adopted
