"""Blackjack: exact dynamic programming over what the player can see, with an infinite deck.

The dealer's second card enters only as a card that is yet to be drawn, so nothing here can leak it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from typing import Final, Literal, NamedTuple

from vlm_gym.errors import ConfigError
from vlm_gym.games.blackjack import (
    DEALER_STANDS_AT,
    LIMIT,
    BlackjackRules,
    BlackjackView,
    Today,
    hand_value,
    has_usable_ace,
    values_of,
)
from vlm_gym.games.cards import RANKS, Card

Objective = Literal["win", "reward"]
Policy = Callable[["Hand", int], float]
"""The probability of "hit" with a hand against the dealer's open card (an ace is 1)."""

NATURAL_BONUS: Final = 0.5  # a natural pays 3:2 (Gymnasium's Blackjack-v1)


class Hand(NamedTuple):
    """All that matters of a hand: its sum, whether an ace counts 11 in it, and whether it is the two cards dealt."""

    value: int
    has_usable_ace: bool
    is_dealt: bool

    @property
    def is_natural(self) -> bool:
        """Whether the hand is an ace and a ten-valued card."""
        return self.is_dealt and self.value == LIMIT

    def with_card(self, card: int) -> "Hand":
        """Return the hand after one more card."""
        value = self.value + card
        usable = self.has_usable_ace
        if card == 1 and value + 10 <= LIMIT:
            return Hand(value + 10, True, False)
        if value > LIMIT and usable:
            return Hand(value - 10, False, False)
        return Hand(value, usable, False)


@dataclass(frozen=True)
class Odds:
    """Probabilities of how a game ends; `natural` is the part of `win` that is won with a natural."""

    win: float = 0.0
    draw: float = 0.0
    lose: float = 0.0
    natural: float = 0.0


@dataclass(frozen=True)
class BlackjackOracle:
    """Optimal play: it maximises the probability of a win (`objective` "win") or the expected reward ("reward").

    Cheap to make: oracles that are equal share what they have computed.
    """

    rules: BlackjackRules
    objective: Objective = "win"
    natural_bonus: float = NATURAL_BONUS

    def best_action(self, view: BlackjackView) -> str:
        """Return "hit" or "stand"; "stand" where both are as good."""
        hand, open_card = read_view(view)
        return "hit" if self.prefers_hit(hand, open_card) else "stand"

    def optimal_value(self, view: BlackjackView) -> float:
        """Return the value of optimal play from here; of a game that is over, what it came to."""
        hand, open_card = read_view(view)
        if None in view.dealer:
            return self._value(_best_odds(self, hand, open_card))
        dealer = tuple(card for card in view.dealer if card is not None)
        return self._value(settle(self.rules, hand, hand_of(dealer, view.today)))

    def action_values(self, view: BlackjackView) -> dict[str, float]:
        """Return the value of each action, if the best play follows, in a game that goes on."""
        hand, open_card = read_view(view)
        stand, hit = _stand_odds(self.rules, hand, open_card), _hit_odds(self, hand, open_card)
        return {"stand": self._value(stand), "hit": self._value(hit)}

    def odds(self) -> Odds:
        """Return how optimal play ends, before the deal."""
        return odds_of(self.rules, lambda hand, open_card: float(self.prefers_hit(hand, open_card)))

    def prefers_hit(self, hand: Hand, open_card: int) -> bool:
        """Whether a hit is better than to stand."""
        return self._value(_hit_odds(self, hand, open_card)) > self._value(_stand_odds(self.rules, hand, open_card))

    def _value(self, odds: Odds) -> float:
        if self.objective == "win":
            return odds.win
        bonus = self.natural_bonus if self.rules.natural and not self.rules.sab else 0.0
        return odds.win - odds.lose + bonus * odds.natural


def odds_of(rules: BlackjackRules, policy: Policy) -> Odds:
    """Return how the play of `policy` ends, before the deal."""
    odds, play = card_odds(rules.today), player_of(rules, policy)
    deals = product(odds, repeat=3)
    return mean((prod(map(odds.__getitem__, deal)), play(dealt(*deal[:2]), deal[2])) for deal in deals)


