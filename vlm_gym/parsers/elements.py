r"""Actions in tags and in the calls of tools that models write without JSON.

<answer>hit</answer>                               <parameter=action>hit</parameter>       (Qwen3-Coder)
<invoke><parameter name="action">hit</parameter>   <arg_key>action</arg_key><arg_value>hit</arg_value>   (GLM)
play(action="hit")      act("hit")
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from vlm_gym.actions import Vocabulary
from vlm_gym.parsers.names import is_synonym, plain
from vlm_gym.parsers.places import Places
from vlm_gym.parsers.words import Range, read_range

_TAG_END: Final = re.compile(r"[\n<]")
_PARAMETER: Final = re.compile(
    r"""
    < \s{0,3} (?:[\w｜|]{1,20}[:｜|])? (?:parameter|param|arg|argument|property|field) \s{0,3}
      (?: = | \s(?:name|key|id)\s{0,3}=) \s{0,3} ["']? (?P<name>[\w -]{1,40}) ["']? [^<>\n]{0,80} > (?P<value>[^<]*)
  | <(?:arg_key|key)> \s{0,9} (?P<key>[\w -]{1,40}) \s{0,9} </(?:arg_key|key)>
      \s{0,9} <(?:arg_value|value)> (?P<key_value>[^<]*)
    """,
    re.IGNORECASE | re.VERBOSE,
)


_QUOTED: Final = r"""(?P<quote>["'])(?P<value>[^"'\n]{1,300})(?P=quote)"""
_LONG_QUOTED: Final = r"""(?P<quote>["'])(?P<value>(?:(?!(?P=quote))[^\n]){1,2000})(?P=quote)"""
_BARE: Final = r"""(?P<bare>[^"'\n,()]{1,300})"""
_ARGUMENT: Final = re.compile(
    rf"""\s{{0,9}}(?P<name>[A-Za-z]\w{{0,40}})\s{{0,3}}=\s{{0,3}}(?:{_LONG_QUOTED}|{_BARE})\s{{0,9}},?"""
)
_POSITIONAL: Final = re.compile(  # without quotes only of the tool that prompts name
    rf"(?<!def\s)\b(?:(?:act|play|choose|take_action)\(\s{{0,9}}{_QUOTED}|act\(\s{{0,9}}{_BARE})\s{{0,9}}\)(?!\w)"
)


def tags(text: str, actions: Vocabulary, *, has_synonyms: bool = False) -> Places:
    """Find what stands between <answer> or <action> (or the field's own name) and the next closing tag.

    With `has_synonyms` <decision>, <move> and the like are such tags too.

    A last tag that is not closed counts where its action cannot go on, as before a stop sequence "</answer>": at a
    line's end, at the beginning of the closing tag, or if no other action begins like it.
    """
    ranges: list[Range] = []
    opening: re.Match[str] | None = None
    for tag in _tag_pattern(actions.key, has_synonyms).finditer(text):
        if not tag["slash"]:
            opening = tag
        elif opening:
            ranges.append(Range(opening.end(), tag.start()))
            opening = None
    if opening is None:
        return Places(ranges)
    return _with_unclosed(Places(ranges), text, opening.end(), actions)


def arguments(text: str, actions: Vocabulary) -> Places:
    """Find the argument of a tool call that is the action: an element of its own, or `action="hit"` in brackets."""
    named = [(name, place) for name, place in _parameters(text) if is_synonym(name, actions.key)]
    own = [place for name, place in named if plain(name) == plain(actions.key)] or [place for _, place in named]
    if own:
        closed = [place for place in own if place.end < len(text)]
        return Places(closed) if closed == own else _with_unclosed(Places(closed), text, own[-1].start, actions)
    return Places(sorted(set(_in_calls(text, actions.key)))) if "(" in text else Places([])


def other_arguments(text: str, actions: Vocabulary) -> Mapping[str, str]:
    """Return the arguments of a tool call besides the action."""
    named = {name: text[slice(*place)].strip() for name, place in _parameters(text)}
    for call in _call_pattern(actions.key, "?").finditer(text) if "=" in text and "(" in text else ():
        named.update(_arguments_of(text, text.index("(", call.start()) + 1))
    return {name.strip().lower(): value for name, value in named.items() if not is_synonym(name, actions.key)}


def _arguments_of(text: str, start: int) -> Iterator[tuple[str, str]]:
    """Read the arguments of a call, one after the other from `start` on."""
    argument = _ARGUMENT.match(text, start)
    while argument:
        yield argument["name"], argument["value"] or argument["bare"].strip()
        argument = _ARGUMENT.match(text, argument.end())


def _in_calls(text: str, key: str) -> Iterator[Range]:
    """Find the action in calls: the first and the last argument of its name, or the only argument of the tool."""
    for pattern in (_call_pattern(key, "?"), _call_pattern(key, "??"), _POSITIONAL):
        for call in pattern.finditer(text):
            yield Range(*call.span("value" if call["value"] else "bare"))


def _parameters(text: str) -> list[tuple[str, Range]]:
    found = _PARAMETER.finditer(text) if "<" in text else ()
    return [
        (match["name"], Range(*match.span("value")))
        if match["name"]
        else (match["key"], Range(*match.span("key_value")))
        for match in found
    ]


def _with_unclosed(places: Places, text: str, start: int, actions: Vocabulary) -> Places:
    """Add a last element that is not closed, if its action is all there."""
    start += len(text[start:]) - len(text[start:].lstrip())
    end_mark = _TAG_END.search(text, start)
    end = end_mark.start() if end_mark else len(text)
    reading = read_range(text, Range(start, end), actions)
    if end == len(text) and (reading is None or actions.could_go_on(text[reading.span.start : end])):
        return Places(places.ranges, is_cut_off=True)
    return Places([*places.ranges, Range(start, end)])


@lru_cache(maxsize=64)
def _tag_pattern(key: str, has_synonyms: bool) -> re.Pattern[str]:
    more = (
        ("decision", "move", "choice", "response", "next_action", "best_move", "final_decision") if has_synonyms else ()
    )
    usual = (re.escape(key), "answer", "action", "final_answer", "final_action", "best_action")
    names = "|".join(dict.fromkeys((*usual, *more)))
    return re.compile(rf"<\s{{0,9}}(?P<slash>/?)\s{{0,9}}(?:{names})(?:\s[^<>]{{0,200}})?(?<!/)>", re.IGNORECASE)


@lru_cache(maxsize=64)
def _call_pattern(key: str, greed: str) -> re.Pattern[str]:
    """Return a pattern of a call with an argument for the action; `greed` is of the arguments before it."""
    names = "|".join(dict.fromkeys((re.escape(key), "action", "answer", "move")))
    return re.compile(
        rf"(?<!def\s)\b[A-Za-z_][\w.]{{0,40}}\((?:(?:[^()\n\"']|\"[^\"\n]{{0,300}}\"|'[^'\n]{{0,300}}'){{0,400}}?,\s{{0,9}}){greed}"
        rf"(?:{names})\s{{0,3}}[=:]\s{{0,3}}(?:{_QUOTED}|{_BARE})\s{{0,9}}[,)]"
    )
