"""What a points game can deal besides the cards: a target, a rule of the day, a card apart, a second plate."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from vlm_gym.games.cards import DECK, Card, value_of
from vlm_gym.games.plates import PLATE_COLORS
from vlm_gym.games.points import MAX_DEALS, Deal, PointsRules

HIGHEST_TODAY: Final = 10
COUNTS_OTHERWISE: Final = 1
CARD_APART: Final = 2
TWO_PLATES: Final = 3
"""Levels of the course: from each on, something more is dealt."""


@dataclass(frozen=True)
class Dealer:
    """Deals points games.

    Attributes:
        rules: The rules, with the target of every game or the lowest one.
        targets: The targets that can be dealt; None if there is but one.
        course: How much is otherwise today: 1 has a rank that counts otherwise, 2 a card apart too, which is not in the
            game, and 3 two plates with numbers, of which one shows the target.
    """

    rules: PointsRules
    targets: range | None = None
    course: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether nothing is dealt besides the cards."""
        return self.targets is None and not self.course

    def deal(
        self,
        rng: np.random.Generator,
        cards: tuple[Card, ...] | None = None,
        target: int | None = None,
        is_wanted: Callable[[PointsRules, tuple[int, ...]], bool] | None = None,
    ) -> tuple[tuple[Card, ...], Deal] | None:
        """Draw the cards, if they are not given, and all that is dealt with them.

        `is_wanted` says of an episode's rules and its cards' numbers whether they are dealt; up to `MAX_DEALS` deals
        are tried, then None is returned.
        """
        for _ in range(MAX_DEALS):
            hand = self.rules.deal(rng) if cards is None else cards
            drawn = self._draw_target(rng) if target is None else target
            today = self._today(hand, rng) if self.course >= COUNTS_OTHERWISE else None
            rules = _rules_of_a_day(self.rules, drawn, today)
            if is_wanted is None or is_wanted(rules, rules.numbers(hand)):
                return hand, self._with_distractors(rules, hand, rng)
        return None

    def _today(self, hand: tuple[Card, ...], rng: np.random.Generator) -> tuple[str, int]:
        """Draw a card of the hand, whose rank counts otherwise, and another number for it."""
        rank = hand[int(rng.integers(len(hand)))].rank
        number = int(rng.integers(1, HIGHEST_TODAY))
        usual = min(value_of(rank, self.rules.face_cards), HIGHEST_TODAY)
        return rank, number + (number >= usual)

    def _with_distractors(self, rules: PointsRules, hand: tuple[Card, ...], rng: np.random.Generator) -> Deal:
        if self.course < CARD_APART:
            return Deal(rules)
        aside = hand[0]
        while aside in hand:
            aside = DECK[int(rng.integers(len(DECK)))]
        if self.course < TWO_PLATES or self.targets is None:
            return Deal(rules, aside=aside)
        color = PLATE_COLORS[int(rng.integers(len(PLATE_COLORS)))]
        other = self.targets[int(rng.integers(len(self.targets) - 1))]
        return Deal(rules, None, aside, color, self.targets[-1] if other == rules.target else other)

    def _draw_target(self, rng: np.random.Generator) -> int:
        return self.rules.target if self.targets is None else self.targets[int(rng.integers(len(self.targets)))]


@lru_cache(maxsize=4096)
def _rules_of_a_day(rules: PointsRules, target: int, today: tuple[str, int] | None) -> PointsRules:
    return replace(rules, target=target, today=today)
