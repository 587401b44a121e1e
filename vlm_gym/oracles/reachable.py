"""Which values a part of a formula can take, and a cheapest way to write it.

Every way to use the same numbers up has the same numbers and operators; only the parentheses differ. So the shortest
is the one with the fewest new pairs, and a formula never needs a pair that its neighbours' precedence makes
redundant: sums hold products and products hold sums, in turn.

    terms  = (("+" | "-") term)*        term   = number | factor (("*" | "/") factor)+
    factors = (("*" | "/") factor)*     factor = number | "(" term (("+" | "-") term)+ ")"

Up to three numbers, all values of a part are tabled; more are split in two, and the values of the smaller half say
what the larger one must be worth.
"""

from collections.abc import Iterator
from functools import lru_cache, reduce
from itertools import chain, product
from typing import Final, Literal, NamedTuple

from vlm_gym.games.formula import CLOSE, OPEN, PLUS_MINUS, TIMES_OVER
from vlm_gym.oracles.ratio import ONE, OPERATIONS, ZERO, Ratio, minus, over, plus, times

TABLED_NUMBERS: Final = 3
CACHED_TABLES: Final = 4096
CACHED_SEARCHES: Final = 65536

Numbers = tuple[int, ...]
Part = Literal["terms", "factors", "term", "factor", "after *", "after /"]
"""A part of a formula; "after *" and "after /" are a factor and the factors behind it, their operator being written."""


class Plan(NamedTuple):
    """How to write a part: its pairs of parentheses and its tokens."""

    pairs: int
    tokens: tuple[str, ...]


Table = dict[Ratio, Plan]


class Rule(NamedTuple):
    """A part is an item and a tail; the operator before the item may be written already, and a pair may wrap it all."""

    item: Part
    operators: tuple[str, ...]
    tail: Part
    is_written: bool = True
    is_wrapped: bool = False
    needs_tail: bool = False


GRAMMAR: Final[dict[Part, Rule]] = {
    "terms": Rule("term", PLUS_MINUS, "terms", is_written=False),
    "factors": Rule("factor", TIMES_OVER, "factors", is_written=False),
    "term": Rule("factor", ("*",), "factors", needs_tail=True),
    "factor": Rule("term", ("+",), "terms", needs_tail=True, is_wrapped=True),
    "after *": Rule("factor", ("*",), "factors"),
    "after /": Rule("factor", ("/",), "factors"),
}


class Way(NamedTuple):
    """A rule at work: the item of the `taken` numbers, the tail of the `rest`, worth tail `operator` item."""

    rule: Rule
    operator: str
    taken: Numbers
    rest: Numbers

    def plan(self, item: Plan, tail: Plan) -> Plan:
        """Return how to write the part, given how to write its two halves."""
        operator = () if self.rule.is_written else (self.operator,)
        tokens = (*operator, *item.tokens, *tail.tokens)
        pairs = item.pairs + tail.pairs
        return Plan(pairs + 1, (OPEN, *tokens, CLOSE)) if self.rule.is_wrapped else Plan(pairs, tokens)


def cheaper(left: Plan | None, right: Plan | None) -> Plan | None:
    """Return the plan with fewer parentheses; the first of two equals."""
    if left is None or right is None:
        return left or right
    return right if right.pairs < left.pairs else left


@lru_cache(maxsize=CACHED_TABLES)
def splits(numbers: Numbers) -> tuple[tuple[Numbers, Numbers], ...]:
    """Return every way to take some of the sorted `numbers`, none and all included, with what is left."""
    found = {
        tuple(tuple(n for i, n in enumerate(numbers) if (mask >> i & 1) == side) for side in (1, 0))
        for mask in range(2 ** len(numbers))
    }
    return tuple((taken, rest) for taken, rest in sorted(found))


