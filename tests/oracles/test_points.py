"""The points oracle: published counts, and agreement with searches that share no code with it."""

from fractions import Fraction
from functools import cache
from itertools import combinations, combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_arithmetic import ast_value

from vlm_gym.games.formula import broken_rule, read_prefix
from vlm_gym.games.points import EZPOINTS_SYMBOLS, POINTS24_SYMBOLS, PointsRules
from vlm_gym.oracles.deals import best_success, deal_odds, solvable_deal_odds
from vlm_gym.oracles.points import Planner, complete, is_solvable, solve
from vlm_gym.oracles.reachable import Reachable

FRACTION_ONLY = {
    (1, 3, 4, 6), (1, 4, 5, 6), (1, 5, 5, 5), (1, 6, 6, 8), (2, 4, 10, 10),
    (2, 5, 5, 10), (2, 7, 7, 10), (3, 3, 7, 7), (3, 3, 8, 8), (4, 4, 7, 7),
}  # fmt: skip
NAMES = (*map(str, range(1, 14)), *POINTS24_SYMBOLS)


def hands(highest):
    return list(combinations_with_replacement(range(1, highest + 1), 4))


def legal_tokens(tokens, numbers, symbols):
    prefix = read_prefix(tokens, numbers)
    names = (*map(str, sorted(set(numbers))), *symbols)
    return [name for name in names if broken_rule(prefix, name) is None]


def continuations(tokens, numbers, symbols, pairs):
    """Yield every finished formula that begins with `tokens` and opens at most `pairs` new parentheses."""
    for token in legal_tokens(tokens, numbers, symbols):
        longer = (*tokens, token)
        if token == "=":
            yield longer
        elif token != "(" or pairs:
            yield from continuations(longer, numbers, symbols, pairs - (token == "("))


def random_walk(rng, numbers, symbols, num_tokens):
    """Press legal tokens; an opening parenthesis no more often than the others together."""
    tokens = ()
    for _ in range(num_tokens):
        legal = [token for token in legal_tokens(tokens, numbers, symbols) if token != "="]
        if not legal:
            break
        others = [token for token in legal if token != "("]
        token = "(" if "(" in legal and rng.random() < 0.3 else others[int(rng.integers(len(others)))]
        tokens = (*tokens, token)
    return tokens


def check_against_brute_force(rng, tokens, numbers, symbols):
    """Compare `complete` with all continuations: m numbers that are left need at most m - 1 pairs."""
    num_left = len(read_prefix(tokens, numbers).unused)
    lengths = {}
    for formula in continuations(tokens, numbers, symbols, max(num_left - 1, 0)):
        value = ast_value(formula)
        if value is not None and value.denominator == 1:
            length = len(formula) - len(tokens)
            lengths[int(value)] = min(length, lengths.get(int(value), length))
    targets = {0, 1, 12, 24, int(rng.integers(-5, 100)), *rng.permutation(sorted(lengths))[:60].tolist()}
    for target in targets:
        plan = complete(tokens, numbers, target, symbols)
        assert (len(plan) if plan else None) == lengths.get(target), (tokens, numbers, target, plan)
        assert plan is None or ast_value((*tokens, *plan)) == target
        assert plan is None or all(
            broken_rule(read_prefix((*tokens, *plan[:i]), numbers), plan[i]) is None for i in range(len(plan))
        )


@pytest.mark.parametrize(
    "symbols", [POINTS24_SYMBOLS, EZPOINTS_SYMBOLS, ("+", "-", "(", ")", "="), ("+", "-", "*", "=")]
)
def test_the_plan_is_the_shortest_of_all_continuations(symbols):
    rng = np.random.default_rng(7)
    for _ in range(150):
        numbers = tuple(rng.integers(1, 14, size=rng.integers(1, 4)).tolist())
        tokens = random_walk(rng, numbers, symbols, int(rng.integers(8)))
        if len(read_prefix(tokens, numbers).unused) < 3:
            check_against_brute_force(rng, tokens, numbers, symbols)


def test_the_plan_for_three_numbers_is_the_shortest_of_all_formulas():
    check_against_brute_force(np.random.default_rng(3), (), (2, 5, 6), POINTS24_SYMBOLS)
    check_against_brute_force(np.random.default_rng(3), ("(", "("), (3, 3, 7), POINTS24_SYMBOLS)
    check_against_brute_force(np.random.default_rng(3), ("8", "/", "("), (1, 2, 3, 8), POINTS24_SYMBOLS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 4, 5, 6, *(pytest.param(n, marks=pytest.mark.exhaustive) for n in (0, 2, 3, 7))])
