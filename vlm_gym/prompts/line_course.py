"""NumberLine on a day that is different, in words."""

from functools import lru_cache
from typing import Final

from vlm_gym.fields import Field, Kind
from vlm_gym.games.number_line import ACTIONS, LineDay, NumberLineState
from vlm_gym.games.plates import PLATE_COLORS, plate_numbers
from vlm_gym.prompts.answer import PromptSettings, action_rule, answer_section

CURRENT: Final = Field("current number", "your current number, as it is marked today", Kind.NUMBER)
TARGET: Final = Field("target number", "the target number, as it is marked today", Kind.NUMBER)
FIELDS: Final = (CURRENT, TARGET)


def describe(view: NumberLineState) -> str:
    """Return what the picture shows, by the words that stand in it."""
    day, parts = view.day, [f"A number line from 0 to {view.max_position}."]
    if day is None or day.other is None or day.color is None:
        parts.append(f"Target: {view.flag}.")
    else:
        parts += [f"{color.capitalize()}: {n}." for color, n in plate_numbers(day.color, view.flag, day.other).items()]
    parts.append(f"Current: {view.pointer}.")
    if day is not None and day.other is not None and day.color is None:
        parts.append(f"Old: {day.other}.")
    return " ".join(parts)


def read_out(view: NumberLineState) -> tuple[Field, ...]:
    """Return what a right answer says in its fields of the picture."""
    return CURRENT.reads(str(view.position)), TARGET.reads(str(view.target))


def write_prompt(view: NumberLineState, settings: PromptSettings) -> str:
    """Return the task prompt: it depends on the day, and not on the numbers."""
    day = view.day or LineDay("signs")
    return _prompt(day.changed, day.other is not None, day.color, view.max_position, settings)


@lru_cache(maxsize=256)
def _prompt(changed: str, has_other: bool, color: str | None, max_position: int, settings: PromptSettings) -> str:
    if color is not None:
        marks = "a blue and an orange flag with a number each, and a pointer"
    else:
        marks = (
            f"a flag at the target number{', an old flag' if has_other else ''} and a pointer at your current number"
        )
    told = [(_PAPER if settings.style == "paper" else _RULES).format(max_position=max_position, marks=marks)]
    flag = "flag" if color is None else f"{color} flag"
    if color is not None:
        other = next(each for each in PLATE_COLORS if each != color)
        usual = "" if changed == "marks" else f" The {flag} stands at the target number, the pointer at your number."
        told.append(f"Of the two flags only the {color} one counts today: the {other} one means nothing.{usual}")
    elif has_other:
        told.append("The old flag, which is grey, means nothing.")
    told.append(_SIGNS if changed == "signs" else _MARKS.format(flag=flag))
    answer = answer_section(settings, FIELDS, ACTIONS.key, action_rule(ACTIONS.names))
    return "\n".join([*told, "", answer])


_SIGNS: Final = 'Today is different: "+" subtracts 1 from your number, and "-" adds 1.'

_MARKS: Final = """\
Today is different: the marks have changed their meaning, whatever is written beside them. The {flag} stands at your \
current number and moves with it, and the pointer at the target number."""

_RULES: Final = """\
You are playing NumberLine. The picture shows a number line from 0 to {max_position} with {marks}.
Each turn you choose one action: "+" adds 1 to the current number, "-" subtracts 1.
Reach the target number in as few turns as you can."""

_PAPER: Final = """\
You are an expert at moving along a number line. The image shows a number line from 0 to {max_position} with {marks}.
You can choose between ['-', '+']: '-' makes the current number smaller by one, '+' makes it larger by one.
Your goal is to make the current number equal to the target number."""
