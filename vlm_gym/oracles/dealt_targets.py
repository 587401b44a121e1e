"""How often perfect and random play solve the harder points games, exactly.

Where the target is dealt, it is drawn apart from the cards, each of its range with the same probability. A hand is what
the cards count on that day.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from itertools import permutations, product
from typing import Final

import numpy as np
import numpy.typing as npt

from vlm_gym.errors import ConfigError
from vlm_gym.games.cards import value_of
from vlm_gym.games.formula import OPEN, OPERATORS, TIMES_OVER
from vlm_gym.games.points import PointsRules
from vlm_gym.games.points_deal import HIGHEST_TODAY
from vlm_gym.oracles.deals import DealOdds, deal_odds, rank_odds
from vlm_gym.oracles.points import is_solvable, solve
from vlm_gym.oracles.random_play import NUM_SAMPLED_NUMBERS
from vlm_gym.oracles.random_presses import hand_success, hand_successes
from vlm_gym.oracles.reachable import Numbers, splits

LARGEST_STEP: Final = 2000  # whole numbers beyond it are left to the search
CACHED_HANDS: Final = 65536
ROUNDING: Final = 1e-7  # five divisions by numbers up to ten: no value comes closer to a whole number that it is not


def best_success(rules: PointsRules, targets: range, odds: DealOdds) -> Fraction:
    """Return the share of deals that have a solution: what perfect play achieves."""
    found = (chance * len(solvable_targets(hand, rules.symbols, targets)) for hand, chance in odds.items())
    return sum(found, Fraction(0)) / len(targets)


def press_success(rules: PointsRules, targets: range, turns: int, odds: DealOdds) -> float:
    """Return the probability that uniformly random presses solve a deal within `turns`."""
    total = 0.0
    for hand, chance in odds.items():
        solved = hand_successes(rules, turns, hand)
        total += float(chance) * sum(solved.get(target, 0.0) for target in targets)
    return total / len(targets)


def counted_press_success(rules: PointsRules, spare_presses: int, turns: int, odds: DealOdds) -> float:
    """Return the same where no more tokens may be written than a shortest formula has, and `spare_presses`.

    A formula of all numbers is longer than another by two tokens for every pair of parentheses. All hands must have a
    solution.
    """
    total = 0.0
    for hand, chance in odds.items():
        most_pairs = _num_pairs(hand, rules) + spare_presses // 2
        total += float(chance) * hand_success(rules, turns, hand, most_pairs)
    return total


def today_odds(rules: PointsRules) -> DealOdds:
    """Return the probability of every hand where the rank of one card, drawn from the hand, counts another number."""
    odds: dict[Numbers, Fraction] = defaultdict(Fraction)
    for ranks, chance in rank_odds(rules.num_cards).items():
        usual = {rank: value_of(rank, rules.face_cards) for rank in ranks}
        for rank, count in Counter(ranks).items():
            numbers = [number for number in range(1, HIGHEST_TODAY + 1) if number != min(usual[rank], HIGHEST_TODAY)]
            for number in numbers:
                hand = sorted(number if other == rank else usual[other] for other in ranks)
                odds[tuple(hand)] += chance * Fraction(count, len(ranks) * len(numbers))
    return dict(odds)


def odds_with_pairs(rules: PointsRules, least_pairs: int) -> DealOdds:
    """Return the odds of the hands whose shortest formula has so many pairs of parentheses, in deals of these only."""
    odds = {
        hand: chance
        for hand, chance in deal_odds(rules).items()
        if is_solvable(hand, rules.target, rules.symbols) and _num_pairs(hand, rules) >= least_pairs
    }
    share = sum(odds.values())
    return {hand: chance / share for hand, chance in odds.items()}


def _num_pairs(hand: Numbers, rules: PointsRules) -> int:
    solution = solve(hand, rules.target, rules.symbols)
    if solution is None:
        raise ConfigError(f"expected a hand with a solution, got {hand!r} for the target {rules.target}")
    return solution.count(OPEN)


def formula_success(rules: PointsRules, targets: range, odds: DealOdds) -> float:
    """Return the probability that one `FormulaVocabulary.sample()` solves a deal.

    A sample and a deal agree if the sample's numbers are the hand in some order; then its value must be the target.
    """
    operators = [symbol for symbol in rules.symbols if symbol in OPERATORS]
    num_formulas = len(operators) ** (rules.num_cards - 1)
    hits = 0.0
    for hand, chance in odds.items():
        if max(hand) <= NUM_SAMPLED_NUMBERS:
            hits += float(chance) * _num_hits(hand, operators, targets)
    return hits / float(NUM_SAMPLED_NUMBERS**rules.num_cards * num_formulas * len(targets))


def solvable_targets(hand: Numbers, symbols: tuple[str, ...], targets: range) -> frozenset[int]:
    """Return the targets that some formula makes out of all numbers of the sorted `hand`.

    Most are found with whole numbers alone; the exact search is asked for the rest.
    """
    easy = _whole_values(hand, symbols) if OPEN in symbols else frozenset()
    return frozenset(target for target in targets if target in easy or is_solvable(hand, target, symbols))


@lru_cache(maxsize=CACHED_HANDS)
def _whole_values(numbers: Numbers, symbols: tuple[str, ...]) -> frozenset[int]:
    """Return values that the numbers make without a fraction or a negative number on the way."""
    if len(numbers) == 1:
        return frozenset(numbers)
    found: set[int] = set()
    for taken, rest in splits(numbers):
        if taken and rest and taken[0] == numbers[0]:
            for one, other in product(_whole_values(taken, symbols), _whole_values(rest, symbols)):
                found.update(_combined(max(one, other), min(one, other), symbols))
    return frozenset(value for value in found if value <= LARGEST_STEP)


def _combined(large: int, small: int, symbols: tuple[str, ...]) -> Iterable[int]:
    yield large + small
    if "-" in symbols:
        yield large - small
    if "*" in symbols:
        yield large * small
    if "/" in symbols and small and large % small == 0:
        yield large // small


def _num_hits(hand: Numbers, operators: list[str], targets: range) -> int:
    """Count the formulas without parentheses over the hand's numbers, in any order, that make a target."""
    orders = np.array(sorted(set(permutations(hand))), np.float64)  # (orders, cards)
    return sum(_num_in(_values(orders, signs), targets) for signs in product(operators, repeat=len(hand) - 1))


def _values(orders: npt.NDArray[np.float64], signs: tuple[str, ...]) -> npt.NDArray[np.float64]:
    """Return what every order is worth with the signs between its numbers, (orders,)."""
    total, last = np.zeros(len(orders)), orders[:, 0]
    for i, sign in enumerate(signs, start=1):
        numbers = orders[:, i]
        if sign in TIMES_OVER:
            last = last * numbers if sign == "*" else last / numbers
        else:
            total = total + last
            last = numbers if sign == "+" else -numbers
    return total + last


def _num_in(values: npt.NDArray[np.float64], targets: range) -> int:
    nearest = np.rint(values)
    is_whole = np.abs(values - nearest) < ROUNDING
    return int(np.count_nonzero(is_whole & (nearest >= targets.start) & (nearest < targets.stop)))
