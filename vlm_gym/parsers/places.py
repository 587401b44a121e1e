r"""Where an answer can give its action other than in JSON: tags, boxes, labelled lines, or the answer as a whole.

<answer>hit</answer>      \boxed{\text{hit}}      **Final answer:** hit      "hit".
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from vlm_gym.actions import Vocabulary
from vlm_gym.parsers.words import Range, read_range

SYNONYMS: Final = ("action", "answer", "final answer", "next action", "move")
"""Names that stand for the field of the action where the answer does not use that field's own name."""

_TAG_END: Final = re.compile(r"[\n<]")
_BRACES: Final = re.compile(r"(?P<box>\\(?:boxed|fbox)\s{0,9}\{|<\|begin_of_box\|>)|\\[{}]|\{+|\}+|<\|end_of_box\|>")
_ADJECTIVE: Final = r"(?:(?:the|my|our|your|final|best|next|chosen|selected|optimal|correct|recommended)\s{1,3}){0,3}"


class Places(NamedTuple):
    """The places of one form, in their order. `is_cut_off` says that the text ends inside the last one."""

    ranges: list[Range]
    is_cut_off: bool = False


def tags(text: str, actions: Vocabulary) -> Places:
    """Find what stands between <answer> or <action> (or the field's own name) and the next closing tag.

    A last tag that is not closed counts where its action cannot go on, as before a stop sequence "</answer>": at a
    line's end, at the beginning of the closing tag, or if no other action begins like it.
    """
    ranges: list[Range] = []
    opening: re.Match[str] | None = None
    for tag in _tag_pattern(actions.key).finditer(text):
        if not tag["slash"]:
            opening = tag
        elif opening:
            ranges.append(Range(opening.end(), tag.start()))
            opening = None
    if opening is None:
        return Places(ranges)
    return _with_unclosed(Places(ranges), text, opening.end(), actions)


def boxes(text: str) -> Places:
    r"""Find what stands in \boxed{...}, and between <|begin_of_box|> and <|end_of_box|>."""
    ranges: list[Range] = []
    open_boxes: list[tuple[int, int]] = []  # how deep, and where the words begin
    depth = 0
    for braces in _BRACES.finditer(text) if "box" in text else ():
        run = braces[0]
        if braces["box"]:
            depth += 1
            open_boxes.append((depth, braces.end()))
        elif run[0] == "{":
            depth += len(run)
        elif run[0] != "\\":
            outside = max(0, depth - (len(run) if run[0] == "}" else 1))
            ranges += _close_boxes(open_boxes, outside, braces.start() + depth)
            depth = outside
    return Places(ranges, is_cut_off=bool(open_boxes))


def labelled_lines(text: str, actions: Vocabulary) -> Places:
    """Find what follows "Action:", "Answer:" and the like at a line's beginning: the rest of the line, or the next."""
    ranges: list[Range] = []
    for label in _label_pattern(actions.key).finditer(text):
        start, end = label.span("value")
        is_bold_still_open = label["bold"] and not (label["before"] or label["behind"])
        if is_bold_still_open and text[start:end].rstrip().endswith(label["bold"]):
            end = start + len(text[start:end].rstrip()) - len(label["bold"])
        ranges.append(Range(start, end))
    return Places(ranges, is_cut_off=bool(ranges) and not text[ranges[-1].start :].strip())


def whole(text: str) -> Range:
    """Return the range of the whole answer, without a fence around it."""
    fence = re.match(r"\s*```[a-zA-Z]*[ \t]*\n", text)
    end = len(text.rstrip())
    if fence and text.endswith("```", fence.end(), end):
        return Range(fence.end(), end - 3)
    return Range(0, len(text))


def _close_boxes(open_boxes: list[tuple[int, int]], outside: int, brace_of_depth_0: int) -> Iterator[Range]:
    """Take the boxes deeper than `outside` from the open ones, innermost first."""
    while open_boxes and open_boxes[-1][0] > outside:
        depth, start = open_boxes.pop()
        yield Range(start, brace_of_depth_0 - depth)


def _with_unclosed(places: Places, text: str, start: int, actions: Vocabulary) -> Places:
    """Add a last tag that is not closed, if its action is all there."""
    start += len(text[start:]) - len(text[start:].lstrip())
    end_mark = _TAG_END.search(text, start)
    end = end_mark.start() if end_mark else len(text)
    reading = read_range(text, Range(start, end), actions)
    if end == len(text) and (reading is None or actions.could_go_on(text[reading.span.start : end])):
        return Places(places.ranges, is_cut_off=True)
    return Places([*places.ranges, Range(start, end)])


@lru_cache(maxsize=64)
def _tag_pattern(key: str) -> re.Pattern[str]:
    names = "|".join(dict.fromkeys((re.escape(key), "answer", "action", "final_answer")))
    return re.compile(rf"<\s{{0,9}}(?P<slash>/?)\s{{0,9}}(?:{names})(?:\s[^<>]{{0,200}})?>", re.IGNORECASE)


@lru_cache(maxsize=64)
def _label_pattern(key: str) -> re.Pattern[str]:
    names = "|".join(map(re.escape, dict.fromkeys((key, *SYNONYMS))))
    return re.compile(
        rf"""
        ^[ \t>\#"'`-]{{0,20}} (?:\d{{1,2}}[.)][ \t]{{0,9}})?              # a heading, a quotation, an item of a list
        (?P<bold>\*\*|__)? {_ADJECTIVE} (?:{names}) ["'`]? (?P<before>\*\*|__)?
        (?:\s{{0,3}} (?:is)? [:：]=? | (?=[ \t\r]*\n))                    # a colon, or the label has a line of its own
        (?P<behind>(?(bold)(?(before)(?!)|(?:\*\*|__))|(?!)))?        # closes what <bold> opened
        [ \t]* (?:\n\s*)? (?P<value>[^\n]*)
        """,
        re.IGNORECASE | re.MULTILINE | re.VERBOSE,
    )
