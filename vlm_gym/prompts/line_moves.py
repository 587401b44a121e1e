"""NumberLine with other moves in words."""

from functools import lru_cache
from typing import Final

from vlm_gym.fields import Field, Kind
from vlm_gym.games.line_moves import action_set
from vlm_gym.games.number_line import NumberLineState
from vlm_gym.prompts import number_line
from vlm_gym.prompts.answer import PromptSettings, action_rule, answer_section

MOVES_LEFT: Final = Field("moves left", "how many moves are left", Kind.NUMBER)
FIELDS: Final = (*number_line.FIELDS, MOVES_LEFT)


def describe(view: NumberLineState) -> str:
    """Return what the picture shows."""
    return f"{number_line.describe(view)} Moves left: {view.moves_left}."


def read_out(view: NumberLineState) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture."""
    return *number_line.read_out(view), MOVES_LEFT.reads(str(view.moves_left))


@lru_cache(maxsize=64)
def write_prompt(names: tuple[str, ...], max_position: int, settings: PromptSettings) -> str:
    """Return the task prompt of some moves; it is the same everywhere on a line."""
    told = ", ".join(f'"{name}" {_VERBS[name[0]].format(n=name[1:])}' for name in names)
    rules = _PAPER if settings.style == "paper" else _RULES
    answer = answer_section(settings, FIELDS, action_set(names).key, action_rule(names))
    return f"{rules.format(max_position=max_position, told=told, names=list(names))}\n\n{answer}"


_VERBS: Final = {"+": "adds {n}", "-": "subtracts {n}", "*": "multiplies by {n}", "/": "divides by {n}"}

_RULES: Final = """\
You are playing NumberLine. The picture shows a number line from 0 to {max_position}, a target number, your current \
number and how many moves are left.
Each turn you choose one move, which changes the current number: {told}. A move that leads off the line, or to no \
whole number, is not possible, and uses up no move.
Reach the target number before your moves are used up: plan the whole way first."""

_PAPER: Final = """\
You are an expert at moving along a number line. The image shows a target number and a current number, both from 0 to \
{max_position}, and how many moves are left.
You can choose between {names}: {told}.
Your goal is to make the current number equal to the target number before the moves are used up."""
