"""How often random token pressing solves a points game within its turns, exactly.

Whether a press is legal depends on the numbers left, on whether an operand is wanted and on whether a parenthesis is
open; values play no part. A formula is thus a chain of places with k legal presses out of n actions each, and the time
until one certain legal press is made there has the generating function z/n / (1 - (n-k)z/n). The sum of the products
of these series over all formulas worth the target is collected value by value along the grammar; needless
parentheses are a geometric series. The coefficient of z**t is the probability of solving the game in turn t.
"""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

from vlm_gym.games.formula import OPEN, PLUS_MINUS, TIMES_OVER, Prefix
from vlm_gym.games.points import PointsRules
from vlm_gym.oracles.deals import DealOdds
from vlm_gym.oracles.ratio import OPERATIONS, Ratio
from vlm_gym.oracles.reachable import Numbers, splits

Series = npt.NDArray[np.float64]
"""(1, turns + 1): coefficient t is the probability of being done in t turns.

Where the pairs of parentheses are counted, (most pairs + 1, turns + 1): row p is for p pairs.
"""
Table = dict[Ratio, Series]

FACTOR: Final = 0
PRODUCT: Final = 1
SUM: Final = 2
OPERATORS_OF: Final = {PRODUCT: TIMES_OVER, SUM: PLUS_MINUS}


def press_success(rules: PointsRules, turns: int, odds: DealOdds) -> float:
    """Return the probability that uniformly random presses solve a deal drawn with `odds` within `turns`."""
    return sum(float(chance) * hand_success(rules, turns, hand) for hand, chance in odds.items())


def hand_success(rules: PointsRules, turns: int, hand: Numbers, most_pairs: int | None = None) -> float:
    """Return the same for one sorted hand of numbers; with at most so many pairs of parentheses, if it is given."""
    return float(_Presses(rules, turns, most_pairs).solved(hand).sum())


def hand_successes(rules: PointsRules, turns: int, hand: Numbers) -> dict[int, float]:
    """Return the same for every whole number in place of the target, if there is a formula worth it."""
    return {value[0]: float(series.sum()) for value, series in _Presses(rules, turns).all_solved(hand).items()}


class _Presses:
    """Series of the parts of a formula, by value.

    A part begins while `unused` numbers are left and uses the `taken` ones of them; `is_inside` says whether a
    parenthesis is open around it; `only` is a value besides which none is of interest.
    """

    def __init__(self, rules: PointsRules, turns: int, most_pairs: int | None = None) -> None:
        self._rules = rules
        self._turns = turns
        self._are_pairs_counted = most_pairs is not None
        self._num_rows = 1 + (most_pairs or 0)
        self.part = cache(self._part)
        self.press = cache(self._press)

    def solved(self, hand: Numbers) -> Series:
        """Return the series of all formulas worth the target, "=" included."""
        target = (self._rules.target, 1)
        formulas = self.part(SUM, hand, hand, False, target).get(target)
        if formulas is None:
            return np.zeros((self._num_rows, self._turns + 1))
        return self._product(formulas, self.press((), False, False))

    def all_solved(self, hand: Numbers) -> Table:
        """Return the series of all formulas, "=" included, by the whole numbers that they are worth."""
        end = self.press((), False, False)
        found = self.part(SUM, hand, hand, False).items()
        return {value: self._product(formulas, end) for value, formulas in found if value[1] == 1}

    def _part(self, kind: int, unused: Numbers, taken: Numbers, is_inside: bool, only: Ratio | None = None) -> Table:
        """Return a sum, product or factor; each kind is one of the next, or holds several of them."""
        if kind == FACTOR:
            return self._factor(unused, taken, only)
        table = dict(self.part(kind - 1, unused, taken, is_inside, only))
        self._add_compounds(table, kind, unused, taken, is_inside, only)
        return table

    def _factor(self, unused: Numbers, taken: Numbers, only: Ratio | None) -> Table:
        """Return a number, or a sum or product in parentheses; also in needless pairs. Its place does not count."""
        table: Table = {(number, 1): self.press(unused, False, True) for number in taken if len(taken) == 1}
        if OPEN not in self._rules.symbols:
            return table
        pair = self._counted(
            self._product(self.press(unused, False, True), self.press(_without(unused, taken), True, False))
        )
        compounds: Table = {}
        for kind in (PRODUCT, SUM):
            self._add_compounds(compounds, kind, unused, taken, True, only)
        table |= {value: self._product(series, pair) for value, series in compounds.items()}
        pairs = self._geometric(pair)
        return {value: self._product(series, pairs) for value, series in table.items()}

    def _add_compounds(
        self, table: Table, kind: int, unused: Numbers, taken: Numbers, is_inside: bool, only: Ratio | None
    ) -> None:
        """Add the sums of two or more products, or the products of two or more factors."""
        for first, last in splits(taken):
            if not first or not last:
                continue
            left = self.part(kind, unused, first, is_inside)
            right = self.part(kind - 1, _without(unused, first), last, is_inside)
            press = self.press(_without(unused, first), is_inside, False)
            for value, one, other in self._joined(kind, left, right, only):
                series = self._product(self._product(one, press), other)
                table[value] = table[value] + series if value in table else series

    def _joined(
        self, kind: int, left: Table, right: Table, only: Ratio | None
    ) -> Iterator[tuple[Ratio, Series, Series]]:
        operators = [operator for operator in OPERATORS_OF[kind] if operator in self._rules.symbols]
        for (one, series), (other, other_series), operator in product(left.items(), right.items(), operators):
            value = OPERATIONS[operator](one, other)
            if value is not None and only in (None, value):
                yield value, series, other_series

    def _press(self, unused: Numbers, is_inside: bool, wants_operand: bool) -> Series:
        """Return the series of one certain legal press at a place."""
        prefix = Prefix(unused, int(is_inside), wants_operand, False)
        names = self._rules.actions.names
        num_illegal = len(set(names) - prefix.legal)
        waits = (num_illegal / len(names)) ** np.arange(self._turns)
        series = np.zeros((self._num_rows, self._turns + 1))
        series[0, 1:] = waits / len(names)
        return series

    def _geometric(self, pair: Series) -> Series:
        """Return 1 + pair + pair**2 + ..."""
        total = np.zeros((self._num_rows, self._turns + 1))
        power = np.zeros_like(total)
        power[0, 0] = 1.0
        while power.any():
            total += power
            power = self._product(power, pair)
        return total

    def _counted(self, pair: Series) -> Series:
        """Return the series of a pair of parentheses, one row further, if pairs are counted."""
        if not self._are_pairs_counted:
            return pair
        moved = np.zeros_like(pair)
        moved[1:] = pair[:-1]
        return moved

    def _product(self, one: Series, other: Series) -> Series:
        if self._num_rows == 1:
            return np.convolve(one[0], other[0])[None, : self._turns + 1]
        joint = np.zeros_like(one)
        for i, j in product(range(self._num_rows), repeat=2):
            if i + j < self._num_rows and one[i].any() and other[j].any():
                joint[i + j] += np.convolve(one[i], other[j])[: self._turns + 1]
        return joint


def _without(numbers: Numbers, taken: Numbers) -> Numbers:
    return tuple(sorted((Counter(numbers) - Counter(taken)).elements()))
