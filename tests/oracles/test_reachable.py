"""The goal-directed search finds what the full tables hold, at the same price, and nothing else."""

import pytest

from vlm_gym.games.points import EZPOINTS_SYMBOLS, POINTS24_SYMBOLS
from vlm_gym.oracles.reachable import GRAMMAR, Reachable

POINTS24 = Reachable(POINTS24_SYMBOLS)


def check_search(reachable, part, numbers, every=1):
    table = reachable.table(part, numbers)
    for value in [*list(table)[::every], (0, 1)]:
        plan = reachable.find(part, numbers, value)
        assert (plan and plan.pairs) == (table[value].pairs if value in table else None), (part, numbers, value)
    for value in [(997, 1), (-997, 3), (1, 997)]:
        assert (reachable.find(part, numbers, value) is None) == (value not in table)


@pytest.mark.parametrize("part", GRAMMAR)
@pytest.mark.parametrize("numbers", [(2, 2, 3, 3), (1, 2, 3, 5), (1, 1, 3, 7)])
def test_the_search_over_four_numbers_finds_what_the_table_holds(part, numbers):
    check_search(POINTS24, part, numbers, every=7)


@pytest.mark.parametrize("part", GRAMMAR)
def test_the_search_without_parentheses_finds_what_the_table_holds(part):
    check_search(Reachable(EZPOINTS_SYMBOLS), part, (1, 2, 3, 5, 7))
    check_search(Reachable(("+", "-", "*", "/", "=")), part, (1, 2, 2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("part", GRAMMAR)
@pytest.mark.parametrize("numbers", [(1, 1, 2, 3, 3), (2, 3, 4, 5, 6)])
def test_the_search_over_five_numbers_finds_what_the_table_holds(part, numbers):
    check_search(POINTS24, part, numbers, every=101)