def player_of(rules: BlackjackRules, policy: Policy) -> Callable[[Hand, int], Odds]:
    """Return how the play of `policy` ends with a hand against the dealer's open card, as a function of both."""

    @cache
    def play(hand: Hand, open_card: int) -> Odds:
        hit = policy(hand, open_card) if hand.value <= LIMIT else 0.0
        stand_odds = _stand_odds(rules, hand, open_card)
        if hit == 0.0:
            return stand_odds
        drawn = card_odds(rules.today).items()
        hit_odds = mean((odds, play(hand.with_card(card), open_card)) for card, odds in drawn)
        return mean(((hit, hit_odds), (1 - hit, stand_odds)))

    return play


@cache
def card_odds(today: Today | None) -> dict[int, float]:
    """Return the probability of what a card counts (an ace that can count 11 is 1)."""
    values = list(values_of(today).values())
    return {card: values.count(card) / len(RANKS) for card in sorted(set(values))}


@cache
def _best_odds(oracle: BlackjackOracle, hand: Hand, open_card: int) -> Odds:
    is_hit = hand.value <= LIMIT and oracle.prefers_hit(hand, open_card)
    return _hit_odds(oracle, hand, open_card) if is_hit else _stand_odds(oracle.rules, hand, open_card)


@cache
def _hit_odds(oracle: BlackjackOracle, hand: Hand, open_card: int) -> Odds:
    drawn = card_odds(oracle.rules.today).items()
    return mean((odds, _best_odds(oracle, hand.with_card(card), open_card)) for card, odds in drawn)


@cache
def _stand_odds(rules: BlackjackRules, hand: Hand, open_card: int) -> Odds:
    return mean((odds, settle(rules, hand, dealer)) for dealer, odds in _dealer_ends(rules.today, open_card).items())


def settle(rules: BlackjackRules, hand: Hand, dealer: Hand) -> Odds:
    """Return how a hand that stands, or is over 21, ends against the dealer's last hand."""
    if hand.value > LIMIT:
        return Odds(lose=1.0)
    beats_all = rules.sab and hand.is_natural and not dealer.is_natural
    if beats_all or dealer.value > LIMIT or hand.value > dealer.value:
        return Odds(win=1.0, natural=float(hand.is_natural))
    return Odds(draw=1.0) if hand.value == dealer.value else Odds(lose=1.0)


def read_view(view: BlackjackView) -> tuple[Hand, int]:
    """Return the player's hand and the dealer's open card (an ace is 1)."""
    shown = view.dealer[0]
    if shown is None:
        raise ConfigError(f"the dealer's first card always lies open, got {view!r}")
    return hand_of(view.player, view.today), values_of(view.today)[shown.rank]


def hand_of(cards: tuple[Card, ...], today: Today | None = None) -> Hand:
    """Return what matters of some cards."""
    return Hand(hand_value(cards, today), has_usable_ace(cards, today), len(cards) == 2)


def dealt(first: int, second: int) -> Hand:
    """Return the hand of the two cards dealt (an ace is 1)."""
    hand = Hand(0, False, False).with_card(first).with_card(second)
    return hand._replace(is_dealt=True)


@cache
def _dealer_ends(today: Today | None, open_card: int) -> dict[Hand, float]:
    """Return the hands with which the dealer stops, and their probabilities."""
    drawn = card_odds(today)
    ends: dict[Hand, float] = {}
    hands = {dealt(open_card, hidden): odds for hidden, odds in drawn.items()}
    while hands:
        hand, odds = hands.popitem()
        if hand.value >= DEALER_STANDS_AT:
            ends[hand] = ends.get(hand, 0.0) + odds
            continue
        for card, odds_of_card in drawn.items():
            longer = hand.with_card(card)
            hands[longer] = hands.get(longer, 0.0) + odds * odds_of_card
    return ends


def mean(parts: Iterable[tuple[float, Odds]]) -> Odds:
    """Average odds by their weights."""
    win = draw = lose = natural = 0.0
    for weight, odds in parts:
        win += weight * odds.win
        draw += weight * odds.draw
        lose += weight * odds.lose
        natural += weight * odds.natural
    return Odds(win, draw, lose, natural)
