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
    """An answer that was not read, and why; `detail` shows the part that is at fault, shortened."""

    fault: Fault
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.fault.value}: {self.detail}" if self.detail else self.fault.value


def shorten(text: str) -> str:
    """Return `text` quoted, on one line, with at most DETAIL_LENGTH characters, and safe to print."""
    quoted = repr(text[:DETAIL_LENGTH])
    if len(text) <= DETAIL_LENGTH and len(quoted) <= DETAIL_LENGTH:
        return quoted
    return quoted[: DETAIL_LENGTH - 1] + "…"


class Parser(Protocol):
    """Reads answers of one format, and writes them.

    `parse` never raises and never guesses, whatever the text. `write` gives a well-formed answer that `parse` reads
    back as it was; it raises ConfigError for what the format or the vocabulary cannot say.
    """

    def parse(self, text: str, actions: Vocabulary) -> Parsed | Unparsed:
        """Read an answer."""

    def write(
        self, action: str, actions: Vocabulary, thoughts: str = "", fields: Mapping[str, str] | None = None
    ) -> str:
        """Write an answer."""
