r"""JSON that was written as a string: escaped as a whole, or the arguments of a tool call; and quotes that are tokens.

"{\"action\": \"hit\"}"        {"name": "play", "arguments": "{\"action\": \"hit\"}"}
call:act{action:<|"|>hit<|"|>}      call:act{action:<escape>hit<escape>}      {&quot;action&quot;: &quot;hit&quot;}
"""

import re
from typing import Final

_BLANK: Final = r"(?:\s|\\+[nrt]|```(?:json)?)"
_QUOTED_OBJECT: Final = re.compile(
    rf"""(?:"(?P<name>[^"\\]{{1,40}})"\s*:\s*|\A\s*)    # a field, or the whole text
    "(?P<inner>(?:{_BLANK}|\[)*\{{{_BLANK}*\\+"(?:[^"\\]|\\.)*)"(?=\s*[,}}\]]|\s*\Z)""",
    re.VERBOSE | re.DOTALL,
)
_CLOSED: Final = re.compile(rf"[}}\]]{_BLANK}*\Z")
_ESCAPES: Final = re.compile(r"\\+(?P<char>[\"nrt/])")
_QUOTE_TOKENS: Final = re.compile(r'<\|"\|>|<escape>')
_HTML_QUOTE: Final = re.compile(r"&(?:quot|#34|#x22);")
_THOUGHTS: Final = re.compile(r"thought|reason|think|rationale|explanation|analysis", re.IGNORECASE)


def with_quotes(text: str) -> str:
    """Write Gemma's tokens of a quote as quotes, each character in its place; HTML's where there is no other quote."""
    if "<" in text:
        text = _QUOTE_TOKENS.sub(_quote, text)
    return _HTML_QUOTE.sub(_quote, text) if "&" in text and '"' not in text else text


def _quote(token: re.Match[str]) -> str:
    return '"'.ljust(len(token[0]))


def unwrap(text: str, *, is_whole: bool) -> str:
    """Write objects that stand in strings as objects, each character in its place; those in thoughts stay strings.

    With `is_whole` the text has no other objects, and may be escaped without a string around it.
    """
    opened = _QUOTED_OBJECT.sub(_open, text)
    return _ESCAPES.sub(_blank, opened) if opened == text and is_whole else opened


def _open(string: re.Match[str]) -> str:
    is_thought = string["name"] and _THOUGHTS.search(string["name"])
    if is_thought or not _CLOSED.search(string["inner"][-40:]):
        return string[0]
    start, end = (place - string.start() for place in string.span("inner"))
    written = string[0]
    inner = _ESCAPES.sub(_blank, string["inner"]).replace("```json", " " * 7).replace("```", " " * 3)
    return f"{written[: start - 1]} {inner} {written[end + 1 :]}"


def _blank(escape: re.Match[str]) -> str:
    """Put the quote where the escape ended, so that positions stay as they are."""
    char = escape["char"]
    return " " * (len(escape[0]) - 1) + (char if char in '"/' else " ")
