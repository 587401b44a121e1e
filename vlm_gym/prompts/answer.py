"""The part of a prompt that says how to answer; every game's prompt ends with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from vlm_gym.errors import ConfigError, check_choice
from vlm_gym.fields import Field

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


def answer_section(settings: PromptSettings, fields: Sequence[Field], key: str, rule: str) -> str:
    """Return the instructions for answering.

    `fields` are those in which a player says what the picture shows; `key` is the field of the action, and `rule` a
    sentence that says what may stand there.
    """
    is_tagged = settings.answer_format == "tagged"
    write_form = _tagged_form if is_tagged else _json_form
    form = "in this form" if is_tagged else "with one JSON object in this form"
    if settings.style == "action_only":
        return f"Answer {form} and with nothing else, without any reasoning:\n{write_form({}, key)}\n{rule}"
    described = {field.name: field.description for field in fields}
    return f"Answer {form}:\n{write_form({**described, 'thoughts': THOUGHTS}, key)}\n{rule}"


def _json_form(fields: Mapping[str, str], key: str) -> str:
    lines = [f'  "{name}": "<{description}>"' for name, description in {**fields, key: f"your {key}"}.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _tagged_form(fields: Mapping[str, str], key: str) -> str:
    thoughts = f"<think>{'; '.join(fields.values())}</think>\n" if fields else ""
    return f"{thoughts}<answer>your {key}</answer>"


def one_of(names: Sequence[str]) -> str:
    """Return a list of actions in words: `"-" or "+"`; longer ones have commas."""
    quoted = [f'"{name}"' for name in names]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}" if len(quoted) > 1 else quoted[0]


def action_rule(names: Sequence[str]) -> str:
    """Return the sentence that says which actions there are."""
    return f"The action is {one_of(names)}."
