"""The grammar and the arithmetic of formulas, against a generator and an evaluator of their own."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_arithmetic import ast_value

from vlm_gym.games.formula import Level, broken_rule, check, evaluate, read_levels, read_prefix
from vlm_gym.games.points import POINTS24_SYMBOLS

NAMES = ("2", "3", "7", "10", "13", *POINTS24_SYMBOLS)


def all_formulas(numbers, pairs):
    """Return every formula over all of the numbers with up to so many pairs of parentheses, as (tokens, pairs used)."""
    sums = set()
    for tokens, used in products(numbers, pairs):
        sums.add((tokens, used))
    for left, right in all_splits(numbers):
        for (one, first), (other, last) in pairs_of(all_formulas(left, pairs), products(right, pairs), pairs):
            sums |= {((*one, sign, *other), first + last) for sign in "+-"}
    return sums


def products(numbers, pairs):
    found = set(factors(numbers, pairs))
    for left, right in all_splits(numbers):
        for (one, first), (other, last) in pairs_of(products(left, pairs), factors(right, pairs), pairs):
            found |= {((*one, sign, *other), first + last) for sign in "*/"}
    return found


def factors(numbers, pairs):
    if len(numbers) == 1:
        yield (str(numbers[0]),), 0
    if pairs:
        yield from ((("(", *tokens, ")"), used + 1) for tokens, used in all_formulas(numbers, pairs - 1))


def all_splits(numbers):
    for size in range(1, len(numbers)):
        for places in combinations(range(len(numbers)), size):
            left = tuple(number for i, number in enumerate(numbers) if i in places)
            yield left, tuple(number for i, number in enumerate(numbers) if i not in places)


def pairs_of(lefts, rights, pairs):
    rights = list(rights)
    return [(one, other) for one in lefts for other in rights if one[1] + other[1] <= pairs]


@pytest.mark.parametrize(("numbers", "pairs"), [((3,), 3), ((2, 3), 3), ((2, 2), 3), ((2, 3, 7), 2), ((2, 3, 3), 2)])
def test_a_token_is_legal_exactly_if_some_finished_formula_goes_on_with_it(numbers, pairs):
    formulas = {(*tokens, "=") for tokens, _ in all_formulas(numbers, pairs)}
    beginnings = {formula[:i] for formula in formulas for i in range(len(formula) + 1)}
    for beginning in beginnings:
        prefix = read_prefix(beginning, numbers)
        for name in NAMES:
            if name == "(" and beginning.count("(") == pairs:
                continue  # the formulas that go on with it were not generated
            assert (broken_rule(prefix, name) is None) == ((*beginning, name) in beginnings), (beginning, name)


def test_every_formula_passes_the_check_and_nothing_shorter_does():
    formulas = {tokens for tokens, _ in all_formulas((2, 3, 7), 2)}
    for formula in formulas:
        assert check(formula, (7, 2, 3)) is None
        assert check((*formula, "="), (7, 2, 3)) is None
        for i in range(len(formula)):
            assert check(formula[:i], (7, 2, 3)) is not None


def random_formula(rng, numbers):
    """Press legal tokens until the formula is finished."""
    tokens = ()
    while not tokens or tokens[-1] != "=":
        prefix = read_prefix(tokens, numbers)
        legal = [name for name in (*map(str, set(numbers)), *POINTS24_SYMBOLS) if broken_rule(prefix, name) is None]
        weights = np.array([0.3 if name == "(" else 1.0 for name in legal])
        tokens = (*tokens, legal[rng.choice(len(legal), p=weights / weights.sum())])
    return tokens


@given(numbers=st.lists(st.integers(1, 13), min_size=1, max_size=6), seed=st.integers(0, 10**6))
def test_a_formula_is_worth_what_python_makes_of_it(numbers, seed):
    tokens = random_formula(np.random.default_rng(seed), numbers)
    assert evaluate(tokens) == ast_value(tokens)
    assert evaluate(tokens[:-1]) == ast_value(tokens)


def test_every_small_formula_is_worth_what_python_makes_of_it():
    for tokens, _ in all_formulas((2, 2, 3), 2):
        assert evaluate(tokens) == ast_value(tokens)


@pytest.mark.parametrize("text", ["1/(2-2)=", "1/(2-2)*(2-2)=", "(2-2)/(2-2)=", "3+1/(1-1)-7=", "8/(3/(2-2))="])
def test_division_by_zero_has_no_value_and_no_crash(text):
    assert evaluate(tuple(text)) is None
    assert read_levels(tuple(text)) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8/(3-8/3)=", 24),
        ("8/3/2=", Fraction(4, 3)),
        ("8-3-2=", 3),
        ("8/2*4=", 16),
        ("(2-2)*7=", 0),
        ("(((7)))=", 7),
        ("2-(3-7)*2=", 10),
    ],
)
def test_arithmetic_is_exact_and_groups_from_the_left(text, value):
    assert evaluate(tuple(text)) == value


@pytest.mark.parametrize(
    ("tokens", "token", "rule"),
    [
        ("2", "3", "an operator must stand before 3"),
        ("2", "(", "an operator must stand before ("),
        ("(2)", "3", "an operator must stand before 3"),
        ("", "5", "5 is not among the numbers left: 2, 3"),
        ("2+", "2", "2 is not among the numbers left: 3"),
        ("", "+", "a number or ( must come before +"),
        ("2-", "-", "a number or ( must come before -"),
        ("2*", "*", "a number or ( must come before *"),
        ("2/", "/", "a number or ( must come before /"),
        ("(", ")", "a number or ( must come before )"),
        ("", "=", "a number or ( must come before ="),
        ("2", ")", "there is no open ( for this )"),
        ("2", "=", "every number must be used before =, and these are left: 3"),
        ("(2+3", "=", "every ( must be closed before ="),
        ("2+3", "*", "no number is left to follow *"),
        ("2+3=", "=", "the formula is finished: = cannot follow ="),
        ("2+3=", "2", "the formula is finished: 2 cannot follow ="),
    ],
)
def test_a_broken_rule_is_said_in_words(tokens, token, rule):
    assert broken_rule(read_prefix(tuple(tokens), (3, 2)), token) == rule


def test_two_numbers_never_make_a_longer_one():
    assert check(("2", "4", "*", "1", "*", "1"), (1, 1, 2, 4)) == "an operator must stand before 4"
    assert check(("24", "*", "1", "*", "1"), (1, 1, 2, 4)) == "24 is not among the numbers left: 1, 1, 2, 4"
    assert evaluate(("12", "+", "12")) == 24


def test_a_prefix_says_what_is_open():
    prefix = read_prefix(("(", "(", "10", "-"), (3, 10, 3))
    assert (prefix.unused, prefix.depth, prefix.wants_operand, prefix.is_finished) == ((3, 3), 2, True, False)


def test_the_levels_are_the_sums_left_open():
    assert read_levels(()) == (Level(),)
    outer, inner = read_levels(tuple("2+3*(7-4/"))
    assert (outer.total, outer.product, outer.operator) == (2, 3, "*")
    assert (inner.total, inner.product, inner.operator) == (7, -4, "/")
