r"""Formulas as people and models write them, to the tokens of formula.py: LaTeX, brackets, and the result beside it.

(5 - \frac{1}{5}) \times 5      [10-4]*[3+1]      24 = 8 / (3 - 8/3)      (1+2)*8 = 24 ✅
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from typing import Final

from vlm_gym.actions import normalise

MAX_FORMULA_LENGTH: Final = 200  # characters
MAX_FORMULA_TOKENS: Final = 60  # the picture shows so many legibly; five cards need at most 18

_WRITTEN_SIGNS: Final = {
    "\\times": "*", "\\cdot": "*", "\\ast": "*", "\\div": "/", "\\left": " ", "\\right": " ", "\\,": " ", "\\;": " ",
    "\\bigl": " ", "\\bigr": " ", "\\big": " ", "\\biggl": " ", "\\biggr": " ", "\\checkmark": " ",
    "→": "=", "⇒": "=", "=>": "=", "->": "=",
    "\\displaystyle": " ", "\\quad": " ", "\\qquad": " ", "\\mathbf": " ", "\\mathrm": " ", "\\text": " ",
    "\\boxed": " ",
    "\\(": " ", "\\)": " ", "\\[": " ", "\\]": " ", "≈": "=", " equals ": "=", " gives ": "=", " makes ": "=",
    "\\{": "{", "\\}": "}", "$": " ", "x": "*", "—": "-", "•": "*", "∶": "/", "&": " ",
}  # fmt: skip
_SIGNS: Final = re.compile("|".join(map(re.escape, sorted(_WRITTEN_SIGNS, key=len, reverse=True))))
_FRACTION: Final = re.compile(
    r"(?P<over>/\s*)?\\[cdt]?frac\s*(?:\{(?P<above>[^{}]*)\}|(?P<one>\d))\s*(?:\{(?P<below>[^{}]*)\}|(?P<two>\d))"
)
_BRACED_SIGN: Final = re.compile(r"\{\s*([-+*/]|\d+)\s*\}")
_LIST_MARK: Final = re.compile(r"\A\s*(?:\d{1,2}[.)]|[-*•])\s+(?=[\d(\[\\])")
_ASIDE: Final = re.compile(r"(?<=[\d)\]])\s*(?:\(\s*=\s*\d+\s*\)|(?<=\s)\(\s*\d+\s*\)|\[\s*=\s*\d+\s*\])\s*\Z")
_DECORATION: Final = " \t\n`\"',“”"
_BOLD: Final = re.compile(r"\A\*\*(.+?)\*\*\Z")
_BRACKETS: Final = str.maketrans("[]{}", "()()")
_CLOSED_BY: Final = {"[": "]", "{": "}"}
_FORMULA: Final = re.compile(r"(?![*/])[0-9+\-*/() ]*[0-9)]")
_RESULT: Final = re.compile(r"\W*(?P<number>\d+)(?:\.\d*)?(?:[^\d❌✗✘🚫👎]*|\s*[,(\[].*)")
_TOKENS: Final = re.compile(r"[0-9]+|[^\s0-9]")


def formula_tokens(text: str) -> tuple[str, ...]:
    """Split a formula into numbers and single signs: "10*(2+1)" to "10", "*", "(", "2", "+", "1", ")"."""
    return tuple(_TOKENS.findall(text))


@lru_cache(maxsize=1024)  # a parser looks at the same words several times
def read_formula(words: str) -> str | None:
    """Return the formula that `words` as a whole are, its tokens apart; None if they are none.

    A result may stand on either side of it ("= 24", "24 ="), and one that is worked out step by step counts as it was
    first written. A factorial is not a sign of these games, and is not left off.
    """
    if len(words) > MAX_FORMULA_LENGTH:
        return None
    signs = _SIGNS.sub(lambda sign: _WRITTEN_SIGNS[sign[0]], normalise(words).replace("\\\\", "\\"))
    signs = _BRACED_SIGN.sub(r" \1 ", _without_fractions(_LIST_MARK.sub("", signs)))
    side = _formula_side(re.split(r"=+", _ASIDE.sub("", signs).strip()))
    if side is None or _is_wrapped(side):
        return None
    plain = side.translate(_BRACKETS)
    tokens = formula_tokens(plain) if _FORMULA.fullmatch(plain) else ()
    return " ".join(tokens) if 0 < len(tokens) <= MAX_FORMULA_TOKENS else None


def _formula_side(sides: Sequence[str]) -> str | None:
    """Return the side of an equation that is the formula: the one with more numbers, if it leads to a result."""
    stripped = [_BOLD.sub(r"\1", side.strip(_DECORATION)) for side in sides]
    sides = [side for side, _ in groupby(filter(None, stripped))] or [""]  # "1 + 2 =", "= 1 + 2", "... = 24 = 24"
    if len(sides) == 1:
        return sides[0]
    if _RESULT.fullmatch(sides[0]) and _num_numbers(sides[0]) == 1 < _num_numbers(sides[1]):
        return sides[1] if len(sides) == 2 or _formula_side(sides[1:]) else None
    counts = [_num_numbers(side) for side in sides]
    is_worked_out = all(count > after for count, after in pairwise(counts))
    return sides[0] if is_worked_out and _RESULT.fullmatch(sides[-1]) else None


def _num_numbers(side: str) -> int:
    return len(re.findall(r"\d+", side))


def _is_wrapped(side: str) -> bool:
    """Whether brackets other than parentheses stand around the whole: those are not part of the formula."""
    if side[:1] not in _CLOSED_BY:
        return False
    depth = 0
    for i, char in enumerate(side):
        depth += (char in "[{(") - (char in "]})")
        if depth == 0:
            return i == len(side) - 1 and char == _CLOSED_BY[side[0]]
    return False


def _without_fractions(signs: str) -> str:
    """Write LaTeX's fractions as quotients, the innermost first."""
    for _ in range(signs.count("frac")):
        signs, num_written = _FRACTION.subn(_quotient, signs)
        if not num_written:
            break
    return signs


def _quotient(fraction: re.Match[str]) -> str:
    above, below = (
        fraction[braced] if fraction[braced] is not None else fraction[digit]
        for braced, digit in (("above", "one"), ("below", "two"))
    )
    written = f"{_operand(above)} / {_operand(below)}"
    return f"{fraction['over']}({written})" if fraction["over"] else f" {written} "


def _operand(words: str) -> str:
    return words.strip() if words.strip().isdecimal() else f"({words})"
