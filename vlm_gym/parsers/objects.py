r"""A tolerant reader of JSON: finds the objects that models write into their answers, wherever they stand.

Valid JSON is read as JSON. Beyond it: single, curly and corner quotes, full-width and Arabic punctuation, names and
values without quotes, trailing and missing commas, comments, and text that breaks off. Quotes that should have been
escaped are survived by one rule, which no valid JSON breaks: a quote ends its string only if what follows could follow
a string.

It never recurses, and looks at each character a bounded number of times. Nothing is decoded here: a tree of positions
comes out.
"""

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

MAX_TOKENS: Final = 12_000  # brackets, commas, names and values; an answer has under a hundred

_COLON: Final = re.compile(r"\s*(?:[:：]|=>?(?!=))")
_SAYS_NOTHING: Final = ".… \\"
_BARE_NAME: Final = re.compile(r".[^:：,，、،{｛}｝\[\]\n]*", re.DOTALL)
_BARE_VALUE: Final = re.compile(r".(?:[^,，、،}｝\]\n/#]+|/(?![/*])|(?<!\s)\#)*", re.DOTALL)

_CLOSING_QUOTES: Final = {
    '"': '"', "“": "”“‟\"", "”": "”“‟\"", "„": "”“‟\"", "‟": "”“‟\"", "＂": "＂", "«": "»", "»": "«»",
    "‹": "›", "›": "‹", "″": "″”", "「": "」", "『": "』",
    "'": "'", "‘": "’‘'", "’": "’‘'", "‚": "’‘'", "`": "`",
}  # fmt: skip
_QUOTES: Final = "".join(_CLOSING_QUOTES)
_NAME: Final = rf"[{_QUOTES}][\w \-]{{1,40}}[{_QUOTES}」』]\s*[:：]"
_AFTER_A_VALUE: Final = rf"\s*(?:[,，、،]|\\?[}}｝\]]|\Z|```|</|<\||//|/\*|{_NAME})|\s+\#"
_AFTER_A_NAME: Final = rf"\s*(?:[:：]|=>?)|{_AFTER_A_VALUE}"
_OPENING: Final = re.compile(rf"[{{｛]\s*(?:\Z|(?=[{_QUOTES}]|//|/\*)|(?=[^\W\d][\w \-]{{0,40}}(?:[:：]|\Z)))")
_INSIDE: Final = re.compile(r"\s*(?=([\"'])[A-Za-z][\w \-]{0,40}\1\s*:\s*[\"'\d\[{])")
_PLAIN_MEMBER: Final = re.compile(r'\s*"([\w \-]{1,40})"\s*:\s*"([^"\\]*)"\s*(?:,|(?=}))')
_TOKEN: Final = re.compile(
    rf"""
    (?: \s+ | //[^\n]* | \#[^\n]* | /\*.*?(?:\*/|\Z) )*    # blanks and comments
    (?: (\Z|```|</|<\|)                                  # the text, the fence, the tag or the turn around it closes
      | ([{{｛\[]) | ([}}｝]) | (\]) | ([,，、،][\s,，、،]*) | ([{_QUOTES}]) | (.) )
    """,
    re.DOTALL | re.VERBOSE,
)


class Scalar(NamedTuple):
    """The range of a string without its quotes, or of a bare word; not complete if the text breaks off in it."""

    start: int
    end: int
    is_complete: bool


class Member(NamedTuple):
    """A name with its value in an object; in an array, and where a value has none, the name is empty."""

    name: str
    value: "Scalar | Group"


@dataclass(slots=True)
class Group:
    """An object or an array. One that the text breaks off in is not complete and ends where the text does."""

    is_object: bool
    start: int
    end: int = -1
    is_complete: bool = False
    members: list[Member] = field(default_factory=list)

    @property
    def has_names(self) -> bool:
        """Whether something in it has a name."""
        return any(member.name for member in self.members)


class TooMuchJsonError(Exception):
    """The text has more than MAX_TOKENS tokens of JSON: no answer, and not worth the time."""


def find_objects(text: str) -> list[Group]:
    """Return the outermost objects of a text in their order: everything from a brace with a name behind it.

    A text without one that begins with a quoted name goes on in an object, whose brace was in the prompt.

    Raises:
        TooMuchJsonError: rather than to read on for ever.
    """
    scanner = _Scanner(text)
    opening = _OPENING.search(text)
    while opening:
        scanner.read_object(opening.start(), opening.start() + 1)
        opening = _OPENING.search(text, scanner.position)
    inside = None if scanner.objects else _INSIDE.match(text)
    if inside:
        scanner.read_object(inside.end(), inside.end())
    return scanner.objects