def test_the_plan_is_the_shortest_of_all_continuations_with_more_numbers(seed):
    rng = np.random.default_rng(seed)
    for _ in range(40):
        numbers = tuple(rng.integers(1, 14, size=rng.integers(3, 6)).tolist())
        tokens = random_walk(rng, numbers, POINTS24_SYMBOLS, int(rng.integers(2, 12)))
        if len(read_prefix(tokens, numbers).unused) < 4:
            check_against_brute_force(rng, tokens, numbers, POINTS24_SYMBOLS)


@pytest.mark.parametrize("numbers", [(1, 2, 7), (3, 3, 8, 8), (2, 2, 13, 13), (10, 10, 10, 10), (1, 5, 6, 12)])
def test_numbers_are_solvable_for_just_the_values_that_they_can_be_combined_to(numbers):
    values = combined_values(numbers, is_whole=False)
    for target in range(-30, 200):
        assert is_solvable(numbers, target, POINTS24_SYMBOLS) == (target in values)


@pytest.mark.slow
@pytest.mark.parametrize("highest", [10, pytest.param(13, marks=pytest.mark.exhaustive)])
def test_exactly_the_hands_that_combine_to_24_are_solvable(highest):
    for hand in hands(highest):
        assert is_solvable(hand, 24, POINTS24_SYMBOLS) == (24 in combined_values(hand, is_whole=False))


@cache
def combined_values(numbers, is_whole):
    """Return all values of expression trees over the numbers; `is_whole` keeps to whole intermediate values."""
    if len(numbers) == 1:
        return frozenset(map(Fraction, numbers))
    values = set()
    for left, right in all_splits(numbers):
        for one in combined_values(left, is_whole):
            for other in combined_values(right, is_whole):
                values |= {one + other, one - other, other - one, one * other}
                values |= {one / other} if other else set()
                values |= {other / one} if one else set()
    return frozenset(value for value in values if not is_whole or value.denominator == 1)


