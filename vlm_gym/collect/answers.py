"""Writing answers as a prompt asks for them, and choosing what a turn teaches."""

import re
from typing import Final

import numpy as np

from vlm_gym.actions import ActionSet, Vocabulary
from vlm_gym.chat import ChatSession
from vlm_gym.collect.settings import Label
from vlm_gym.collect.thoughts.thinkers import Thinker
from vlm_gym.collect.thoughts.wording import name_choice
from vlm_gym.games.household.vocabulary import CommandVocabulary

_VERB: Final = re.compile(r"go to|[a-z]+")


def write_answer(session: ChatSession, action: str, thoughts: str) -> str:
    """Write an answer in the form that the prompt asks for: the truth about the picture, thoughts, the action."""
    task = session.task
    prompt = task.settings.prompt
    if prompt.style == "action_only":
        return session.parser.write(action, task.actions)
    readings = task.readings()
    if prompt.answer_format != "tagged":
        return session.parser.write(action, task.actions, thoughts, readings)
    seen = "; ".join(f"{name}: {value}" for name, value in readings.items())
    return session.parser.write(action, task.actions, f"{seen}. {thoughts}".strip())


def think(thinker: Thinker | None, label: Label, action: str, rng: np.random.Generator) -> str:
    """Think aloud; where the action is a random one without a word that speaks for it."""
    if thinker is None:
        return ""
    if label == "random":
        return f"{thinker.describe(rng)} {name_choice(action, rng)}"
    return thinker.think(action, rng)


def choose(session: ChatSession, label: Label, best: str | None, rng: np.random.Generator) -> str | None:
    """Return the action that a turn teaches if it is not the one that was played; None where there is none."""
    return session.task.actions.sample(rng) if label == "random" else best


def kind_of(action: str, actions: Vocabulary) -> str | None:
    """Return what counts as the same when actions are counted: an action, or in the household tasks a command's verb.

    None for formulas, hardly one of which comes twice.
    """
    if isinstance(actions, ActionSet):
        return action
    match = _VERB.match(action) if isinstance(actions, CommandVocabulary) else None
    return match[0] if match else None
