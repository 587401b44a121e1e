"""Blackjack on a day that is different: a rank counts otherwise, and cards lie on the table that mean nothing.

The hands are dealt first, and the day is drawn after them: the same seed deals the same hands at every level.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from vlm_gym.games.blackjack import BlackjackDay, BlackjackRules, BlackjackState, Today, draw
from vlm_gym.games.cards import Card, value_of
from vlm_gym.games.plates import PLATE_COLORS

LEAST_TODAY: Final = 2  # to count 1 is the ace's alone, which can count 11
MOST_TODAY: Final = 10
COUNTS_OTHERWISE: Final = 1
CARD_APART: Final = 2
TWO_PLACES: Final = 3
"""Levels of the course: from each on, something more is drawn."""


@dataclass(frozen=True)
class DayRules(BlackjackRules):
    """The rules of days of a level of the course."""

    course: int = COUNTS_OTHERWISE

    def deal(
        self,
        rng: np.random.Generator,
        player: tuple[Card, ...] | None = None,
        dealer: tuple[Card, ...] | None = None,
    ) -> BlackjackState:
        """Draw two cards for each side whose hand is not given, and the day."""
        return self._with_day(super().deal(rng, player, dealer), rng)

    def of_day(self, today: Today) -> BlackjackRules:
        """Return the rules of one day."""
        return BlackjackRules(self.natural, self.sab, today)

    def _with_day(self, state: BlackjackState, rng: np.random.Generator) -> BlackjackState:
        """Draw a card that the player sees, whose rank counts otherwise, and what more the level has."""
        seen = (*state.player, state.dealer[0])
        rank = seen[int(rng.integers(len(seen)))].rank
        numbers = numbers_today(rank)
        today = rank, numbers[int(rng.integers(len(numbers)))]
        aside = draw(rng) if self.course >= CARD_APART else None
        if self.course < TWO_PLACES:
            return replace(state, day=BlackjackDay(today, aside))
        color = PLATE_COLORS[int(rng.integers(len(PLATE_COLORS)))]
        return replace(state, day=BlackjackDay(today, aside, color, (draw(rng), draw(rng))))


def numbers_today(rank: str) -> tuple[int, ...]:
    """Return what a rank can count on a day that is different."""
    usual = value_of(rank, "ten")
    return tuple(number for number in range(LEAST_TODAY, MOST_TODAY + 1) if number != usual)