class Reachable:
    """What the formulas over some symbols can be worth. With "-" the symbols hold "+", and with "/" they hold "*"."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self._symbols = symbols
        self.table = lru_cache(maxsize=CACHED_TABLES)(self._table)
        self._find_large = lru_cache(maxsize=CACHED_SEARCHES)(self._search)

    def find(self, part: Part, numbers: Numbers, value: Ratio) -> Plan | None:
        """Return a cheapest way to write a part worth `value` that uses the sorted `numbers`; None if there is none."""
        if len(numbers) <= TABLED_NUMBERS:
            return self.table(part, numbers).get(value)
        return self._find_large(part, numbers, value)

    def find_any(self, part: Part, numbers: Numbers) -> Plan | None:
        """Return a cheapest way to write a part of a product that is not worth zero."""
        if not numbers:
            return Plan(0, ()) if part == "factors" else None
        if part == "factors":
            return Plan(0, _chained("*", numbers)) if "*" in self._symbols else None
        if len(numbers) == 1:
            return Plan(0, _chained("*", numbers)[1:])
        if part == "factor":
            return Plan(1, (OPEN, *_chained("+", numbers)[1:], CLOSE)) if OPEN in self._symbols else None
        return Plan(0, _chained("*", numbers)[1:]) if "*" in self._symbols else None

    def _table(self, part: Part, numbers: Numbers) -> Table:
        """Return all values of a part and a cheapest way to write each."""
        if not numbers and part in ("terms", "factors"):
            return {ZERO if part == "terms" else ONE: Plan(0, ())}
        if len(numbers) == 1 and part in ("term", "factor"):
            return {(numbers[0], 1): Plan(0, (str(numbers[0]),))}
        table: Table = {}
        for value, plan in chain.from_iterable(map(self._made, self._ways(part, numbers))):
            if value not in table or plan.pairs < table[value].pairs:
                table[value] = plan
        return table

    def _made(self, way: Way) -> Iterator[tuple[Ratio, Plan]]:
        operation = OPERATIONS[way.operator]
        items = self.table(way.rule.item, way.taken).items()
        tails = self.table(way.rule.tail, way.rest).items()
        for (item, item_plan), (tail, tail_plan) in product(items, tails):
            value = operation(tail, item)
            if value is not None:
                yield value, way.plan(item_plan, tail_plan)

    def _search(self, part: Part, numbers: Numbers, value: Ratio) -> Plan | None:
        best: Plan | None = None
        for way in self._ways(part, numbers):
            plans = (way.plan(item, tail) for item, tail in self._halves(way, value) if item and tail)
            best = reduce(cheaper, plans, best)
            if best and best.pairs == 0:
                return best
        return best

    def _halves(self, way: Way, value: Ratio) -> Iterator[tuple[Plan | None, Plan | None]]:
        """Yield the halves that make `value`, by way of the values of the smaller half."""
        if value == ZERO and way.operator in TIMES_OVER:
            yield self.find_any(way.rule.item, way.taken), self.find(way.rule.tail, way.rest, ZERO)
            if way.operator == "*":
                yield self.find(way.rule.item, way.taken, ZERO), self.find_any(way.rule.tail, way.rest)
        elif len(way.taken) <= len(way.rest):
            for item, plan in self.table(way.rule.item, way.taken).items():
                tail = _tail_for(way.operator, value, item)
                yield plan, tail and self.find(way.rule.tail, way.rest, tail)
        else:
            for tail, plan in self.table(way.rule.tail, way.rest).items():
                wanted = _item_for(way.operator, value, tail)
                yield wanted and self.find(way.rule.item, way.taken, wanted), plan

    def _ways(self, part: Part, numbers: Numbers) -> Iterator[Way]:
        rule = GRAMMAR[part]
        if rule.is_wrapped and OPEN not in self._symbols:
            return
        operators = [operator for operator in rule.operators if rule.is_written or operator in self._symbols]
        for (taken, rest), operator in product(_divisions(rule, numbers), operators):
            yield Way(rule, operator, taken, rest)


def _divisions(rule: Rule, numbers: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield the splits for a rule. A tail's items come in any order: there the smallest number goes first."""
    for taken, rest in splits(numbers):
        if taken and (rest or not rule.needs_tail) and (rule.is_written or taken[0] == numbers[0]):
            yield taken, rest


def _tail_for(operator: str, value: Ratio, item: Ratio) -> Ratio | None:
    """Return what the tail must be worth so that tail `operator` item is `value`, which is not zero in a product."""
    if operator == "+":
        return minus(value, item)
    if operator == "-":
        return plus(value, item)
    if operator == "*":
        return over(value, item)
    return times(value, item) if item != ZERO else None


def _item_for(operator: str, value: Ratio, tail: Ratio) -> Ratio | None:
    """Return what the item must be worth so that tail `operator` item is `value`, which is not zero in a product."""
    if operator == "+":
        return minus(value, tail)
    if operator == "-":
        return minus(tail, value)
    if operator == "*":
        return over(value, tail)
    return over(tail, value) if tail != ZERO else None


def _chained(operator: str, numbers: Numbers) -> tuple[str, ...]:
    return tuple(token for number in numbers for token in (operator, str(number)))
