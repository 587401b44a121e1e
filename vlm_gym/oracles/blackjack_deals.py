"""Blackjack from one deck, averaged over all deals: how often the best, the book's and random play win. Exact.

A deal is the player's two cards, the dealer's open one and the ranks that are out; all sets of ranks are as likely.
All that counts is how many cards of each value have not been seen, so many deals count the same.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement
from math import comb
from typing import Final, NamedTuple

from vlm_gym.games.blackjack import BlackjackRules
from vlm_gym.games.blackjack_deck import ACTIONS, CARDS_A_PAGE
from vlm_gym.games.cards import RANKS, SUITS, value_of
from vlm_gym.oracles.blackjack import BlackjackOracle, Hand, dealt
from vlm_gym.oracles.blackjack_deck import Counts, hits_from, mean_after

COPIES: Final = len(SUITS)  # of each rank
_VALUE_OF: Final = tuple(value_of(rank, "ten") for rank in RANKS)


class Deal(NamedTuple):
    """What a player who remembers all knows at the first action."""

    left: Counts
    hand: Hand
    open_card: int


@dataclass(frozen=True)
class Wins:
    """How often a way to play wins.

    Attributes:
        best: The best play that remembers all cards.
        book: The best play of the infinite deck: that of a player who remembers nothing.
        random: Uniformly random actions, within the turn limit.
    """

    best: float
    book: float
    random: float


def all_deals(ranks_out: int) -> dict[Deal, float]:
    """Return all deals that differ in what counts, with their probabilities."""
    deals: defaultdict[Deal, float] = defaultdict(float)
    sets = list(combinations(range(len(RANKS)), ranks_out))
    for first, second in combinations_with_replacement(range(len(RANKS)), 2):
        for shown in range(len(RANKS)):
            held = Counter((first, second, shown))
            odds = _odds_of_hand(first, second, shown) / len(sets)
            if not odds:
                continue
            hand, open_card = dealt(_VALUE_OF[first], _VALUE_OF[second]), _VALUE_OF[shown]
            for out in sets:
                deals[Deal(_left(held, out), hand, open_card)] += odds
    return dict(deals)


def wins(rules: BlackjackRules, ranks_out: int, turns: int) -> Wins:
    """Return how often each way to play wins from one deck without so many ranks."""
    book, best, stands = BlackjackOracle(rules), 0.0, [0.0] * len(RANKS) * COPIES
    by_book = 0.0
    for deal, odds in all_deals(ranks_out).items():
        value, book_value, after_hits = deal_values(rules, book, deal)
        best += odds * value
        by_book += odds * book_value
        for number, share in enumerate(after_hits):
            stands[number] += odds * share
    return Wins(best, by_book, random_wins(stands, -(-ranks_out * COPIES // CARDS_A_PAGE), turns))


def deal_values(rules: BlackjackRules, book: BlackjackOracle, deal: Deal) -> tuple[float, float, list[float]]:
    """Return for a deal the probability to win of the best play, of the book's, and of so many hits and a stand."""
    hits = hits_from(rules, *deal)
    best: dict[Counts, float] = {}
    by_book: dict[Counts, float] = {}
    after_hits = [0.0] * (1 + max(map(sum, hits)))
    for cards, (hand, stand) in reversed(hits.items()):
        best[cards] = max(stand, mean_after(deal.left, cards, best))
        is_hit = book.prefers_hit(hand, deal.open_card)
        by_book[cards] = mean_after(deal.left, cards, by_book) if is_hit else stand
        after_hits[sum(cards)] += _odds_of_cards(deal.left, cards) * stand
    start = next(iter(hits))
    return best[start], by_book[start], after_hits


def random_wins(stands: Iterable[float], pages: int, turns: int) -> float:
    """Return how often uniformly random actions win; `stands[n]` is the probability to win with n hits and a stand.

    Of the three actions one is legal while a page is shown, and two are in the hand; the others waste a turn.
    """
    one = 1 / len(ACTIONS)
    total = 0.0
    for num_hits, share in enumerate(stands):
        spare = turns - pages - num_hits - 1
        for wasted in range(spare + 1):
            ways = sum(
                comb(looking + pages - 1, looking) * 2**looking * comb(wasted - looking + num_hits, num_hits)
                for looking in range(wasted + 1)
            )
            total += share * ways * one ** (pages + num_hits + 1 + wasted)
    return total


def _odds_of_hand(first: int, second: int, shown: int) -> float:
    """Return how likely the player's cards, in any order, and the open card have these ranks."""
    cards, odds, left = Counter[int](), 1.0 if first == second else 2.0, COPIES * len(RANKS)
    for rank in (first, second, shown):
        odds *= (COPIES - cards[rank]) / left
        cards[rank] += 1
        left -= 1
    return odds


def _left(held: Counter[int], out: tuple[int, ...]) -> Counts:
    counts = [0] * max(_VALUE_OF)
    for rank, value in enumerate(_VALUE_OF):
        if rank not in out:
            counts[value - 1] += COPIES - held[rank]
    return tuple(counts)


def _odds_of_cards(left: Counts, cards: Counts) -> float:
    """Return how likely the next cards are these, in any order."""
    odds = 1 / comb(sum(left), sum(cards))
    for number, drawn in zip(left, cards, strict=True):
        odds *= comb(number, drawn)
    return odds
