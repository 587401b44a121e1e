"""How often the points games deal each hand of numbers, and how many hands have a solution."""

from collections import Counter
from fractions import Fraction
from itertools import combinations_with_replacement
from math import factorial, prod

from vlm_gym.games.cards import RANKS, value_of
from vlm_gym.games.points import PointsRules
from vlm_gym.oracles.points import is_solvable

DealOdds = dict[tuple[int, ...], Fraction]


def deal_odds(rules: PointsRules) -> DealOdds:
    """Return the probability of every sorted hand of numbers: ranks are dealt independently."""
    ranks_of = Counter(value_of(rank, rules.face_cards) for rank in RANKS)
    hands = combinations_with_replacement(sorted(ranks_of), rules.num_cards)
    total = len(RANKS) ** rules.num_cards
    return {hand: Fraction(_num_orders(hand) * prod(ranks_of[n] for n in hand), total) for hand in hands}


def rank_odds(num_cards: int) -> dict[tuple[str, ...], Fraction]:
    """Return the probability of every hand of ranks, in the order of `RANKS`."""
    total = len(RANKS) ** num_cards
    return {hand: Fraction(_num_orders(hand), total) for hand in combinations_with_replacement(RANKS, num_cards)}


def solvable_deal_odds(rules: PointsRules) -> DealOdds:
    """Return the same for the hands that have a solution only, in deals that are repeated until one has."""
    odds = {hand: chance for hand, chance in deal_odds(rules).items() if _is_solvable(hand, rules)}
    share = sum(odds.values())
    return {hand: chance / share for hand, chance in odds.items()}


def best_success(rules: PointsRules) -> Fraction:
    """Return the share of deals that have a solution: what perfect play achieves over any deal."""
    return sum((chance for hand, chance in deal_odds(rules).items() if _is_solvable(hand, rules)), Fraction(0))


def _is_solvable(hand: tuple[int, ...], rules: PointsRules) -> bool:
    return is_solvable(hand, rules.target, rules.symbols)


def _num_orders(hand: tuple[int | str, ...]) -> int:
    return factorial(len(hand)) // prod(factorial(count) for count in Counter(hand).values())
