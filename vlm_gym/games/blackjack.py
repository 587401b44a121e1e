"""Blackjack against a dealer who hits below 17, with an infinite deck.

From one deck: blackjack_deck.py; on a day that is different: blackjack_course.py. The rules are those of Gymnasium's
`Blackjack-v1` (Sutton and Barto 2018, example 5.1), played with cards that have suits. Two cards that look the same can
lie on the table: every card is drawn from a full deck.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias

import numpy as np

from vlm_gym.actions import ActionSet
from vlm_gym.games.cards import DECK, RANKS, Card, value_of
from vlm_gym.games.outcome import Outcome
from vlm_gym.games.plates import PlateColor

ACTIONS: Final = ActionSet(
    ("stand", "hit"),
    aliases={"stick": "stand", "stay": "stand", "hold": "stand", "draw": "hit", "hit me": "hit", "take a card": "hit"},
)
DEALER_STANDS_AT: Final = 17
LIMIT: Final = 21
_VALUES: Final = {rank: value_of(rank, "ten") for rank in RANKS}

Result = Literal["win", "draw", "lose"]
Today: TypeAlias = tuple[str, int]
"""A rank that counts otherwise for one episode, and what it counts."""


@dataclass(frozen=True)
class BlackjackDay:
    """What is otherwise for one episode (`vlm_gym.games.blackjack_course`).

    Attributes:
        today: The rank that counts otherwise, and what it counts.
        aside: A card that lies apart and is not in the game.
        color: The colour of the player's own place, where two hands lie at the bottom.
        other: The cards in the other place, which mean nothing.
    """

    today: Today
    aside: Card | None = None
    color: PlateColor | None = None
    other: tuple[Card, ...] = ()


@dataclass(frozen=True)
class BlackjackState:
    """The whole table. The dealer's first card lies open, the second face down until the game is over.

    Only a game from one deck has `discards`, the cards of earlier rounds; `page` says which picture of them is shown,
    from 1, before the hand is; it is 0 afterwards. `day` is what is otherwise in this episode.
    """

    player: tuple[Card, ...]
    dealer: tuple[Card, ...]
    result: Result | None = None
    discards: tuple[Card, ...] = ()
    page: int = 0
    day: BlackjackDay | None = None


@dataclass(frozen=True)
class BlackjackView:
    """What the player sees; a card that lies face down is None.

    `memory` are the cards of earlier rounds, which the player has seen and which lie face down now; `day` is what is
    otherwise.
    """

    player: tuple[Card, ...]
    dealer: tuple[Card | None, ...]
    memory: tuple[Card, ...] = ()
    day: BlackjackDay | None = None

    @property
    def today(self) -> Today | None:
        """The rank that counts otherwise, and what it counts; None on most days."""
        return None if self.day is None else self.day.today


def view_of(state: BlackjackState) -> BlackjackView:
    """Return the table with the dealer's second card hidden while the game goes on."""
    dealer = state.dealer if state.result is not None else (state.dealer[0], None)
    return BlackjackView(state.player, dealer, state.discards, state.day)


@dataclass(frozen=True)
class BlackjackRules:
    """The two options of Gymnasium's Blackjack.

    `sab` (Sutton and Barto): a player's natural beats every dealer hand that is not a natural. `natural`: a natural
    that wins pays half as much again; it has no effect together with `sab`. `today` is a rank that counts otherwise for
    one episode, in every hand.
    """

    natural: bool = False
    sab: bool = False
    today: Today | None = None

    def deal(
        self,
        rng: np.random.Generator,
        player: tuple[Card, ...] | None = None,
        dealer: tuple[Card, ...] | None = None,
    ) -> BlackjackState:
        """Draw two cards for each side whose hand is not given."""
        return BlackjackState(player or (draw(rng), draw(rng)), dealer or (draw(rng), draw(rng)))

    def play(self, state: BlackjackState, action: str, rng: np.random.Generator) -> Outcome[BlackjackState]:
        """Play "hit" or "stand". Events at the end: one of `win`, `draw`, `lose`; and `natural` where it pays."""
        if action == "stand":
            return self._stand(state, rng)
        player = (*state.player, self._draw(rng, state.player, state.dealer, state.discards))
        if hand_value(player, self.today) <= LIMIT:
            return Outcome(BlackjackState(player, state.dealer, None, state.discards, 0, state.day), {})
        return Outcome(BlackjackState(player, state.dealer, "lose", state.discards, 0, state.day), {"lose": 1.0})

    def _stand(self, state: BlackjackState, rng: np.random.Generator) -> Outcome[BlackjackState]:
        dealer = state.dealer
        while hand_value(dealer, self.today) < DEALER_STANDS_AT:
            dealer = (*dealer, self._draw(rng, state.player, dealer, state.discards))
        result = self._compare(state.player, dealer)
        events: dict[str, float] = {result: 1.0}
        if self.natural and not self.sab and is_natural(state.player, self.today) and result == "win":
            events["natural"] = 1.0
        return Outcome(BlackjackState(state.player, dealer, result, state.discards, 0, state.day), events)

    def _draw(self, rng: np.random.Generator, *_dealt: tuple[Card, ...]) -> Card:
        """Draw a card; what has been dealt does not matter."""
        return draw(rng)

    def _compare(self, player: tuple[Card, ...], dealer: tuple[Card, ...]) -> Result:
        if self.sab and is_natural(player, self.today) and not is_natural(dealer, self.today):
            return "win"
        ours, theirs = hand_value(player, self.today), hand_value(dealer, self.today)
        if theirs > LIMIT or ours > theirs:
            return "win"
        return "draw" if ours == theirs else "lose"


def draw(rng: np.random.Generator) -> Card:
    """Draw one card from a full deck."""
    return DECK[rng.integers(len(DECK))]


@lru_cache(maxsize=256)
def values_of(today: Today | None) -> Mapping[str, int]:
    """Return what each rank counts: 1 for an ace that can count 11, which no other rank counts."""
    return _VALUES if today is None else {**_VALUES, today[0]: today[1]}


def hand_value(hand: tuple[Card, ...], today: Today | None = None) -> int:
    """Return a hand's sum; one ace counts 11 where that does not go over 21."""
    total = _least_value(hand, today)
    return total + 10 if total <= LIMIT - 10 and _has_ace(hand, today) else total


def has_usable_ace(hand: tuple[Card, ...], today: Today | None = None) -> bool:
    """Whether an ace can count 11."""
    return _has_ace(hand, today) and _least_value(hand, today) + 10 <= LIMIT


def _least_value(hand: tuple[Card, ...], today: Today | None) -> int:
    """Return a hand's sum with every ace as 1."""
    values = _VALUES if today is None else values_of(today)
    return sum([values[card.rank] for card in hand])


def _has_ace(hand: tuple[Card, ...], today: Today | None) -> bool:
    """Whether there is an ace that can count 11."""
    return (today is None or today[0] != "A") and "A" in [card.rank for card in hand]


def is_natural(hand: tuple[Card, ...], today: Today | None = None) -> bool:
    """Whether the hand is an ace and a ten-valued card."""
    return len(hand) == 2 and hand_value(hand, today) == LIMIT
