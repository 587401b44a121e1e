"""NumberLine in words."""

from functools import lru_cache
from typing import Final

from vlm_gym.fields import Field, Kind
from vlm_gym.games.number_line import ACTIONS, NumberLineState
from vlm_gym.prompts.answer import PromptSettings, action_rule, answer_section

CURRENT: Final = Field("current number", "the current number in the picture", Kind.NUMBER)
TARGET: Final = Field("target number", "the target number", Kind.NUMBER)
FIELDS: Final = (CURRENT, TARGET)


def describe(view: NumberLineState) -> str:
    """Return what the picture shows."""
    return f"A number line from 0 to {view.max_position}. Target: {view.target}. Current: {view.position}."


def read_out(view: NumberLineState) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture."""
    return CURRENT.reads(str(view.position)), TARGET.reads(str(view.target))


def write_prompt(view: NumberLineState, settings: PromptSettings) -> str:
    """Return the task prompt; it is the same everywhere on a line."""
    return _prompt(view.max_position, settings)


@lru_cache(maxsize=64)
def _prompt(max_position: int, settings: PromptSettings) -> str:
    rules = _PAPER if settings.style == "paper" else _RULES
    answer = answer_section(settings, FIELDS, ACTIONS.key, action_rule(ACTIONS.names))
    return f"{rules.format(max_position=max_position)}\n\n{answer}"


_RULES: Final = """\
You are playing NumberLine. The picture shows a number line from 0 to {max_position}, a target number and your current \
number.
Each turn you choose one action: "+" adds 1 to the current number, "-" subtracts 1.
Reach the target number in as few turns as you can."""

_PAPER: Final = """\
You are an expert at moving along a number line. The image shows a target number and a current number, both from 0 to \
{max_position}.
You can choose between ['-', '+']: '-' makes the current number smaller by one, '+' makes it larger by one.
Your goal is to make the current number equal to the target number."""
