"""Floors and ceilings of the harder points games, against plain enumeration and play by the real rules."""

from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import combinations, combinations_with_replacement, permutations, product
from math import factorial, prod

import gymnasium as gym
import numpy as np
import pytest
from plain_arithmetic import ast_value
from press_sequences import cards_of, solved_share

from vlm_gym.games.cards import RANKS, value_of
from vlm_gym.games.points import Deal, PointsRules, PointsState
from vlm_gym.games.points_deal import Dealer
from vlm_gym.levels import LEVELS
from vlm_gym.oracles import dealt_targets as found
from vlm_gym.oracles.points import solve
from vlm_gym.oracles.points_scores import Presses, ceiling, floor, targets_of

POINTS = [task for task in LEVELS if "Points" in task.id and task.axis in ("calculating", "planning", "course")]
IDS = [task.id for task in POINTS]
ALL, NO_OVER, PLAIN = (tuple(signs) for signs in ("+-*/()=", "+-*()=", "+-*="))


def values(numbers, symbols):
    """All values of binary trees over the numbers: a plain search that shares no code with the package."""
    if len(numbers) == 1:
        return {Fraction(numbers[0])}
    made = set()
    for i, j in combinations(range(len(numbers)), 2):
        rest = [number for k, number in enumerate(numbers) if k not in (i, j)]
        for a, b in ((numbers[i], numbers[j]), (numbers[j], numbers[i])):
            results = {"+": a + b, "-": a - b, "*": a * b, "/": Fraction(a) / b if b else None}
            for sign in set(symbols) & set(results):
                made |= values([*rest, results[sign]], symbols) if results[sign] is not None else set()
    return made


@pytest.mark.parametrize("symbols", [ALL, NO_OVER])
@pytest.mark.parametrize("hand", [(1, 3, 4, 6), (2, 2, 10, 10), (1, 1, 1, 9)])
def test_the_targets_that_a_hand_makes_are_those_of_all_trees(hand, symbols):
    made = {value for value in values(list(hand), symbols) if 0 <= value < 60}
    assert found.solvable_targets(hand, symbols, range(60)) == {value for value in made if value.denominator == 1}


@pytest.mark.parametrize("symbols", [ALL, NO_OVER, PLAIN])
@pytest.mark.parametrize("num_cards", [5, 6])
def test_solutions_of_many_cards_are_right(symbols, num_cards):
    rng = np.random.default_rng(num_cards)
    for _ in range(20):
        hand, target = tuple(rng.integers(1, 11, size=num_cards).tolist()), int(rng.integers(1, 60))
        solution = solve(hand, target, symbols)
        if solution is not None:
            assert ast_value(solution) == target
            assert sorted(int(token) for token in solution if token.isdecimal()) == sorted(hand)
            assert {token for token in solution if not token.isdecimal()} <= set(symbols)


@pytest.mark.parametrize(("most_pairs", "spare"), [(0, 0), (1, 2)])
def test_presses_that_are_counted_are_solved_as_often_as_all_sequences_say(most_pairs, spare):
    rules, turns = PointsRules(8, 2, ALL), 9
    hand = (2, 4)
    expected = brute_force(rules, hand, turns, 2 * len(hand) + 2 * most_pairs)
    assert found.counted_press_success(rules, spare, turns, {hand: Fraction(1)}) == pytest.approx(expected, rel=1e-12)
    assert expected < brute_force(rules, hand, turns, None)


def brute_force(rules, hand, turns, presses):
    return solved_share(rules, PointsState(cards_of(hand), deal=Deal(rules, presses)), turns)


def test_the_odds_of_a_day_are_those_of_all_deals():
    rules = PointsRules(24, 2, ALL)
    odds = {}
    for ranks in product(RANKS, repeat=2):
        for rank in ranks:
            usual = value_of(rank, "ten")
            for number in set(range(1, 11)) - {usual}:
                hand = tuple(sorted(number if other == rank else value_of(other, "ten") for other in ranks))
                odds[hand] = odds.get(hand, 0) + Fraction(1, 13 * 13 * 2 * 9)
    assert found.today_odds(rules) == odds


def test_the_dealer_deals_a_day_with_these_odds():
    dealer = Dealer(PointsRules(24, 2, ALL), None, 2)
    odds, rng, num_deals = found.today_odds(dealer.rules), np.random.default_rng(0), 20_000
    counts = dict.fromkeys(odds, 0)
    for _ in range(num_deals):
        hand, deal = dealer.deal(rng)
        assert deal.aside not in hand
        counts[tuple(sorted(deal.rules.numbers(hand)))] += 1
    for hand, chance in odds.items():
        assert counts[hand] / num_deals == pytest.approx(float(chance), abs=5 * np.sqrt(float(chance) / num_deals))


