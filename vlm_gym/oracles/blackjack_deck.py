"""Blackjack from one deck: exact dynamic programming for the cards that the player has not seen.

The dealer's second card is one of these, as likely as any other, so nothing here can leak it. All that counts of cards
is how many there are of each value. A dealer's hand that ends a game is taken as the set of its drawn cards with the
number of orders in which they can come: the probability of such a set is a product of falling factorials.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vlm_gym.games.blackjack import DEALER_STANDS_AT, LIMIT, BlackjackRules, BlackjackView
from vlm_gym.games.cards import DECK, Card, value_of
from vlm_gym.oracles.blackjack import Hand, hand_of, read_view, settle

Counts = tuple[int, ...]
"""How many cards there are of the values 1 (aces) to 10."""

VALUES: Final = range(1, 11)
NO_CARDS: Final[Counts] = (0,) * len(VALUES)
MOST_OF_A_KIND: Final = 16
BATCH: Final = 1_000_000  # of numbers in a table at once
MAX_KEPT: Final = 512  # situations whose values are remembered
DEALER_HANDS: Final = tuple(
    [Hand(LIMIT, True, True), Hand(LIMIT + 1, False, False)]
    + [Hand(total, False, False) for total in range(DEALER_STANDS_AT, LIMIT + 1)]
)
"""How a dealer can end: a natural, over 21, 17 to 21."""


def count_values(cards: Iterable[Card]) -> Counts:
    """Return how many of some cards have each value."""
    counts = Counter(value_of(card.rank, "ten") for card in cards)
    return tuple(counts[value] for value in VALUES)


WHOLE_DECK: Final = count_values(DECK)


def unseen(view: BlackjackView) -> Counts:
    """Return the values of the cards that a player who remembers all has not seen: the stock and the hidden card."""
    seen = count_values(card for card in (*view.player, *view.dealer, *view.memory) if card is not None)
    return tuple(whole - gone for whole, gone in zip(WHOLE_DECK, seen, strict=True))


@dataclass(frozen=True)
class OneDeckOracle:
    """The play that wins most often of those that remember every card seen."""

    rules: BlackjackRules

    def best_action(self, view: BlackjackView) -> str:
        """Return "hit" or "stand"; "stand" where both are as good."""
        values = self.action_values(view)
        return "hit" if values["hit"] > values["stand"] else "stand"

    def optimal_value(self, view: BlackjackView) -> float:
        """Return the probability to win of the best play from here; of a game that is over, whether it is won."""
        if None in view.dealer:
            return max(self.action_values(view).values())
        dealer = tuple(card for card in view.dealer if card is not None)
        return settle(self.rules, hand_of(view.player), hand_of(dealer)).win

    def action_values(self, view: BlackjackView) -> dict[str, float]:
        """Return the probability to win with each action, if the best play follows, in a game that goes on."""
        stand, hit = win_odds(self.rules, unseen(view), *read_view(view))
        return {"stand": stand, "hit": hit}


@lru_cache(maxsize=MAX_KEPT)
def win_odds(rules: BlackjackRules, left: Counts, hand: Hand, open_card: int) -> tuple[float, float]:
    """Return the probability to win of a stand, and of a hit that the best play follows.

    `left` counts the cards that have not been seen, the dealer's second one among them.
    """
    hits = hits_from(rules, left, hand, open_card)
    best: dict[Counts, float] = {}
    hit = 0.0
    for cards, (_, stand) in reversed(hits.items()):
        hit = mean_after(left, cards, best)
        best[cards] = max(stand, hit)
    return hits[NO_CARDS][1], hit


def hits_from(rules: BlackjackRules, left: Counts, hand: Hand, open_card: int) -> dict[Counts, tuple[Hand, float]]:
    """Return the hands up to 21 that hits can lead to, and the probability to win of a stand with each.

    The keys are the cards drawn for them; every hand comes after those that it grows from, the first is `hand` itself.
    """
    hands = _hands_after(left, hand)
    compositions = np.array(left)[None] - np.array(list(hands))  # (hands, 10)
    stands = _stand_odds(rules, compositions, list(hands.values()), open_card).tolist()
    return {cards: (held, stand) for (cards, held), stand in zip(hands.items(), stands, strict=True)}


def _hands_after(left: Counts, hand: Hand) -> dict[Counts, Hand]:
    """Return the hands up to 21 that hits can lead to, by the cards drawn for them, shorter ones first."""
    layer: dict[Counts, Hand] = {NO_CARDS: hand}
    hands: dict[Counts, Hand] = {}
    while layer:
        hands |= layer
        longer: dict[Counts, Hand] = {}
        for cards, held in layer.items():
            for index, value in enumerate(VALUES):
                grown = _with_card(held, value)
                if left[index] > cards[index] and grown.value <= LIMIT:
                    longer[(*cards[:index], cards[index] + 1, *cards[index + 1 :])] = grown
        layer = longer
    return hands


def mean_after(left: Counts, cards: Counts, best: dict[Counts, float]) -> float:
    """Average over the next card; a hand that is not among `best` is over 21 and loses."""
    total = sum(left) - sum(cards)
    mean = 0.0
    for index, (number, gone) in enumerate(zip(left, cards, strict=True)):
        if number > gone:
            longer = (*cards[:index], gone + 1, *cards[index + 1 :])
            mean += (number - gone) / total * best.get(longer, 0.0)
    return mean


def _stand_odds(
    rules: BlackjackRules, compositions: npt.NDArray[np.int_], hands: list[Hand], open_card: int
) -> npt.NDArray[np.float64]:
    """Return the probability to win of each hand, (n,), with what is left then, (n, 10)."""
    wins = np.array([_wins(rules, hand) for hand in hands])
    step = max(1, BATCH // len(_endings(open_card).orders))
    parts = [dealer_odds(compositions[i : i + step], open_card) for i in range(0, len(hands), step)]
    odds: npt.NDArray[np.float64] = (np.concatenate(parts) * wins).sum(axis=1)
    return odds


@cache
def _wins(rules: BlackjackRules, hand: Hand) -> tuple[float, ...]:
    """Return whether a hand that stands wins against each of `DEALER_HANDS`, 1 or 0."""
    return tuple(settle(rules, hand, dealer).win for dealer in DEALER_HANDS)


@cache
def _with_card(hand: Hand, card: int) -> Hand:
    return hand.with_card(card)


def dealer_odds(compositions: npt.NDArray[np.int_], open_card: int) -> npt.NDArray[np.float64]:
    """Return the probability of each of `DEALER_HANDS`, (n, 7), where these cards are left, (n, 10)."""
    endings = _possible(open_card, tuple(compositions.max(axis=0).tolist()))
    ways = np.repeat(endings.orders[None], len(compositions), axis=0)  # (n, sets of cards)
    for index in range(len(VALUES)):
        if endings.drawn[:, index].any():
            ways *= _FALLING[compositions[:, index]][:, endings.drawn[:, index]]
    ways /= _falling(compositions.sum(axis=1), int(endings.sizes.max()))[:, endings.sizes]
    odds: npt.NDArray[np.float64] = ways @ endings.hand
    return odds


def _falling(numbers: npt.NDArray[np.int_], most: int) -> npt.NDArray[np.float64]:
    """Return for each number n the products n (n - 1) ... of 0 to `most` factors, (n, most + 1); never 0."""
    factors = np.maximum(numbers[:, None] - np.arange(most)[None], 1)
    return np.concatenate([np.ones((len(numbers), 1)), np.cumprod(factors.astype(np.float64), axis=1)], axis=1)


_FALLING: Final = np.array(
    [np.cumprod([1.0, *(max(0, number - i) for i in range(MOST_OF_A_KIND))]) for number in range(MOST_OF_A_KIND + 1)]
)
"""Row n: the products n (n - 1) ... of 0, 1, 2 ... factors."""


class _Endings(NamedTuple):
    """Sets of cards with which a dealer ends: (sets, 10), in how many orders they come, their sizes, and the hands.

    `hand` has a 1 in each row, (sets, 7), for one of `DEALER_HANDS`.
    """

    drawn: npt.NDArray[np.int_]
    orders: npt.NDArray[np.float64]
    sizes: npt.NDArray[np.int_]
    hand: npt.NDArray[np.float64]


@lru_cache(maxsize=MAX_KEPT)
def _possible(open_card: int, most: Counts) -> _Endings:
    """Return the sets of cards that do not take more of a value than there can be."""
    endings = _endings(open_card)
    can_be = (endings.drawn <= np.array(most)[None]).all(axis=1)
    return _Endings(endings.drawn[can_be], endings.orders[can_be], endings.sizes[can_be], endings.hand[can_be])


@cache
def _endings(open_card: int) -> _Endings:
    layer: dict[tuple[Counts, Hand], int] = {(NO_CARDS, Hand(0, False, False).with_card(open_card)): 1}
    ends: defaultdict[tuple[Counts, int], int] = defaultdict(int)
    while layer:
        longer: defaultdict[tuple[Counts, Hand], int] = defaultdict(int)
        for (drawn, held), orders in layer.items():
            for index, value in enumerate(VALUES):
                grown = held.with_card(value)._replace(is_dealt=not any(drawn))
                after = (*drawn[:index], drawn[index] + 1, *drawn[index + 1 :])
                if grown.value < DEALER_STANDS_AT:
                    longer[after, grown] += orders
                else:
                    ends[after, _number_of(grown)] += orders
        layer = longer
    possible = {key: orders for key, orders in ends.items() if all(map(int.__le__, key[0], WHOLE_DECK))}
    sets = np.array([cards for cards, _ in possible])
    hands = np.eye(len(DEALER_HANDS))[[number for _, number in possible]]
    return _Endings(sets, np.array([*possible.values()], np.float64), sets.sum(axis=1), hands)


def _number_of(hand: Hand) -> int:
    """Return which of `DEALER_HANDS` a dealer's last hand is."""
    if hand.is_natural:
        return 0
    return 1 if hand.value > LIMIT else 2 + hand.value - DEALER_STANDS_AT
