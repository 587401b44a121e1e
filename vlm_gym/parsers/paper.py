r"""The reading rule of the published code (Zhai et al. 2024, github.com/RL4VLM/RL4VLM), for comparisons only.

Both of its rules look at the lower-cased text from the first `"action":` on, spelt exactly so, and ask which action
names are substrings of that. In the card games (`text_projection`) exactly one must be; "10" is looked for first and
taken out, so that it does not count as "1". Without `"action":` only the text's last character counts: `find` returns
-1, which is used as an index. In ALFWorld (`process_action`) the first admissible command that is a substring wins;
without `"action":` the last 30 characters count. Where the published code then plays a random move, there is no action
here; what follows is the environment's to decide.

Its defects are kept: `"action" : "="` (a space) is not found; "11" reads as "1"; "go to cabinet 12" can read as "go to
cabinet 1"; "not hit" reads as "hit"; text behind the answer can hide or change the action; no alias is known.
"""

from collections.abc import Mapping
from typing import Final

from vlm_gym.actions import NamedVocabulary, Vocabulary
from vlm_gym.parsers.base import Fault, Parsed, Unparsed, shorten
from vlm_gym.parsers.json_answer import JsonParser

_MARK: Final = '"action":'
_TEN: Final = "10"
_ALFWORLD_TAIL: Final = 30  # characters


class PaperParser:
    """Reads by substrings, as published; writes what the published prompts ask for: JSON with the action last.

    The published code has one rule for the card games and one for ALFWorld; commands of several words mark the latter.
    """

    closers: str = JsonParser.closers

    def describe(self, fields: Mapping[str, str], key: str) -> str:
        """Ask for one JSON object."""
        return JsonParser().describe(fields, key)

    def parse(self, text: str, actions: Vocabulary) -> Parsed | Unparsed:
        """Read an answer."""
        if not isinstance(actions, NamedVocabulary):
            return Unparsed(Fault.NO_ACTION, "the published rule has no formulas")
        if not text.strip():
            return Unparsed(Fault.EMPTY)
        lowered = text.lower()
        mark = lowered.find(_MARK)
        is_household = any(" " in name for name in actions.names)
        start = mark if mark >= 0 else max(0, len(lowered) - (_ALFWORLD_TAIL if is_household else 1))
        tail = lowered[start:]
        named = _commands_in(tail, actions)[:1] if is_household else _presses_in(tail, actions)
        if len(named) != 1:
            return Unparsed(Fault.AMBIGUOUS if named else Fault.NO_ACTION, shorten(", ".join(named) or tail))
        first = start + tail.index(named[0])
        return Parsed(named[0], _span_before_lowering(text, lowered, first, first + len(named[0])))

    def write(
        self, action: str, actions: Vocabulary, thoughts: str = "", fields: Mapping[str, str] | None = None
    ) -> str:
        """Write an answer; `parse` reads it back in the card games, not always in ALFWorld."""
        return JsonParser().write(action, actions, thoughts, fields)

    def fill_in(self, action: str, actions: Vocabulary, thoughts: str, fields: Mapping[str, str]) -> str:
        """Write an answer with all that `describe` asks for."""
        return JsonParser().fill_in(action, actions, thoughts, fields)

    def is_complete(self, text: str) -> bool:
        """Whether a JSON object is complete."""
        return JsonParser().is_complete(text)


def _commands_in(tail: str, actions: NamedVocabulary) -> list[str]:
    return [name for name in actions.names if name in tail]


def _presses_in(tail: str, actions: NamedVocabulary) -> list[str]:
    if _TEN not in actions.names or _TEN not in tail:
        return _commands_in(tail, actions)
    rest = tail.replace(_TEN, "")
    return [_TEN, *(name for name in _commands_in(rest, actions) if name != _TEN)]


def _span_before_lowering(text: str, lowered: str, start: int, end: int) -> tuple[int, int]:
    """Return the range in the text; a few letters (İ) become two when they are lowered."""
    if len(lowered) == len(text):
        return start, end
    positions = [i for i, char in enumerate(text) for _ in char.lower()]
    return positions[start], positions[end - 1] + 1
