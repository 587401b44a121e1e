"""The part of a prompt that says how to answer; every game's prompt ends with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from vlm_gym.errors import ConfigError, check_choice

PromptStyle = Literal["cot", "action_only", "paper"]
AnswerFormat = Literal["json", "tagged", "paper"]

THOUGHTS: Final = "your reasoning, step by step"


@dataclass(frozen=True)
class PromptSettings:
    """How a task is put into words.

    `style` is "cot" (what you see, reasoning, action), "action_only" (no reasoning) or "paper" (in the spirit of the
    prompts of Zhai et al. 2024, appendix A). `answer_format` is the name of the parser that will read the answer.
    With `include_text` the prompt also says in words what the picture shows.
    """

    style: PromptStyle = "cot"
    answer_format: AnswerFormat = "json"
    include_text: bool = False

    def __post_init__(self) -> None:
        check_choice("prompt", self.style, get_args(PromptStyle))
        check_choice("parser", self.answer_format, get_args(AnswerFormat))
        if not isinstance(self.include_text, bool):
            raise ConfigError(f"include_text must be True or False, got {self.include_text!r}")
        if self.style == "paper" and self.answer_format == "tagged":
            raise ConfigError("prompt='paper' asks for JSON, which parser='tagged' does not read: use parser='json'")


def answer_section(settings: PromptSettings, readings: Mapping[str, str], key: str, action: str) -> str:
    """Return the instructions for answering.

    `readings` are the fields in which a player says what the picture shows, each with its description; `key` is the
    field of the action and `action` describes it.
    """
    if settings.answer_format == "tagged":
        return _tagged(settings, readings, action)
    if settings.style == "action_only":
        return f"Answer with one JSON object and nothing else, without any reasoning:\n{{\n  {_field(key, action)}\n}}"
    fields = {**readings, "thoughts": THOUGHTS, key: action}
    lines = ",\n".join(f"  {_field(name, description)}" for name, description in fields.items())
    return f"Answer with one JSON object in this form:\n{{\n{lines}\n}}"


def _field(name: str, description: str) -> str:
    return f'"{name}": "<{description}>"'


def _tagged(settings: PromptSettings, readings: Mapping[str, str], action: str) -> str:
    answer = f"<answer>{action}</answer>"
    if settings.style == "action_only":
        return f"Answer in this form and with nothing else, without any reasoning:\n{answer}"
    seen = "".join(f"{description}; " for description in readings.values())
    return f"Answer in this form:\n<think>{seen}{THOUGHTS}</think>\n{answer}"


def one_of(names: tuple[str, ...]) -> str:
    """Return a list of actions in words: `"-" or "+"` is `- or +`, longer ones have commas."""
    return f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
