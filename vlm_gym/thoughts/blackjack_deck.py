"""Thoughts in Blackjack from one deck: what was dealt before, and what that leaves."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from vlm_gym.games.blackjack import LIMIT, BlackjackView, hand_value
from vlm_gym.games.blackjack_deck import DiscardsView
from vlm_gym.games.cards import DECK, RANKS, Card
from vlm_gym.thoughts import blackjack
from vlm_gym.thoughts.thinker import Thinker
from vlm_gym.thoughts.wording import listing, name_choice, pick

SHOWN: Final = (
    "Picture {page} of {pages} shows {cards}.",
    "These cards are out: {cards}.",
    "Dealt before, on page {page} of {pages}: {cards}.",
    "I see {cards}, which will not come again.",
    "In earlier rounds {cards} were dealt.",
)
KEPT: Final = (
    " I keep that in mind and go on.",
    " I have to remember them. Next.",
    " That is what I have to know of this picture.",
    " With that in mind: on to what comes next.",
)
GONE: Final = (
    " What I saw before: no {ranks} can come any more.",
    " All {ranks} are out.",
    " There is no {ranks} left in the deck.",
    " Of the deck the {ranks} are gone.",
)
BUST: Final = (
    " Of the {left} cards that I have not seen, {bust} would take me over 21.",
    " {bust} of {left} unseen cards take me over 21.",
    " With {bust} of the {left} cards left a hit loses at once.",
)


class OneDeckThinker(Thinker):
    """Thinks in a hand from one deck; `see` returns what the player sees now, `weigh` the odds to win."""

    def __init__(
        self, see: Callable[[], BlackjackView | DiscardsView], weigh: Callable[[], Mapping[str, float]]
    ) -> None:
        self._see = see
        self._weigh = weigh

    def describe(self, rng: np.random.Generator) -> str:
        """Say what the picture shows."""
        view = self._see()
        return _describe_page(view, rng) if isinstance(view, DiscardsView) else blackjack.describe(view, rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say what speaks for an action."""
        view = self._see()
        if isinstance(view, DiscardsView):
            return f"{_describe_page(view, rng)}{pick(rng, KEPT, {}) if action == 'deal' else ''}"
        return _think(view, self._weigh(), action, rng)


def _describe_page(view: DiscardsView, rng: np.random.Generator) -> str:
    cards = listing([card.name for card in view.open])
    return pick(rng, SHOWN, {"cards": cards, "page": view.page, "pages": view.pages})


def _think(view: BlackjackView, values: Mapping[str, float], action: str, rng: np.random.Generator) -> str:
    """Give the reason for an action; none if it is not the best. `values` are the odds to win with each action."""
    seen = f"{blackjack.describe(view, rng)}{pick(rng, GONE, {'ranks': listing(_ranks_out(view))})}"
    if values.get(action, 0.0) < max(values.values()):
        return f"{seen} {name_choice(action, rng)}"
    unseen = _unseen(view)
    bust = sum(hand_value((*view.player, card)) > LIMIT for card in unseen)
    words = {name: f"{100 * value:.1f}" for name, value in values.items()} | {"bust": bust, "left": len(unseen)}
    risk = pick(rng, BUST if bust else blackjack.SAFE, words)
    odds = pick(rng, blackjack.ODDS, words) if rng.random() < 0.8 else ""
    return f"{seen}{risk}{odds} {pick(rng, blackjack.HIT if action == 'hit' else blackjack.STAND, words)}"


def _unseen(view: BlackjackView) -> tuple[Card, ...]:
    """Return the cards of the deck that the player has not seen."""
    seen = {*view.player, *view.dealer, *view.memory}
    return tuple(card for card in DECK if card not in seen)


def _ranks_out(view: BlackjackView) -> tuple[str, ...]:
    """Return the ranks of which no card is left."""
    left = Counter(card.rank for card in _unseen(view))
    return tuple(rank for rank in RANKS if not left[rank])
