"""Arithmetic formulas as sequences of tokens: what may come next, and what a finished one is worth.

The grammar, over numbers that are given and each used exactly once:

    formula = sum "="        sum    = product (("+" | "-") product)*
                             product = factor (("*" | "/") factor)*
                             factor  = number | "(" sum ")"

A number is one token, so two numbers side by side are an error and never one longer number; there is no sign, no
power and no integer division. Values are Fractions: 8/(3-8/3) is exactly 24.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Final

PLUS_MINUS: Final = ("+", "-")
TIMES_OVER: Final = ("*", "/")
OPERATORS: Final = PLUS_MINUS + TIMES_OVER
OPEN: Final = "("
CLOSE: Final = ")"
EQUALS: Final = "="


@dataclass(frozen=True)
class Prefix:
    """What the tokens so far leave open.

    `unused` are the numbers not yet used, sorted; `depth` counts the open parentheses; `wants_operand` is True where a
    number or an opening parenthesis must follow.
    """

    unused: tuple[int, ...]
    depth: int
    wants_operand: bool
    is_finished: bool

    @cached_property
    def legal(self) -> frozenset[str]:
        """The tokens that may follow: after each, some continuation is a formula that uses every number once."""
        if self.is_finished:
            return frozenset()
        if self.wants_operand:
            return frozenset({OPEN, *map(str, self.unused)})
        legal = set(OPERATORS) if self.unused else set()
        if self.depth:
            legal.add(CLOSE)
        elif not self.unused:
            legal.add(EQUALS)
        return frozenset(legal)


def read_prefix(tokens: Sequence[str], numbers: Iterable[int]) -> Prefix:
    """Return what `tokens`, each of which was legal when it was written, leave open for `numbers`."""
    return _read_prefix(tuple(tokens), tuple(numbers))


@lru_cache(maxsize=1024)  # a prefix is read before and after a press, and again while presses are illegal
def _read_prefix(tokens: tuple[str, ...], numbers: tuple[int, ...]) -> Prefix:
    unused = sorted(numbers)
    depth = 0
    wants_operand = True
    for token in tokens:
        if token == OPEN:
            depth += 1
        elif token == CLOSE:
            depth -= 1
        elif token in OPERATORS:
            wants_operand = True
        elif token != EQUALS:
            unused.remove(int(token))
            wants_operand = False
    is_finished = bool(tokens) and tokens[-1] == EQUALS
    return Prefix(tuple(unused), depth, wants_operand, is_finished)


def broken_rule(prefix: Prefix, token: str) -> str | None:
    """Return the rule that `token` would break after `prefix`, in words, or None if it is legal."""
    if token in prefix.legal:
        return None
    if prefix.is_finished:
        return f"the formula is finished: {token} cannot follow ="
    if not prefix.wants_operand and (token == OPEN or token.isdecimal()):
        return f"an operator must stand before {token}"
    if token.isdecimal():
        return f"{token} is not among the numbers left: {_listed(prefix.unused)}"
    if prefix.wants_operand:
        return f"a number or ( must come before {token}"
    return _operator_rule(prefix, token)


def _operator_rule(prefix: Prefix, token: str) -> str:
    if token == CLOSE:
        return "there is no open ( for this )"
    if token != EQUALS:
        return f"no number is left to follow {token}"
    if prefix.unused:
        return f"every number must be used before =, and these are left: {_listed(prefix.unused)}"
    return "every ( must be closed before ="


def check(tokens: Sequence[str], numbers: Iterable[int]) -> str | None:
    """Return the first rule that a whole formula (with or without its "=") breaks, or None if it is legal."""
    unused = tuple(numbers)
    for i, token in enumerate(tokens):
        rule = broken_rule(read_prefix(tokens[:i], unused), token)
        if rule is not None:
            return rule
    prefix = read_prefix(tokens, unused)
    return None if prefix.is_finished else broken_rule(prefix, EQUALS)


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers)) or "none"


def evaluate(tokens: Sequence[str]) -> Fraction | None:
    """Return the exact value of a finished formula (with or without its "="); None if it divides by zero.

    Precedence is the usual one, and operators of one precedence group from the left.
    """
    levels = read_levels(tokens)
    return levels[0].value if levels else None


@dataclass(frozen=True, slots=True)
class Level:
    """A sum that has been read in part, outside or inside a parenthesis.

    `total` holds the products that are finished; `product` the one being read, with its sign, and `operator` how the
    next factor enters it. A fresh level multiplies into 1.
    """

    total: Fraction = Fraction(0)
    product: Fraction = Fraction(1)
    operator: str = "*"

    @property
    def value(self) -> Fraction:
        """The sum's value, once its last factor has been read."""
        return self.total + self.product

    def with_factor(self, factor: Fraction) -> "Level | None":
        """Return the level after one more factor; None if it divides by zero."""
        if self.operator == "*":
            return Level(self.total, self.product * factor)
        return Level(self.total, self.product / factor) if factor else None

    def with_operator(self, operator: str) -> "Level":
        """Return the level after an operator."""
        if operator in TIMES_OVER:
            return Level(self.total, self.product, operator)
        return Level(self.value, Fraction(1 if operator == "+" else -1))


def read_levels(tokens: Sequence[str]) -> tuple[Level, ...]:
    """Return the levels that legal `tokens` leave open, the outermost first; none if they divide by zero."""
    levels = [Level()]
    for token in tokens:
        if token == OPEN:
            levels.append(Level())
        elif token in OPERATORS:
            levels[-1] = levels[-1].with_operator(token)
        elif token != EQUALS:
            factor = levels.pop().value if token == CLOSE else Fraction(token)
            level = levels.pop().with_factor(factor)
            if level is None:
                return ()
            levels.append(level)
    return tuple(levels)
