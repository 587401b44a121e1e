"""Answers in tags: `<think>...</think><answer>...</answer>`, the format of many reasoning models.

The action stands in the last `<answer>` (or `<action>`, or the field's own name) outside the thinking; an earlier one
must not name another action. Case, white space and attributes do not matter, and the last tag may lack its closing tag
(see `places.tags`). Nothing else in the answer is an action.

Other tags around plain text are fields. In what `write` writes, a "<" that would begin a tag is "&lt;".
"""

import re
from collections.abc import Mapping
from typing import Final

from vlm_gym.actions import Vocabulary
from vlm_gym.errors import ConfigError
from vlm_gym.parsers.base import Fault, Parsed, Unparsed, shorten
from vlm_gym.parsers.json_answer import THOUGHTS, check_writable
from vlm_gym.parsers.places import tags
from vlm_gym.parsers.thinking import set_apart
from vlm_gym.parsers.words import judge_last

_FIELD: Final = re.compile(r"<([A-Za-z][\w-]{0,40})>([^<]*)</\1>")
_FIELD_NAME: Final = re.compile(r"[a-z][\w-]{0,40}")
_BROKEN_TAG: Final = re.compile(r"<[^<>]{0,20}\Z")
_RESERVED: Final = ("answer", "action", "final_answer", "scratchpad", *THOUGHTS)

_TO_ESCAPE: Final = re.compile(r"&(?=(?:lt|amp|#9665);)|<(?=\s*/?\s*[A-Za-z])|◁")
_ESCAPED: Final = re.compile(r"&(?:lt|amp|#9665);")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", "◁": "&#9665;"}
_CHARACTERS: Final = {entity: char for char, entity in _ENTITIES.items()}


class TaggedParser:
    """Reads and writes `<think>...</think><answer>...</answer>`."""

    def parse(self, text: str, actions: Vocabulary) -> Parsed | Unparsed:
        """Read an answer."""
        if not text.strip():
            return Unparsed(Fault.EMPTY)
        thinking = set_apart(text)
        places = tags(thinking.answer, actions)
        is_cut_off = thinking.is_open or places.is_cut_off
        if is_cut_off or (not places.ranges and _BROKEN_TAG.search(text)):
            return Unparsed(Fault.CUT_OFF, shorten(text[-60:]))
        if not places.ranges:
            return Unparsed(Fault.NO_ACTION, shorten(thinking.answer.strip()))
        verdict = judge_last(text, places.ranges, actions)
        if isinstance(verdict, Unparsed):
            return verdict
        fields = {name.lower(): _unescape(value) for name, value in _FIELD.findall(thinking.answer)}
        for name in {actions.key, *_RESERVED}:
            fields.pop(name, None)
        return Parsed(verdict.action, verdict.span, "\n".join(map(_unescape, thinking.blocks)), fields)

    def write(
        self, action: str, actions: Vocabulary, thoughts: str = "", fields: Mapping[str, str] | None = None
    ) -> str:
        """Write an answer: the fields, the thinking if there is any, the action."""
        named = {name.strip().lower(): value for name, value in (fields or {}).items()}
        check_writable(action, actions, named, reserved=(actions.key, *_RESERVED))
        for name in named:
            if not _FIELD_NAME.fullmatch(name):
                raise ConfigError(
                    f"a field's name must be one word of letters, digits, _ and - to be a tag, got {name!r}"
                )
        written = [f"<{name}>{_escape(value).replace('<', '&lt;')}</{name}>" for name, value in named.items()]
        thinking = [f"<think>{_escape(thoughts)}</think>"] if thoughts else []
        return "".join((*written, *thinking, f"<answer>{action}</answer>"))


def _escape(words: str) -> str:
    return _TO_ESCAPE.sub(lambda match: _ENTITIES[match[0]], words)


def _unescape(written: str) -> str:
    return _ESCAPED.sub(lambda match: _CHARACTERS[match[0]], written)