@pytest.mark.parametrize(("num_cards", "symbols"), [(3, ALL), (3, NO_OVER), (2, PLAIN)])
def test_the_floor_of_formulas_is_the_share_of_all_samples(num_cards, symbols):
    dealer = Dealer(PointsRules(1, num_cards, symbols), range(1, 9))
    hand = (2, 3, 10)[:num_cards]
    signs, hits = [sign for sign in symbols if sign in "+-*/"], 0
    for order in set(permutations(hand)):
        for chosen in product(signs, repeat=num_cards - 1):
            tokens = [str(order[0]), *(part for pair in zip(chosen, map(str, order[1:]), strict=True) for part in pair)]
            hits += ast_value(tokens) in targets_of(dealer)
    expected = hits / (10**num_cards * len(signs) ** (num_cards - 1) * 8)
    got = found.formula_success(dealer.rules, targets_of(dealer), {hand: Fraction(1)})
    assert got == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("symbols", [ALL, PLAIN])
def test_the_floor_of_presses_is_the_mean_over_the_targets(symbols):
    rules, targets, hand = PointsRules(1, 2, symbols), range(1, 9), (2, 4)
    each = [brute_force(PointsRules(target, 2, symbols), hand, 7, None) for target in targets]
    got = found.press_success(rules, targets, 7, {hand: Fraction(1)})
    assert got == pytest.approx(np.mean(each), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("task", [pytest.param(task, marks=pytest.mark.exhaustive) for task in POINTS], ids=IDS)
def test_the_figures_of_the_table_are_those_of_all_deals(task):
    env = gym.make(task.id, disable_env_checker=True).unwrapped
    presses = None if task.is_text_only else Presses(task.turns(), env.spare_presses, env.least_pairs)
    assert task.random_success == pytest.approx(floor(env.dealer, presses, solvable=env.solvable), rel=1e-5)
    assert task.best_success == pytest.approx(float(ceiling(env.dealer, solvable=env.solvable)), rel=1e-12)


@pytest.mark.parametrize("task", POINTS, ids=IDS)
def test_the_share_of_deals_with_a_solution_is_the_ceiling(task):
    env, num_deals = gym.make(task.id, disable_env_checker=True), 300
    solved = 0.0
    for seed in range(num_deals):
        env.reset(seed=seed)
        solved += env.unwrapped.optimal_value()
    share = task.best_success
    assert solved / num_deals == pytest.approx(share, abs=4.5 * np.sqrt(share * (1 - share) / num_deals))


PLAIN_LEVELS = [task for task in POINTS if task.arguments.get("symbols") == "+-*="]


@pytest.mark.slow
@pytest.mark.parametrize("task", PLAIN_LEVELS, ids=lambda task: task.id)
def test_the_figures_without_parentheses_are_those_of_all_formulas_of_all_hands(task):
    """Every order of every hand with every choice of signs, as whole numbers; and what it takes to press it in time."""
    num, (low, high) = task.arguments["num_cards"], map(int, task.arguments["target"].split("-"))
    floor_of_all, solvable = 0.0, 0
    for hand in combinations_with_replacement(range(1, 11), num):
        counts = Counter(hand)
        ways = factorial(num) * prod(4**count if number == 10 else 1 for number, count in counts.items())
        ways //= prod(map(factorial, counts.values()))  # deals that count so: 10, J, Q and K are alike
        orders = sorted(set(permutations(hand)))
        hits = values_of_orders(orders)
        hits = np.where((hits >= low) & (hits <= high), hits, -1)
        chances = np.array([chance_to_press(order, task.turns(), task.num_actions) for order in orders])
        floor_of_all += ways * float(((hits >= 0).sum(axis=1) * chances).sum())
        solvable += ways * len(set(np.unique(hits).tolist()) - {-1})
    deals = 13**num * (high - low + 1)
    assert task.random_success == pytest.approx(floor_of_all / deals, rel=1e-6)
    assert task.best_success == pytest.approx(solvable / deals, rel=1e-12)


def values_of_orders(orders):
    """Return what each order is worth with each choice of signs, (orders, choices): products before sums."""
    numbers = np.array(orders)
    total, last = np.zeros((len(orders), 1), int), numbers[:, :1]
    for number in numbers[:, 1:].T[..., None]:
        number = np.broadcast_to(number, last.shape)
        total, last = np.hstack([total + last, total + last, total]), np.hstack([number, -number, last * number])
    return total + last


def chance_to_press(order, turns, num_actions):
    """Return how often random presses write a formula over an order in time: three signs are legal after a number."""
    choices = tuple(sorted(len(set(order[i:])) for i in range(len(order))))
    return chance_of_choices((*choices, *[3] * (len(order) - 1), 1), turns, num_actions)


@cache
def chance_of_choices(choices, turns, num_actions):
    """Return how often so many certain presses are made in time, each among some legal ones; others waste a turn."""
    at = np.zeros(turns + 1)
    at[0] = 1.0
    for choice in choices:
        wait = np.concatenate([[0.0], (1 - choice / num_actions) ** np.arange(turns) / num_actions])
        at = np.convolve(at, wait)[: turns + 1]
    return at.sum()
