"""Thoughts in Blackjack: what the hand adds up to, and the exact odds of both actions."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from vlm_gym.games.blackjack import LIMIT, BlackjackView, hand_value, has_usable_ace
from vlm_gym.games.cards import RANKS, Card
from vlm_gym.thoughts.thinker import Thinker
from vlm_gym.thoughts.wording import listing, name_choice, pick

SEEN: Final = (
    "I have {hand}, which makes {total}. The dealer shows {dealer}.",
    "My hand is {hand}: {total}. The dealer's open card is {dealer}.",
    "The dealer has {dealer} and a card face down; my {hand} add up to {total}.",
    "{hand} are {total} in all, against the dealer's {dealer}.",
    "I hold {total} ({hand}), and the dealer shows {dealer}.",
    "Against {dealer} I have {hand}, a total of {total}.",
    "My total is {total}, from {hand}. The dealer shows {dealer}.",
)
SOFT: Final = (
    " An ace of mine counts 11.",
    " With an ace as 11 this hand cannot go over 21 with one card.",
    " My total is soft: the ace counts 11.",
    " The ace counts 11 here.",
)
BUST: Final = (
    " Another card takes me over 21 in {bust} of 13 cases.",
    " {bust} of the 13 ranks would take me over 21.",
    " With {bust} of 13 ranks a hit loses at once.",
)
SAFE: Final = (
    " No single card can take me over 21.",
    " One more card cannot take me over 21.",
    " A hit cannot lose at once.",
)
ODDS: Final = (
    " Standing wins with {stand} %, hitting with {hit} %.",
    " The odds to win are {stand} % if I stand and {hit} % if I hit.",
    " If I hit I win {hit} % of the time, if I stand {stand} %.",
    " To stand wins {stand} %, to hit {hit} %.",
    " A hit is worth {hit} %, a stand {stand} %.",
)
HIT: Final = ("So I hit.", "So I take another card.", "Hitting is better.", "I take a card.", "Therefore: hit.")
STAND: Final = ("So I stand.", "So I take no more cards.", "Standing is better.", "I stay with this.", "Hence: stand.")


class BlackjackThinker(Thinker):
    """Thinks in Blackjack; `see` returns what the player sees now, `weigh` the odds to win with each action."""

    def __init__(self, see: Callable[[], BlackjackView], weigh: Callable[[], Mapping[str, float]]) -> None:
        self._see = see
        self._weigh = weigh

    def describe(self, rng: np.random.Generator) -> str:
        """Say what the picture shows."""
        return describe(self._see(), rng)

    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say what speaks for an action."""
        return think(self._see(), self._weigh(), action, rng)


def describe(view: BlackjackView, rng: np.random.Generator) -> str:
    """Say what the hand adds up to and what the dealer shows."""
    shown = [card.name for card in view.dealer if card is not None]
    total = hand_value(view.player, view.today)
    words = {"hand": listing([card.name for card in view.player]), "total": total, "dealer": shown[0]}
    soft = pick(rng, SOFT, words) if has_usable_ace(view.player, view.today) else ""
    return f"{pick(rng, SEEN, words)}{soft}"


def think(view: BlackjackView, values: Mapping[str, float], action: str, rng: np.random.Generator) -> str:
    """Give the reason for an action; none if it is not the best. `values` are the odds to win with each action."""
    seen = describe(view, rng)
    if values[action] < max(values.values()):
        return f"{seen} {name_choice(action, rng)}"
    words = {name: f"{100 * value:.1f}" for name, value in values.items()} | {"bust": num_busts(view)}
    risk = pick(rng, BUST if words["bust"] else SAFE, words) if rng.random() < 0.5 else ""
    odds = pick(rng, ODDS, words) if rng.random() < 0.8 else ""
    return f"{seen}{risk}{odds} {pick(rng, HIT if action == 'hit' else STAND, words)}"


def num_busts(view: BlackjackView) -> int:
    """Return with how many of the 13 ranks, which are equally likely, a hit goes over 21."""
    return sum(hand_value((*view.player, Card(rank, "spades")), view.today) > LIMIT for rank in RANKS)
