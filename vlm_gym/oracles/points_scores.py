"""The floor and the ceiling of a points game with whatever is dealt, exactly."""

from fractions import Fraction
from typing import NamedTuple

from vlm_gym.games.points_deal import Dealer
from vlm_gym.oracles import dealt_targets as found
from vlm_gym.oracles.deals import DealOdds, deal_odds, solvable_deal_odds


class Presses(NamedTuple):
    """How a formula is pressed: the turns, and what is counted from a shortest formula (`spare_presses`)."""

    turns: int
    spare_presses: int | None = None
    least_pairs: int = 0


def hand_odds(dealer: Dealer, *, solvable: bool, least_pairs: int = 0) -> DealOdds:
    """Return the probability of what the cards count."""
    if dealer.course:
        return found.today_odds(dealer.rules)
    if not solvable:
        return deal_odds(dealer.rules)
    return found.odds_with_pairs(dealer.rules, least_pairs) if least_pairs else solvable_deal_odds(dealer.rules)


def ceiling(dealer: Dealer, *, solvable: bool) -> Fraction:
    """Return the probability that perfect play succeeds."""
    if solvable:
        return Fraction(1)
    return found.best_success(dealer.rules, targets_of(dealer), hand_odds(dealer, solvable=False))


def floor(dealer: Dealer, presses: Presses | None, *, solvable: bool) -> float:
    """Return the probability that random play succeeds: one random formula, or random presses."""
    if presses is None:
        return found.formula_success(dealer.rules, targets_of(dealer), hand_odds(dealer, solvable=solvable))
    odds = hand_odds(dealer, solvable=solvable, least_pairs=presses.least_pairs)
    if presses.spare_presses is not None:
        return found.counted_press_success(dealer.rules, presses.spare_presses, presses.turns, odds)
    return found.press_success(dealer.rules, targets_of(dealer), presses.turns, odds)


def targets_of(dealer: Dealer) -> range:
    """Return all targets that can be dealt."""
    return range(dealer.rules.target, dealer.rules.target + 1) if dealer.targets is None else dealer.targets