class _Scanner:
    """Reads objects token by token.

    `open` are the groups around the position, the innermost last; `name` is the name whose value comes next.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.num_tokens = 0
        self.objects: list[Group] = []
        self.open: list[Group] = []
        self.name: str | None = None
        self.readers = (self._open, self._close_object, self._close_array, self._comma, self._string, self._bare)

    def read_object(self, start: int, inside: int) -> None:
        root = Group(is_object=True, start=start)
        self.objects.append(root)
        self.open = [root]
        self.name = None
        self.position = inside
        while self.open and (self._read_plain_member() or self._read_token()):
            pass
        for group in self.open:
            group.end = self.position

    def _read_plain_member(self) -> bool:
        """Read a name, a string and the comma at one go, if they are plain JSON: the usual case, and the fast one."""
        member = _PLAIN_MEMBER.match(self.text, self.position) if self._expects_name() else None
        if member is None:
            return False
        self._count_token()
        self.open[-1].members.append(Member(member[1], Scalar(*member.span(2), is_complete=True)))
        self.position = member.end()
        return True

    def _read_token(self) -> bool:
        """Read a token; return False where the text or what encloses the object ends."""
        token = _TOKEN.match(self.text, self.position)
        kind = token.lastindex if token else None
        if token is None or kind is None:
            return False
        self._count_token()
        start = token.start(kind)
        self.position = token.end()
        if kind > 1:
            self.readers[kind - 2](start)
            return True
        self.position = start
        return False

    def _count_token(self) -> None:
        self.num_tokens += 1
        if self.num_tokens > MAX_TOKENS:
            raise TooMuchJsonError

    def _open(self, start: int) -> None:
        group = Group(self.text[start] != "[", start)
        self._add(group)
        self.open.append(group)

    def _close_object(self, _: int) -> None:
        """Close the innermost object, and the arrays that were left open in it."""
        while not self._close().is_object:
            pass

    def _close_array(self, _: int) -> None:
        """Close an array; a bracket that closes none is passed over."""
        if not self.open[-1].is_object:
            self._close()

    def _close(self) -> Group:
        group = self.open.pop()
        group.end = self.position
        group.is_complete = True
        self.name = None
        return group

    def _comma(self, _: int) -> None:
        self.name = None

    def _string(self, start: int) -> None:
        ends = (_NAME_ENDS if self._expects_name() else _VALUE_ENDS)[self.text[start]]
        end = _string_end(self.text, start + 1, ends)
        self.position = len(self.text) if end is None else end + 1
        self._take(Scalar(start + 1, self.position if end is None else end, is_complete=end is not None))

    def _bare(self, start: int) -> None:
        token = (_BARE_NAME if self._expects_name() else _BARE_VALUE).match(self.text, start)
        self.position = token.end() if token else start + 1
        end = start + len(self.text[start : self.position].rstrip())
        self._take(Scalar(start, end, is_complete=self.position < len(self.text)))

    def _expects_name(self) -> bool:
        return self.name is None and self.open[-1].is_object

    def _take(self, scalar: Scalar) -> None:
        """Take a scalar as a name if a colon follows where a name may stand, else as a value, with or without a name.

        At the end of the text nobody knows what it would have been, and dots stand for nothing.
        """
        colon = _COLON.match(self.text, self.position) if self._expects_name() else None
        if colon:
            self.name = self.text[scalar.start : scalar.end]
            self.position = colon.end()
        elif not self._expects_name() or self._is_said(scalar):
            self._add(scalar)

    def _is_said(self, scalar: Scalar) -> bool:
        return self.position < len(self.text) and bool(self.text[scalar.start : scalar.end].strip(_SAYS_NOTHING))

    def _add(self, value: Scalar | Group) -> None:
        self.open[-1].members.append(Member(self.name or "", value))
        self.name = None


def _string_end(text: str, start: int, ends: re.Pattern[str]) -> int | None:
    for match in ends.finditer(text, start):
        if not match[0].startswith("\\"):
            return match.start()
    return None


def _compile_ends(after: str) -> dict[str, re.Pattern[str]]:
    return {
        quote: re.compile(rf"(?:\\.)+|[{closing}](?={after})", re.DOTALL) for quote, closing in _CLOSING_QUOTES.items()
    }


_VALUE_ENDS: Final = _compile_ends(_AFTER_A_VALUE)
_NAME_ENDS: Final = _compile_ends(_AFTER_A_NAME)
