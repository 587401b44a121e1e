"""Blackjack from one deck: cards of earlier rounds are shown once, then covered; they cannot come again.

These are all cards of some ranks, so that it matters what was seen. The player's hand and the dealer's open card are
drawn first, then the ranks: the same seed gives the same hand however many ranks are out, and those of an easier start
are out in a harder one. The dealer's second card is drawn last, and is any of the unseen cards with the same chance.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vlm_gym.actions import ActionSet
from vlm_gym.errors import ConfigError
from vlm_gym.games import blackjack
from vlm_gym.games.blackjack import BlackjackRules, BlackjackState
from vlm_gym.games.cards import DECK, RANKS, Card
from vlm_gym.games.outcome import Outcome

ACTIONS: Final = ActionSet(
    (*blackjack.ACTIONS.names, "deal"),
    aliases={**blackjack.ACTIONS.aliases, "go on": "deal", "continue": "deal", "next": "deal"},
)
LEAST_RANKS_OUT: Final = 2  # of one rank all cards can be in the hands
MOST_RANKS_OUT: Final = 9
"""With 16 cards or more in play the deck cannot run out: the lowest 16 add up to 40, and a player with 21 at most and a
dealer with 16 at most who want another card hold 37 together."""
CARDS_A_PAGE: Final = 12


@dataclass(frozen=True)
class OneDeckRules(BlackjackRules):
    """The rules of a hand from one deck of which so many ranks are out."""

    ranks_out: int = MOST_RANKS_OUT

    def deal(
        self,
        rng: np.random.Generator,
        player: tuple[Card, ...] | None = None,
        dealer: tuple[Card, ...] | None = None,
    ) -> BlackjackState:
        """Draw two cards for each side whose hand is not given, and the ranks that are out; the first page lies open.

        Raises:
            ConfigError: if a card is given twice.
        """
        given = (*(player or ()), *(dealer or ()))
        if len(set(given)) < len(given):
            told = ", ".join(map(str, given))
            raise ConfigError(f"the hands come from one deck, which has each card once; got {told}")
        deck = [card for card in (DECK[i] for i in rng.permutation(len(DECK))) if card not in given]
        out = {RANKS[i] for i in rng.permutation(len(RANKS))[: self.ranks_out]}
        player = player or (deck.pop(0), deck.pop(0))
        shown = dealer[0] if dealer else deck.pop(0)
        discards = tuple(card for card in deck if card.rank in out)
        hidden = dealer[1] if dealer else next(card for card in deck if card.rank not in out)
        return BlackjackState(player, (shown, hidden), None, discards, page=1)

    def play(self, state: BlackjackState, action: str, rng: np.random.Generator) -> Outcome[BlackjackState]:
        """Play "deal" while discards are shown, then "hit" or "stand"."""
        if state.page == 0:
            if action == "deal":
                return Outcome(state, {"illegal": 1.0}, illegal="the hand has been dealt: hit or stand")
            return super().play(state, action, rng)
        if action != "deal":
            return Outcome(state, {"illegal": 1.0}, illegal="the hand has not been dealt yet: deal goes on")
        return Outcome(replace(state, page=(state.page + 1) % (num_pages(state) + 1)), {})

    def _draw(self, rng: np.random.Generator, *dealt: tuple[Card, ...]) -> Card:
        """Draw one of the cards that have not been dealt."""
        gone = {card for cards in dealt for card in cards}
        left = [card for card in DECK if card not in gone]
        return left[rng.integers(len(left))]


def num_pages(state: BlackjackState) -> int:
    """Return in how many pictures the discards are shown."""
    return -(-len(state.discards) // CARDS_A_PAGE)


@dataclass(frozen=True)
class DiscardsView:
    """What the player sees before the hand: some discards face up, and those of the pictures before face down."""

    open: tuple[Card, ...]
    covered: int
    page: int
    pages: int


def page_of(state: BlackjackState) -> DiscardsView:
    """Return the picture of discards that is shown."""
    covered = (state.page - 1) * CARDS_A_PAGE
    return DiscardsView(state.discards[covered : covered + CARDS_A_PAGE], covered, state.page, num_pages(state))
