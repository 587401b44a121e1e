"""Blackjack on days that are different, averaged over all deals and days: how often ways to play win. Exact.

All three cards that the player sees at first are as likely to be the one whose rank counts otherwise.
"""

from collections.abc import Callable
from functools import cache
from itertools import product

from vlm_gym.games.blackjack import LIMIT, BlackjackRules, Today, values_of
from vlm_gym.games.blackjack_course import numbers_today
from vlm_gym.games.cards import RANKS
from vlm_gym.oracles.blackjack import BlackjackOracle, Hand, Odds, dealt, mean, player_of

Seen = tuple[str, str, str]
"""The ranks of the player's two cards and of the dealer's open one."""
Play = Callable[[Seen], Odds]
"""How the games end that begin so."""


def best_odds(rules: BlackjackRules) -> Odds:
    """Return how the best play ends that keeps to the rules of the day."""

    def best_on(today: Today) -> Play:
        oracle = BlackjackOracle(_on(rules, today))
        return _by_hand(today, player_of(oracle.rules, lambda hand, shown: float(oracle.prefers_hit(hand, shown))))

    return odds_over_days(best_on)


def random_odds(rules: BlackjackRules) -> Odds:
    """Return how a game ends in which every turn stands or hits with the same probability."""
    return odds_over_days(lambda today: _by_hand(today, player_of(_on(rules, today), lambda *_: 0.5)))


def usual_odds(rules: BlackjackRules) -> Odds:
    """Return how the best play of other days ends: it counts all cards as usual, and stands where it counts over 21."""
    usual = BlackjackOracle(BlackjackRules(rules.natural, rules.sab))

    def usual_on(today: Today) -> Play:
        stand = player_of(_on(rules, today), lambda *_: 0.0)

        @cache
        def play(hand: Hand, counted: Hand, shown: str) -> Odds:
            open_card = values_of(today)[shown]
            is_over = hand.value > LIMIT or counted.value > LIMIT
            if is_over or not usual.prefers_hit(counted, values_of(None)[shown]):
                return stand(hand, open_card)
            drawn = ((values_of(today)[rank], values_of(None)[rank]) for rank in RANKS)
            return mean(
                (1 / len(RANKS), play(hand.with_card(new), counted.with_card(old), shown)) for new, old in drawn
            )

        return lambda seen: play(_hand(today, seen), _hand(None, seen), seen[2])

    return odds_over_days(usual_on)


def odds_over_days(player_on: Callable[[Today], Play]) -> Odds:
    """Return how a game ends whose player is that of its day, over all deals and days."""
    player = cache(player_on)
    ends = []
    for first, second, shown in product(RANKS, repeat=3):
        seen = first, second, shown
        for rank in seen:
            numbers = numbers_today(rank)
            weight = 1 / (len(RANKS) ** len(seen) * len(seen) * len(numbers))
            ends += [(weight, player((rank, number))(seen)) for number in numbers]
    return mean(ends)


def _by_hand(today: Today, play: Callable[[Hand, int], Odds]) -> Play:
    return lambda seen: play(_hand(today, seen), values_of(today)[seen[2]])


def _hand(today: Today | None, seen: Seen) -> Hand:
    return dealt(*(values_of(today)[rank] for rank in seen[:2]))


def _on(rules: BlackjackRules, today: Today) -> BlackjackRules:
    return BlackjackRules(rules.natural, rules.sab, today)
