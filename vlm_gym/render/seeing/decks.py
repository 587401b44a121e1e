"""Strange decks: cards that look unlike those on the table at level 0, and can be told all the same."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from vlm_gym.games.cards import Card
from vlm_gym.render.canvas import Picture
from vlm_gym.render.cards import (
    ASPECT,
    CORNERS,
    INDEX_HEIGHT,
    LEAST_PIPS_WIDTH,
    Box,
    Index,
    Slot,
    indices,
    paint_loose_card,
)
from vlm_gym.render.theme import Theme

LEAST_SMALL_INDEX: Final = 8.0  # pixels: lower ranks in a corner give way to one large rank
SPRITE_BYTES: Final = 64_000_000  # of the cards of one size and theme that are kept
FINER: Final = 1.15  # how much larger a card is painted than it is thrown


@dataclass(frozen=True)
class Deck:
    """A deck: fields of the theme that it changes, and whether its colours are inverted."""

    fields: Mapping[str, str]
    is_inverted: bool = False

    def theme(self, theme: Theme) -> Theme:
        """Return the theme with this deck."""
        return replace(theme, **self.fields)


DECKS: Final = (
    Deck({}),
    Deck({"font": "serif", "suits": "black", "paper": "#fbf3da", "back": "black", "back_pattern": "rings"}),
    Deck({"suits": "four_color", "back": "wine", "back_pattern": "stripes"}),
    Deck({"font": "serif", "suits": "four_color", "paper": "#e2f1f8", "back": "navy", "back_pattern": "dots"}),
    Deck({"suits": "two_color", "back": "purple", "back_pattern": "rings"}, is_inverted=True),
    Deck({"font": "serif", "suits": "black", "back": "teal"}, is_inverted=True),
    Deck({"paper": "#fbe6e6", "suits": "black", "font": "sans", "back": "red", "back_pattern": "dots"}),
)


class Decks:
    """The loose cards of one theme; each is painted when it is first asked for, and all are forgotten if too many."""

    def __init__(self, theme: Theme) -> None:
        self._themes = [deck.theme(theme) for deck in DECKS]
        self._sprites: dict[tuple[Card | None, Pack], Picture] = {}
        self._bytes = 0

    def sprite(self, card: Card | None, pack: "Pack") -> Picture:
        """Return a card with its shadow, (height + 2 margin, width + 2 margin, 4)."""
        key = card, pack
        sprite = self._sprites.get(key)
        if sprite is None:
            if self._bytes > SPRITE_BYTES:
                self._sprites.clear()
                self._bytes = 0
            inverted = DECKS[pack.number].is_inverted
            sprite = self._sprites[key] = paint_loose_card(card, pack.slot, self._theme(pack), is_inverted=inverted)
            self._bytes += sprite.nbytes
        return sprite

    def indices(self, card: Card, pack: "Pack") -> tuple[Index, ...]:
        """Return the places that tell a card."""
        return indices(card, pack.slot, self._theme(pack))

    def pack(self, number: int, height: float) -> "Pack":
        """Return a deck whose cards are about so many pixels high on the table."""
        is_large = INDEX_HEIGHT * height < LEAST_SMALL_INDEX or self._themes[number].deck == "index"
        tall = math.ceil(max(FINER * height, 0.0 if is_large else LEAST_PIPS_WIDTH / ASPECT))
        width = math.ceil(ASPECT * tall)
        return Pack(number, Slot(width, tall, width), is_large)

    def _theme(self, pack: "Pack") -> Theme:
        theme = self._themes[pack.number]
        return replace(theme, deck="index") if pack.is_large else theme


class Pack(NamedTuple):
    """Which deck lies on the table: its number, the size that it is painted in, and whether its ranks are large."""

    number: int
    slot: Slot
    is_large: bool


def told_by(is_large: bool) -> tuple[Box, ...]:
    """Return the parts of a card that tell it, in shares of it: each of its corners, or only all of it."""
    return ((0.0, 0.0, 1.0, 1.0),) if is_large else CORNERS
