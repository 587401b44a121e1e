r"""Where an answer can give its action other than in JSON: boxes, labelled lines, sentences, or the answer as a whole.

\boxed{\text{hit}}      **Final answer:** hit      The action is "hit".      "hit".
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from vlm_gym.actions import Vocabulary
from vlm_gym.parsers.context import is_given, is_put_apart
from vlm_gym.parsers.names import ADJECTIVE, nouns
from vlm_gym.parsers.words import Range, hedges, read_range

_BRACES: Final = re.compile(r"(?P<box>\\(?:boxed|fbox)\s{0,9}\{|<\|begin_of_box\|>)|\\[{}]|\{+|\}+|<\|end_of_box\|>")
_CLOSING_QUOTES: Final = {
    '"': '"', "'": "'", "`": "`", "“": "”", "‘": "’", "「": "」", "『": "』", "«": "»", "»": "«", "‹": "›",
}  # fmt: skip
_BETWEEN: Final = (
    r"(?:to[ ](?:take|play|make|choose|give|the[ ]question|this[ ]question)|here|now|with[ ]\d+"
    r"|for[ ](?:this|the)[ ](?:turn|question|task|hand|step|move)"
    r"|(?:in|at)[ ]this[ ](?:case|situation|turn|hand|state|point)"
    r"|(?:that[ ])?i[ ](?:will[ ])?(?:choose|take|play|pick|select|give|make)"
    r"|(?:you|we)[ ]should[ ](?:take|choose|play)"
    r"|(?:that|which)[ ](?:makes|gives|equals|evaluates[ ]to|results[ ]in)[ ]\d+"
    r"|we[ ](?:need|want))"
)
_CONDITION: Final = re.compile(r"\b(?:below|above|under|over|once|on\s\d|for\s\w+\s(?:below|above))\b", re.IGNORECASE)
MAX_PLACES: Final = 100  # of one form; what stands before the last hundred is not looked at
MAX_SENTENCES: Final = 1000  # of which few give an action
_LONGEST_MARK: Final = 120
_OPENING_MARKS: Final = re.compile(
    r"""(?: (?:<[^<>\n]{1,80}>|\[/?\w{1,20}\]|\\\w{1,14}\s?\{|\$|\\[(\[]|\w{1,40}\([^()\n]{0,80}|[\s"'`*{])+
      | (?:^|\n)[^\w\n]{0,20}[\w ]{1,40}[*_\]]{0,2}\s?(?:[:：=]|->|→)?[*_"'` ]{0,6}\n?\s? )\Z""",
    re.VERBOSE,
)
_CLOSING_MARKS: Final = re.compile(r"(?:</[^<>\n]{1,80}>|\}|\$|\\[)\]]|<\|end_of_box\|>|[\"'`*)])*")
_ELEMENT: Final = re.compile(
    r"\s*<(?P<name>[A-Za-z][\w-]{0,30})(?:\s[^<>]{0,100})?>(?P<inner>[^<>]{1,400})</(?P=name)>\s*"
)
_SENTENCE_END: Final = re.compile(r"[.!?。！？](?=\s|\Z)")


class Places(NamedTuple):
    """The places of one form, in their order. `is_cut_off` says that the text ends inside the last one."""

    ranges: list[Range]
    is_cut_off: bool = False


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


def given_places(text: str, ranges: Sequence[Range]) -> list[Range]:
    """Leave out the places that the prose around them refuses, tries or shows as a form."""
    found = [(place, _with_marks(text, place)) for place in ranges[-MAX_PLACES:]]
    return [
        place
        for place, outer in found
        if is_given(text, *outer) and not is_put_apart(text, place.start) and not _is_factorial(text, place, outer)
    ]


def _is_factorial(text: str, place: Range, outer: Range) -> bool:
    return text[outer.end : outer.end + 1] == "!" and text[place.end - 1 : place.end] in tuple("0123456789)")


def labelled_lines(text: str, actions: Vocabulary) -> Places:
    """Find what follows "Action:", "Answer:" and the like at a line's beginning: the rest of the line, or the next."""
    ranges: list[Range] = []
    for label in _label_pattern(actions.key).finditer(text):
        start, end = label.span("value")
        closing = re.search(r"\[/\w{1,20}\]\s*\Z", text[start:end])
        end = start + closing.start() if closing else end
        is_bold_still_open = label["bold"] and not (label["before"] or label["behind"])
        if is_bold_still_open and text[start:end].rstrip().endswith(label["bold"]):
            end = start + len(text[start:end].rstrip()) - len(label["bold"])
        inner = sentences(text[start:end], actions).ranges  # "Final answer: The final answer is hit."
        ranges.append(Range(start + inner[-1].start, start + inner[-1].end) if inner else Range(start, end))
    return Places(ranges, is_cut_off=bool(ranges) and not text[ranges[-1].start :].strip())


def sentences(text: str, actions: Vocabulary) -> Places:
    """Find what completes the sentence that prompts end with, such as `The action is "hit"`.

    Only a sentence that gives one action is such a place; prompts that are repeated, conditions and doubts are prose.
    """
    matches = deque(_sentence_pattern(actions.key).finditer(text), MAX_SENTENCES)
    found = (_completion(text, Range(*match.span("value")), actions) for match in matches)
    return Places([place for place in found if place])


def whole(text: str) -> Range:
    """Return the range of the whole answer, without a fence or an element around it."""
    fence = re.match(r"\s*```[a-zA-Z]*[ \t]*\n", text)
    end = len(text.rstrip())
    if fence and text.endswith("```", fence.end(), end):
        return Range(fence.end(), end - 3)
    element = _ELEMENT.fullmatch(text) if text.startswith("<", len(text) - len(text.lstrip())) else None
    return Range(*element.span("inner")) if element else Range(0, len(text))


def _with_marks(text: str, place: Range) -> Range:
    """Return the range of a place with the tag, the box or the label around it."""
    start = max(0, place.start - _LONGEST_MARK)
    opening = _OPENING_MARKS.search(text[start : place.start])
    closing = _CLOSING_MARKS.match(text, place.end, place.end + _LONGEST_MARK)
    end = closing.end() if closing else place.end
    return Range(start + opening.start() if opening else place.start, end)


def _completion(text: str, rest: Range, actions: Vocabulary) -> Range | None:
    """Return where a sentence names its action, if it does: at the beginning of its `rest`, in quotes or to its end."""
    words = text[rest.start : rest.end]
    closing = _CLOSING_QUOTES.get(words[0])
    end = words.find(closing, 1) + 1 if closing else 0
    full_stop = _SENTENCE_END.search(words, end)
    sentence_end = full_stop.end() if full_stop else len(words)
    end = end or sentence_end
    behind = words[end:sentence_end]
    if (
        hedges(behind)
        or _CONDITION.search(behind)
        or behind.lstrip().startswith(("/", "|"))
        or any(map(_CLOSING_QUOTES.get, behind))
    ):
        return None
    place = Range(rest.start, rest.start + end)
    return place if read_range(text, place, actions) else None


def _close_boxes(open_boxes: list[tuple[int, int]], outside: int, brace_of_depth_0: int) -> Iterator[Range]:
    """Take the boxes deeper than `outside` from the open ones, innermost first."""
    while open_boxes and open_boxes[-1][0] > outside:
        depth, start = open_boxes.pop()
        yield Range(start, brace_of_depth_0 - depth)


@lru_cache(maxsize=64)
def _label_pattern(key: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
        (?: ^ (?= (?P<blanks>[ \t]*) ) (?P=blanks) (?![\[<]/)
              [^\w\n]{{0,20}}? (?:\d{{1,2}}[.)][ \t]{{0,9}})?  # a heading, an item
          | (?<=[:：]\s) (?=[\w ]{{1,40}}=) )                             # "the formula: formula = "
        (?P<bold>\*\*|__)? {ADJECTIVE} (?:{nouns(key)}) ["'`]? (?P<before>\*\*|__)?
        (?:\s{{0,3}} (?: (?:is)?\s?[:：]=? | ={{1,2}}>? | -> | [→⇒➔➜➡⟶⟹►▶]\ufe0f? | \][:：]?
              | \|(?!\||[^\n]*\n[ ]*\|[ :|]*-) )                        # a sign (of a table, but not in its head),
          | (?=[ \t\r]*\n))                                             # or the label has a line of its own
        (?P<behind>(?(bold)(?(before)(?!)|(?:\*\*|__))|(?!)))?          # closes what <bold> opened
        [ \t]* (?:[|>][-+]?[ \t]*(?=\n))? (?:\n\s* (?:```\w{{0,9}}[ \t]*\n\s*)? )? (?P<value>[^\n]*)
        """,
        re.IGNORECASE | re.MULTILINE | re.VERBOSE,
    )


@lru_cache(maxsize=64)
def _sentence_pattern(key: str) -> re.Pattern[str]:
    return re.compile(
        rf"""
        (?: ^ (?:(?:based[ ]on|given|considering|looking[ ]at|since|because|as|with|from)\b[^.!?\n]{{1,150}},[ ])?
          | (?<=[.!?:;…]\s) | (?<=,\s)(?=(?:so|therefore|thus|hence)\b) ) [^\w\n]{{0,20}}
        (?:(?:so|therefore|thus|hence|then|overall|finally),?[ ])?
        {ADJECTIVE} (?:{nouns(key)}) (?:[ ]{_BETWEEN}){{0,3}}? [ ](?:is|will[ ]be|should[ ]be|would[ ]be|must[ ]be)
        (?:[ ]as[ ]follows)? [ \t]{{0,3}} (?: [:：][ \t]{{0,9}}\n\s{{0,9}} | [:：]? ) [ \t]{{0,9}}
        (?= (?P<value>[^\n]{{1,400}}) )
        """,
        re.IGNORECASE | re.MULTILINE | re.VERBOSE,
    )
