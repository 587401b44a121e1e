"""The points games: is there a formula worth the target, and what is the shortest way to finish one?

Exact, and finite for every target: the numbers that are left run out. One to six numbers take milliseconds.
"""

from collections.abc import Iterator
from functools import lru_cache, reduce
from itertools import product
from typing import Final, NamedTuple

from vlm_gym.games.formula import CLOSE, EQUALS, Level, read_levels, read_prefix
from vlm_gym.oracles.ratio import ONE, OPERATIONS, ZERO, Ratio, minus, over, plus, times
from vlm_gym.oracles.reachable import Numbers, Part, Plan, Reachable, Table, cheaper, splits

CACHED_HANDS: Final = 65536
CACHED_PREFIXES: Final = 65536

Tokens = tuple[str, ...]


def is_solvable(numbers: tuple[int, ...], target: int, symbols: Tokens) -> bool:
    """Whether some formula over `symbols` uses each of the positive `numbers` once and equals `target` exactly."""
    return _is_solvable(tuple(sorted(numbers)), target, symbols)


def solve(numbers: tuple[int, ...], target: int, symbols: Tokens) -> Tokens | None:
    """Return a shortest formula, without "=", that uses every number once and is worth `target`; None without one."""
    plan = complete((), numbers, target, symbols)
    return plan[:-1] if plan else None


def complete(tokens: Tokens, numbers: tuple[int, ...], target: int, symbols: Tokens) -> Tokens | None:
    """Return a shortest way to go on from `tokens` to a formula that solves the game.

    Args:
        tokens: any legal beginning of a formula, down to open and needless parentheses.
        numbers: all numbers of the game, those in `tokens` included.
        target: what the formula must be worth.
        symbols: the signs of the game. With "-" they hold "+", and with "/" they hold "*".

    Returns:
        The tokens to add, "=" at their end (none behind a formula that is finished and right); None if no formula that
        begins like this is right. The same for the same arguments, whatever was asked before.
    """
    return _planner(symbols, target).complete(tokens, tuple(sorted(numbers)))


@lru_cache(maxsize=CACHED_HANDS)
def _is_solvable(numbers: Numbers, target: int, symbols: Tokens) -> bool:
    return _planner(symbols, target).finish((Sum(ZERO, ONE, "*"),), numbers) is not None


@lru_cache(maxsize=64)
def _planner(symbols: Tokens, target: int) -> "Planner":
    return Planner(_reachable(symbols), target)


@lru_cache(maxsize=16)
def _reachable(symbols: Tokens) -> Reachable:
    return Reachable(symbols)


class Sum(NamedTuple):
    """A `games.formula.Level` in ratios; `operator` is None where an operator must follow, not an operand."""

    total: Ratio
    product: Ratio
    operator: str | None

    @property
    def part(self) -> Part:
        """What must follow before the next "+" or "-"."""
        if self.operator is None:
            return "factors"
        return "after *" if self.operator == "*" else "after /"

    def with_factor(self, factor: Ratio) -> "Sum | None":
        """Return the sum after one more factor; None if it divides by zero."""
        product = OPERATIONS[self.operator or "*"](self.product, factor)
        return product and Sum(self.total, product, None)


