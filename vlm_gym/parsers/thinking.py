"""What an answer marks as thinking: `<think>...</think>` and its relatives. An action in there is never played."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

THINK_TAG: Final = re.compile(
    r"<\s{0,9}(?P<slash>/?)\s{0,9}(?:think|thinking|thoughts?|reasoning|scratchpad)\s{0,9}>"
    r"|◁(?P<kimi_slash>/?)think▷",
    re.IGNORECASE,
)


class Thinking(NamedTuple):
    """An answer with its thinking set apart.

    `answer` is the text with all thinking blanked out, so that every position in it is a position in the text.
    """

    answer: str
    blocks: tuple[str, ...]
    is_open: bool


def set_apart(text: str) -> Thinking:
    """Blank out the blocks of thinking.

    A closing tag without an opening one ends a block that began with the text: chat templates put the opening tag into
    the prompt. A block that is never closed leaves no answer.
    """
    blocks: list[tuple[re.Match[str] | None, re.Match[str]]] = []
    opening: re.Match[str] | None = None
    for tag in THINK_TAG.finditer(text):
        if not (tag["slash"] or tag["kimi_slash"]):
            opening = opening or tag
            continue
        if opening is None:
            blocks.clear()
        blocks.append((opening, tag))
        opening = None
    inner = tuple(text[begin.end() if begin else 0 : end.start()] for begin, end in blocks)
    outer = [(begin.start() if begin else 0, end.end()) for begin, end in blocks]
    return Thinking(blank_out(text, outer), inner, is_open=opening is not None)


def blank_out(text: str, ranges: Iterable[tuple[int, int]]) -> str:
    """Return `text` with spaces over `ranges`, which are in order and apart."""
    pieces: list[str] = []
    done = 0
    for start, end in ranges:
        pieces += (text[done:start], " " * (end - start))
        done = end
    return "".join((*pieces, text[done:]))
