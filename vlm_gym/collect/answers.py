"""Writing answers as a prompt asks for them, and choosing what a turn teaches."""

from typing import Any

import numpy as np

from vlm_gym.chat import ChatSession
from vlm_gym.collect.settings import Label
from vlm_gym.envs.base import TaskEnv
from vlm_gym.errors import ConfigError
from vlm_gym.fields import truths
from vlm_gym.thoughts.thinker import Thinker
from vlm_gym.thoughts.wording import name_choice


def write_answer(session: ChatSession, action: str, thoughts: str) -> str:
    """Write an answer in the form that the prompt asks for: the truth about the picture, thoughts, the action."""
    task = session.task
    prompt = task.settings.prompt
    if prompt.style == "action_only":
        return session.parser.write(action, task.actions)
    return session.parser.fill_in(action, task.actions, thoughts, truths(task.readings()))


def thinker_of(task: TaskEnv[Any, Any]) -> Thinker:
    """Return who thinks in the episode that has just begun.

    Raises:
        ConfigError: if the task has nobody who does.
    """
    thinker = task.thinker()
    if thinker is None:
        raise ConfigError(f"nobody thinks aloud in {type(task).__qualname__}: use cot='none' (--cot none)")
    return thinker


def think(thinker: Thinker | None, label: Label, action: str, rng: np.random.Generator) -> str:
    """Think aloud; where the action is a random one without a word that speaks for it."""
    if thinker is None:
        return ""
    if label == "random":
        return f"{thinker.describe(rng)} {name_choice(action, rng)}"
    return thinker.think(action, rng)


def choose(session: ChatSession, label: Label, best: str | None, rng: np.random.Generator) -> str | None:
    """Return the action that a turn teaches if it is not the one that was played; None where there is none."""
    if label == "searcher":
        return session.task.searcher_action()
    return session.task.actions.sample(rng) if label == "random" else best