class Planner:
    """Finishes formulas for one target, innermost parenthesis first."""

    def __init__(self, reachable: Reachable, target: int) -> None:
        self._reachable = reachable
        self._target = (target, 1)
        self.complete = lru_cache(maxsize=CACHED_PREFIXES)(self._complete)
        self.finish = lru_cache(maxsize=CACHED_PREFIXES)(self._finish)

    def _complete(self, tokens: Tokens, numbers: Numbers) -> Tokens | None:
        levels = read_levels(tokens)
        if not levels:
            return None
        prefix = read_prefix(tokens, numbers)
        if prefix.is_finished:
            return () if levels[0].value == self._target[0] else None
        sums = tuple(_ratio_sum(level, prefix.wants_operand or i < prefix.depth) for i, level in enumerate(levels))
        plan = self.finish(sums, prefix.unused)
        return plan and (*plan.tokens, EQUALS)

    def _finish(self, sums: tuple[Sum, ...], unused: Numbers) -> Plan | None:
        """Return a cheapest way to finish the open `sums`, outermost first, with all `unused` numbers."""
        *outer, inner = sums
        if not outer:
            return self._close_at(inner, unused, self._target)
        best: Plan | None = None
        for value, plan, rest in self._closings(tuple(outer), inner, unused):
            if best and plan.pairs >= best.pairs:
                continue
            joined = outer[-1].with_factor(value)
            tail = joined and self.finish((*outer[:-1], joined), rest)
            if tail:
                best = cheaper(best, Plan(plan.pairs + tail.pairs, (*plan.tokens, CLOSE, *tail.tokens)))
        return best

    def _closings(self, outer: tuple[Sum, ...], inner: Sum, unused: Numbers) -> Iterator[tuple[Ratio, Plan, Numbers]]:
        """Yield what the inner sum can be closed with: its value, how, and the numbers left for the outer ones."""
        goal = self._goal(outer)
        for taken, rest in splits(unused):
            if rest or goal is None:
                for value, plan in self._values(inner, taken).items():
                    yield value, plan, rest
            elif (last := self._close_at(inner, taken, goal)) is not None:
                yield goal, last, rest

    def _goal(self, outer: tuple[Sum, ...]) -> Ratio | None:
        """Return the factor that makes the outer sums the target as they are; None if not exactly one does."""
        goal: Ratio | None = self._target
        for level in outer:
            if goal is None or level.product == ZERO:
                return None
            needed = minus(goal, level.total)
            goal = over(needed, level.product) if level.operator == "*" else over(level.product, needed)
        return goal

    def _values(self, inner: Sum, numbers: Numbers) -> Table:
        """Return all values that a sum can take on with the numbers, and a cheapest way to each."""
        table: Table = {}
        for taken, rest in splits(numbers):
            factors = self._reachable.table(inner.part, taken).items()
            terms = self._reachable.table("terms", rest).items()
            for (factor, first), (term, last) in product(factors, terms):
                value = plus(plus(inner.total, times(inner.product, factor)), term)
                _keep_cheaper(table, value, first, last)
        return table

    def _close_at(self, inner: Sum, numbers: Numbers, value: Ratio) -> Plan | None:
        """Return a cheapest way to bring a sum to a value with all the numbers."""
        best: Plan | None = None
        needed = minus(value, inner.total)
        for taken, rest in splits(numbers):
            halves = self._halves(inner, needed, taken, rest)
            plans = (
                Plan(first.pairs + last.pairs, first.tokens + last.tokens) for first, last in halves if first and last
            )
            best = reduce(cheaper, plans, best)
            if best and best.pairs == 0:
                return best
        return best

    def _halves(
        self, inner: Sum, needed: Ratio, taken: Numbers, rest: Numbers
    ) -> Iterator[tuple[Plan | None, Plan | None]]:
        """Yield how the product goes on and which terms follow, by way of the values of the smaller half."""
        find, table = self._reachable.find, self._reachable.table
        if inner.product == ZERO:
            yield self._reachable.find_any(inner.part, taken), find("terms", rest, needed)
        elif len(taken) <= len(rest):
            for factor, plan in table(inner.part, taken).items():
                yield plan, find("terms", rest, minus(needed, times(inner.product, factor)))
        else:
            for term, plan in table("terms", rest).items():
                wanted = over(minus(needed, term), inner.product)
                yield wanted and find(inner.part, taken, wanted), plan


def _keep_cheaper(table: Table, value: Ratio, first: Plan, last: Plan) -> None:
    pairs = first.pairs + last.pairs
    if value not in table or pairs < table[value].pairs:
        table[value] = Plan(pairs, first.tokens + last.tokens)


def _ratio_sum(level: Level, wants_operand: bool) -> Sum:
    total, product = level.total, level.product
    operator = level.operator if wants_operand else None
    return Sum((total.numerator, total.denominator), (product.numerator, product.denominator), operator)