def all_splits(numbers):
    for size in range(1, len(numbers) // 2 + 1):
        for places in combinations(range(len(numbers)), size):
            left = tuple(number for i, number in enumerate(numbers) if i in places)
            yield left, tuple(number for i, number in enumerate(numbers) if i not in places)


def test_1236_of_the_1820_rank_hands_make_24_with_faces_of_ten():
    faces_ten = [tuple(min(number, 10) for number in hand) for hand in hands(13)]
    assert sum(is_solvable(hand, 24, POINTS24_SYMBOLS) for hand in faces_ten) == 1236


def test_1362_of_the_1820_rank_hands_make_24_with_faces_of_their_rank():
    assert sum(is_solvable(hand, 24, POINTS24_SYMBOLS) for hand in hands(13)) == 1362


def test_566_of_the_715_value_hands_make_24():
    assert sum(is_solvable(hand, 24, POINTS24_SYMBOLS) for hand in hands(10)) == 566


@pytest.mark.slow
def test_exactly_ten_hands_make_24_through_a_fraction_only():
    solvable = {hand for hand in hands(10) if is_solvable(hand, 24, POINTS24_SYMBOLS)}
    assert {hand for hand in solvable if 24 not in combined_values(hand, is_whole=True)} == FRACTION_ONLY


@pytest.mark.parametrize("hand", sorted(FRACTION_ONLY))
def test_a_hand_that_needs_a_fraction_is_solved_exactly(hand):
    formula = solve(hand, 24, POINTS24_SYMBOLS)
    assert ast_value(formula) == 24
    assert 24 not in combined_values(hand, is_whole=True)


@pytest.mark.parametrize(
    ("rules", "share"),
    [
        (PointsRules(24, 4, POINTS24_SYMBOLS), Fraction(20876, 28561)),
        (PointsRules(24, 4, POINTS24_SYMBOLS, "rank"), Fraction(22615, 28561)),
        (PointsRules(12, 2, EZPOINTS_SYMBOLS), Fraction(19, 169)),
        (PointsRules(12, 2, EZPOINTS_SYMBOLS, "rank"), Fraction(17, 169)),
    ],
)
def test_the_ceiling_is_the_share_of_solvable_deals(rules, share):
    assert best_success(rules) == share
    assert sum(deal_odds(rules).values()) == 1
    assert sum(solvable_deal_odds(rules).values()) == 1


def test_73_09_and_79_18_percent_of_deals_make_24():
    assert round(100 * 20876 / 28561, 2) == 73.09
    assert round(100 * 22615 / 28561, 2) == 79.18


def test_a_game_without_parentheses_gets_none():
    assert solve((2, 10), 12, EZPOINTS_SYMBOLS) == ("2", "+", "10")
    assert solve((2, 3, 2), 10, EZPOINTS_SYMBOLS) is None  # 2 * (2 + 3)
    assert solve((2, 3, 2), 10, POINTS24_SYMBOLS) is not None
    assert complete(("2",), (2, 10), 20, EZPOINTS_SYMBOLS) == ("*", "10", "=")


def test_a_target_out_of_reach_ends_at_once():
    for numbers in ((1,), (13, 13, 13, 13), (9, 10, 11, 12, 13)):
        for target in (10**9, -(10**9)):
            assert complete((), numbers, target, POINTS24_SYMBOLS) is None


def test_five_and_six_numbers_are_solved():
    for numbers in ((1, 5, 5, 5, 13), (2, 3, 5, 7, 11, 13)):
        for target in (24, 100, 0):
            assert ast_value(complete((), numbers, target, POINTS24_SYMBOLS)) == target


def test_zero_is_made_by_way_of_a_factor_of_zero():
    assert complete(("(", "2", "-", "2", ")"), (2, 2, 3, 5, 7), 0, POINTS24_SYMBOLS) == tuple("*3*5*7=")
    assert complete(tuple("1/("), (1, 2, 2), 24, POINTS24_SYMBOLS) is None


@pytest.mark.parametrize("numbers", [(2, 2, 3, 3, 7), (1, 1, 2, 3, 3, 7)])
def test_zero_is_never_a_divisor(numbers):
    for tokens in (("7",), ("7", "*"), ("7", "/")):
        assert complete(tokens, numbers, 997, POINTS24_SYMBOLS) is None


def test_a_prefix_that_divides_by_zero_is_lost():
    assert complete(tuple("3/(2-2)+"), (3, 2, 2, 24), 24, POINTS24_SYMBOLS) is None


def test_a_finished_formula_needs_nothing_more_or_is_lost():
    assert complete(("12", "*", "2", "="), (12, 2), 24, POINTS24_SYMBOLS) == ()
    assert complete(("12", "+", "2", "="), (12, 2), 24, POINTS24_SYMBOLS) is None


def test_many_needless_parentheses_are_closed_again():
    tokens = ("(",) * 17
    plan = complete(tokens, (1, 2, 3, 4), 24, POINTS24_SYMBOLS)
    assert ast_value((*tokens, *plan)) == 24
    assert len(plan) == 17 + 7 + 1


@settings(max_examples=60)
@given(
    numbers=st.lists(st.integers(1, 13), min_size=1, max_size=4).map(tuple),
    num_tokens=st.integers(0, 12),
    target=st.sampled_from([24, 12, 1, 0]),
    seed=st.integers(0, 10**6),
)
def test_the_plan_after_any_legal_walk_wins_or_there_is_none_for_good(numbers, num_tokens, target, seed):
    rng = np.random.default_rng(seed)
    tokens = random_walk(rng, numbers, POINTS24_SYMBOLS, num_tokens)
    plan = complete(tokens, numbers, target, POINTS24_SYMBOLS)
    if plan is not None:
        assert ast_value((*tokens, *plan)) == target
        assert [
            len(complete((*tokens, *plan[:i]), numbers, target, POINTS24_SYMBOLS)) for i in range(len(plan) + 1)
        ] == [len(plan) - i for i in range(len(plan) + 1)]
        return
    for token in legal_tokens(tokens, numbers, POINTS24_SYMBOLS):
        assert complete((*tokens, token), numbers, target, POINTS24_SYMBOLS) is None


def test_the_plan_does_not_depend_on_what_was_asked_before():
    questions = [(tuple("8/(3-8/3)="[:i]), (3, 3, 8, 8)) for i in range(10)] + [((), hand) for hand in hands(10)[::20]]
    plans = [complete(*question, 24, POINTS24_SYMBOLS) for question in questions]
    for question, plan in reversed(list(zip(questions, plans, strict=True))):
        planner = Planner(Reachable(POINTS24_SYMBOLS), 24)
        assert planner.complete(*question) == plan
