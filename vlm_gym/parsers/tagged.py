"""Answers in tags: `<think>...</think><answer>...</answer>`, the format of many reasoning models.

The action stands in the last `<answer>` (or `<action>`, or the field's own name) outside the thinking; an earlier one
must not name another action. Case, white space and attributes do not matter, and the last tag may lack its closing tag
(see `elements.tags`). In the tag the action may stand as in any answer (json_answer.py): as an object, behind a label.
Nothing outside it is an action.

Other tags around plain text are fields. In what `write` writes, a "<" that would begin a tag is "&lt;".
"""

import re
from collections.abc import Mapping
from typing import Final

from vlm_gym.actions import Vocabulary
from vlm_gym.errors import ConfigError
from vlm_gym.parsers.base import Fault, Parsed, Unparsed, cut_off, is_cut_off, opening, shorten, told_before
from vlm_gym.parsers.context import is_taken_back
from vlm_gym.parsers.elements import tags
from vlm_gym.parsers.json_answer import THOUGHTS, Reading, check_writable, read_turn, unfinished_thinking
from vlm_gym.parsers.marks import marks_in, set_apart
from vlm_gym.parsers.objects import TooMuchJsonError
from vlm_gym.parsers.places import given_places
from vlm_gym.parsers.words import Range, ambiguous, judge

_FIELD: Final = re.compile(r"<([A-Za-z][\w-]{0,40})>([^<]*)</\1>")
_FIELD_NAME: Final = re.compile(r"[a-z][\w-]{0,40}")
_BROKEN_TAG: Final = re.compile(r"<[^<>]{0,20}\Z")
_CLOSING_TAG: Final = re.compile(r"<\s{0,9}/\s{0,9}(?:answer|action|final_answer|formula)\s{0,9}>", re.IGNORECASE)
_RESERVED: Final = ("answer", "action", "final_answer", "scratchpad", *THOUGHTS)

_TO_ESCAPE: Final = re.compile(r"&(?=(?:lt|amp|#9665|#91);)|<(?=[<\s/|｜]*[A-Za-z])|◁|\[(?=[\s/|｜]*[A-Za-z])")
_ESCAPED: Final = re.compile(r"&(?:lt|amp|#9665|#91);")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", "◁": "&#9665;", "[": "&#91;"}
_CHARACTERS: Final = {entity: char for char, entity in _ENTITIES.items()}


class TaggedParser:
    """Reads and writes `<think>...</think><answer>...</answer>`."""

    closers: str = ">"

    def describe(self, fields: Mapping[str, str], key: str) -> str:
        """Ask for the tags: what the picture shows belongs into the thinking."""
        thinking = [f"<think>{'; '.join(fields.values())}</think>"] if fields else []
        return "\n".join((opening("in this form", fields), *thinking, f"<answer>your {key}</answer>"))

    def parse(self, text: str, actions: Vocabulary) -> Parsed | Unparsed:
        """Read an answer."""
        if not text.strip():
            return Unparsed(Fault.EMPTY)
        apart = set_apart(text)
        if apart.is_open:
            return unfinished_thinking(text, apart)
        thoughts = "\n".join(map(_unescape, apart.blocks))
        fields = {name.lower(): _unescape(value) for name, value in _FIELD.findall(apart.answer)}
        for name in {actions.key, *_RESERVED}:
            fields.pop(name, None)
        verdict, inner = _read(apart.answer, actions, is_cut_off=is_cut_off(text) and not apart.has_ended)
        fields = {**inner, **fields}
        if isinstance(verdict, Unparsed):
            return Unparsed(verdict.fault, verdict.detail, thoughts, fields)
        return Parsed(verdict.action, verdict.span, thoughts, fields)

    def write(
        self, action: str, actions: Vocabulary, thoughts: str = "", fields: Mapping[str, str] | None = None
    ) -> str:
        """Write an answer: the fields, the thinking if there is any, the action."""
        named = {name.strip().lower(): value for name, value in (fields or {}).items()}
        check_writable(action, actions, named, reserved=(actions.key, *_RESERVED))
        for name in named:
            if not _FIELD_NAME.fullmatch(name) or marks_in(f"<{name}></{name}>"):
                raise ConfigError(
                    f"a field's name must be one word of letters, digits, _ and - to be a tag, and none "
                    f"of a chat template's marks, got {name!r}"
                )
        written = [f"<{name}>{_escape(value).replace('<', '&lt;')}</{name}>" for name, value in named.items()]
        thinking = [f"<think>{_escape(thoughts)}</think>"] if thoughts else []
        return "".join((*written, *thinking, f"<answer>{action}</answer>"))

    def fill_in(self, action: str, actions: Vocabulary, thoughts: str, fields: Mapping[str, str]) -> str:
        """Write an answer as `describe` asks for it."""
        return self.write(action, actions, told_before(thoughts, fields))

    def is_complete(self, text: str) -> bool:
        """Whether an answer's tag is closed, outside of thinking."""
        apart = set_apart(text)
        return not apart.is_open and bool(_CLOSING_TAG.search(apart.answer))


def _read(answer: str, actions: Vocabulary, *, is_cut_off: bool) -> Reading:
    places = tags(answer, actions)
    if places.is_cut_off or (not places.ranges and _BROKEN_TAG.search(answer)):
        return Reading(cut_off(answer), {})
    if not places.ranges:
        return Reading(Unparsed(Fault.CUT_OFF if is_cut_off else Fault.NO_ACTION, shorten(answer.strip()[-60:])), {})
    if is_cut_off and places.ranges[-1].end == len(answer):
        return Reading(cut_off(answer), {})
    given = given_places(answer, places.ranges)
    if not given:
        return Reading(Unparsed(Fault.NO_ACTION, shorten(answer.strip()[-60:])), {})
    last = _read_tag(answer, given[-1], actions)
    if is_taken_back(answer[given[-1].end :]):
        return Reading(Unparsed(Fault.AMBIGUOUS, shorten(answer[given[-1].start :].strip())), last.fields)
    different = {answer[slice(*place)]: place for place in given}
    verdicts = [_read_tag(answer, place, actions).verdict for place in different.values()]
    named = dict.fromkeys(verdict.action for verdict in verdicts if isinstance(verdict, Parsed))
    return Reading(ambiguous(named), last.fields) if len(named) > 1 else last


def _read_tag(answer: str, place: Range, actions: Vocabulary) -> Reading:
    """Read the words in a tag: the action itself, or any form in which an answer gives one."""
    verdict = judge(answer, [place], actions)
    if isinstance(verdict, Parsed) or verdict.fault is not Fault.UNKNOWN_ACTION:
        return Reading(verdict, {})
    try:
        inner = read_turn(answer[slice(*place)], actions, is_cut_off=False)
    except TooMuchJsonError:
        return Reading(verdict, {})
    if isinstance(inner.verdict, Parsed):
        start, end = inner.verdict.span
        return Reading(Parsed(inner.verdict.action, (place.start + start, place.start + end)), inner.fields)
    return inner if inner.verdict.fault is Fault.AMBIGUOUS else Reading(verdict, inner.fields)


def _escape(words: str) -> str:
    return _TO_ESCAPE.sub(lambda match: _ENTITIES[match[0]], words)


def _unescape(written: str) -> str:
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[0]], written)
