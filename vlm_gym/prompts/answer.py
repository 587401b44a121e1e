"""The part of a prompt that says how to answer; every game's prompt ends with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from vlm_gym.errors import ConfigError, check_choice
from vlm_gym.fields import Field
from vlm_gym.parsers import Parser, find_parser

PromptStyle = Literal["cot", "action_only", "paper"]

THOUGHTS: Final = "your reasoning, step by step"


@dataclass(frozen=True)
class PromptSettings:
    """How a task is put into words.

    `style` is "cot" (what you see, reasoning, action), "action_only" (no reasoning) or "paper" (in the spirit of the
    prompts of Zhai et al. 2024, appendix A). `answer_format` is the parser that will read the answer, or its name.
    With `include_text` the prompt also says in words what the picture shows.
    """

    style: PromptStyle = "cot"
    answer_format: str | Parser = "json"
    include_text: bool = False

    def __post_init__(self) -> None:
        check_choice("prompt", self.style, get_args(PromptStyle))
        find_parser(self.answer_format)
        if not isinstance(self.include_text, bool):
            raise ConfigError(f"include_text must be True or False, got {self.include_text!r}")

    @property
    def parser(self) -> Parser:
        """The parser of `answer_format`."""
        return find_parser(self.answer_format)


def answer_section(settings: PromptSettings, fields: Sequence[Field], key: str, rule: str) -> str:
    """Return the instructions for answering.

    `fields` are those in which a player says what the picture shows; `key` is the field of the action, and `rule` a
    sentence that says what may stand there.
    """
    asked = {} if settings.style == "action_only" else {field.name: field.description for field in fields}
    if settings.style != "action_only":
        asked["thoughts"] = THOUGHTS
    return f"{settings.parser.describe(asked, key)}\n{rule}"


def one_of(names: Sequence[str]) -> str:
    """Return a list of actions in words: `"-" or "+"`; longer ones have commas."""
    quoted = [f'"{name}"' for name in names]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}" if len(quoted) > 1 else quoted[0]


def action_rule(names: Sequence[str]) -> str:
    """Return the sentence that says which actions there are."""
    return f"The action is {one_of(names)}."
