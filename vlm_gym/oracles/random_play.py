"""How often uniformly random play succeeds, exactly: the floor to print beside every score.

Every turn draws one action of the whole space; an illegal one wastes the turn. Token pressing is in `random_presses`.
"""

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import permutations
from typing import Final

from vlm_gym.errors import ConfigError
from vlm_gym.games.blackjack import BlackjackRules
from vlm_gym.games.formula import OPERATORS, Level
from vlm_gym.games.number_line import ACTIONS, NumberLineState, move
from vlm_gym.games.points import PointsRules
from vlm_gym.oracles.blackjack import Odds, odds_of
from vlm_gym.oracles.deals import DealOdds
from vlm_gym.oracles.reachable import Numbers

NUM_SAMPLED_NUMBERS: Final = 10  # FormulaVocabulary.sample draws from 1 to 10


def number_line_success(max_position: int, turns: int) -> float:
    """Return the probability that a random walk from a random start reaches its target within `turns`."""
    places = range(max_position + 1)
    starts = [NumberLineState(position, target, max_position) for position, target in permutations(places, 2)]
    return sum(_walk_success(start, turns) for start in starts) / len(starts)


def blackjack_odds(rules: BlackjackRules) -> Odds:
    """Return how a game ends in which every turn stands or hits with the same probability."""
    return odds_of(rules, lambda *_: 0.5)


def formula_success(rules: PointsRules, odds: DealOdds) -> float:
    """Return the probability that one `FormulaVocabulary.sample()` solves a deal drawn with `odds`."""
    num_operators = sum(symbol in OPERATORS for symbol in rules.symbols)
    num_samples = float(NUM_SAMPLED_NUMBERS**rules.num_cards * num_operators ** (rules.num_cards - 1))
    return sum(float(chance) * _num_right_samples(hand, rules) for hand, chance in odds.items()) / num_samples


def _walk_success(start: NumberLineState, turns: int) -> float:
    chances = {start: 1.0}
    solved = 0.0
    for _ in range(turns):
        after: defaultdict[NumberLineState, float] = defaultdict(float)
        for state, chance in chances.items():
            for action in ACTIONS.names:
                after[move(state, action).state] += chance / len(ACTIONS)
        chances = {state: chance for state, chance in after.items() if not state.is_solved}
        solved += sum(chance for state, chance in after.items() if state.is_solved)
    return solved


def _num_right_samples(hand: Numbers, rules: PointsRules) -> int:
    """Count the formulas without parentheses that the numbers make and that are worth the target."""
    if max(hand) > NUM_SAMPLED_NUMBERS:
        return 0
    operators = [symbol for symbol in rules.symbols if symbol in OPERATORS]
    return sum(_num_right_operators(order, operators, rules.target) for order in set(permutations(hand)))


def _num_right_operators(order: Numbers, operators: list[str], target: int) -> int:
    """Count the choices of operators between the numbers that make them worth the target."""
    levels = Counter([_read(Level(), order[0])])
    for number in order[1:]:
        longer: Counter[Level] = Counter()
        for level, count in levels.items():
            for operator in operators:
                longer[_read(level.with_operator(operator), number)] += count
        levels = longer
    return sum(count for level, count in levels.items() if level.value == target)


def _read(level: Level, number: int) -> Level:
    after = level.with_factor(Fraction(number))
    if after is None:
        raise ConfigError(f"expected positive numbers, got {number}")
    return after
