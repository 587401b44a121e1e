"""What a parser is: text in, an action or a fault out. Total, pure, and fast on any text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

from vlm_gym.actions import Vocabulary

DETAIL_LENGTH: Final = 80


class Fault(str, Enum):
    """Why an answer holds no action."""

    EMPTY = "empty"  # nothing, or only white space
    NO_ACTION = "no action"  # no place where an action would stand
    CUT_OFF = "cut off"  # the answer ends before or inside the action
    UNKNOWN_ACTION = "unknown action"  # an action that the task does not have
    AMBIGUOUS = "ambiguous"  # two different actions, both meant


@dataclass(frozen=True)
class Parsed:
    """An answer that was read.

    `span` is the half-open character range of the action in the text as it came, without its quotes. `thoughts` is the
    reasoning that the answer marks as such ("" if none), `fields` every other field that it names, as text under its
    name in lower case.
    """

    action: str
    span: tuple[int, int]
    thoughts: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Unparsed:
    """An answer that was not read, and why; `detail` shows the part that is at fault, shortened.

    `thoughts` and `fields` are what it says besides, as in `Parsed`: a wrong reading of the picture is one too.
    """

    fault: Fault
    detail: str = ""
    thoughts: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.fault.value}: {self.detail}" if self.detail else self.fault.value


def shorten(text: str) -> str:
    """Return `text` quoted, on one line, with at most DETAIL_LENGTH characters, and safe to print."""
    quoted = repr(text[:DETAIL_LENGTH])
    if len(text) <= DETAIL_LENGTH and len(quoted) <= DETAIL_LENGTH:
        return quoted
    return quoted[: DETAIL_LENGTH - 1] + "…"


def cut_off(text: str) -> Unparsed:
    """Return the fault of a text that ends too early; its detail shows the end."""
    return Unparsed(Fault.CUT_OFF, shorten(text[-60:]))


class AnswerText(str):
    """An answer whose end is known: `is_cut_off` says that it broke off at a limit of tokens, else it was finished.

    It can be given wherever an answer is, as a str: `env.step(AnswerText(text, is_cut_off=True))`. An answer that was
    cut off counts if something complete and final was said in it; of a plain str nobody knows.
    """

    is_cut_off: bool

    def __new__(cls, text: str, *, is_cut_off: bool) -> "AnswerText":
        """Take a text as it came."""
        answer = super().__new__(cls, text)
        answer.is_cut_off = is_cut_off
        return answer

    def __getnewargs_ex__(self) -> tuple[tuple[str], dict[str, bool]]:
        """Say how a copy is made, in another process too."""
        return (str(self),), {"is_cut_off": self.is_cut_off}


def is_cut_off(text: str) -> bool:
    """Whether a text is known to have been cut off."""
    return isinstance(text, AnswerText) and text.is_cut_off


def is_finished(text: str) -> bool:
    """Whether a text is known to have come to its own end."""
    return isinstance(text, AnswerText) and not text.is_cut_off


def opening(form: str, fields: Mapping[str, str]) -> str:
    """Return the line with which a prompt asks for an answer of a form: with its fields, or as short as can be."""
    return f"Answer {form}:" if fields else f"Answer {form} and with nothing else, without any reasoning:"


def told_before(thoughts: str, fields: Mapping[str, str]) -> str:
    """Return thoughts with what the picture shows told before them, for formats without fields."""
    seen = "; ".join(f"{name}: {value}" for name, value in fields.items())
    return f"{seen}. {thoughts}".strip() if seen else thoughts


class Parser(Protocol):
    """Owns a format of answers: asks for it, reads it, writes it, and knows when an answer has come to its end.

    `parse` never raises and never guesses, whatever the text. `write` gives a well-formed answer that `parse` reads
    back as it was; it raises ConfigError for what the format or the vocabulary cannot say. An answer is complete, for
    whoever generates it, at the first of `closers` after which `is_complete` holds.
    """

    closers: str

    def describe(self, fields: Mapping[str, str], key: str) -> str:
        """Return the part of a prompt that says what an answer looks like.

        `fields` are the names of its fields, the thoughts included, each with what belongs there; none if the answer
        is the action alone. `key` is the name of the action's field.
        """

    def parse(self, text: str, actions: Vocabulary) -> Parsed | Unparsed:
        """Read an answer."""

    def write(
        self, action: str, actions: Vocabulary, thoughts: str = "", fields: Mapping[str, str] | None = None
    ) -> str:
        """Write an answer."""

    def fill_in(self, action: str, actions: Vocabulary, thoughts: str, fields: Mapping[str, str]) -> str:
        """Write an answer as `describe` asks for it; `fields` are what it says in the fields of the picture."""

    def is_complete(self, text: str) -> bool:
        """Whether an answer has said all that it has to, so that nothing more need be generated."""
