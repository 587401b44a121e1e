"""Blackjack from one deck: the picture of some discards, and the pile in which they lie later."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from vlm_gym.games.blackjack_deck import DiscardsView
from vlm_gym.render.canvas import Canvas, Picture, text_width, to_picture
from vlm_gym.render.cards import ASPECT, Slot, drawn_slot
from vlm_gym.render.table import MAX_TABLES, PICTURE_BYTES, Hand, Label, Sprites, felt, lay_cards, spread_cards
from vlm_gym.render.theme import Theme

PILE: Final = 3  # cards that are drawn of it


def draw_discards(view: DiscardsView, image_size: int, theme: Theme, onto: Canvas | None = None) -> Picture:
    """Return a picture, (image_size, image_size, 3): a fresh one, or drawn onto a canvas."""
    return _table(image_size, theme).draw(view, onto)


def lay_pile(picture: Picture, theme: Theme) -> None:
    """Lay the pile of discards, face down, into the upper right corner of a finished picture, in place."""
    _table(picture.shape[0], theme).lay_pile(picture)


@lru_cache(maxsize=MAX_TABLES)
def _table(image_size: int, theme: Theme) -> "_DiscardsTable":
    return _DiscardsTable(image_size, theme)


class _DiscardsTable:
    """Everything that pictures of one size and theme share."""

    def __init__(self, image_size: int, theme: Theme) -> None:
        self._size = image_size
        self._theme = theme
        self._margin = max(3, round(0.04 * image_size))
        self._label_height = max(10, round(0.075 * image_size))
        self._sprites = Sprites(theme, image_size)
        num_pictures = max(4, PICTURE_BYTES // (3 * image_size * image_size))
        self._hand: Callable[[int], Hand] = lru_cache(maxsize=None)(self._spread)
        self._background: Callable[[int, int], Picture] = lru_cache(maxsize=num_pictures)(self._draw_background)
        self._pile = self._place_pile()

    def draw(self, view: DiscardsView, onto: Canvas | None = None) -> Picture:
        """Draw the discards that lie open, and the pile of those before."""
        background = self._background(view.page, view.pages)
        picture = background.copy() if onto is None else onto.fill(background)
        lay_cards(picture, view.open, self._hand(len(view.open)), self._sprites)
        if view.covered:
            self.lay_pile(picture)
        return picture

    def lay_pile(self, picture: Picture) -> None:
        """Lay the pile of discards."""
        lay_cards(picture, (None,) * PILE, self._pile, self._sprites)

    def _spread(self, count: int) -> Hand:
        top = self._margin + self._label_height + max(2, round(0.022 * self._size))
        width, height = self._size - 2 * self._margin, self._size - self._margin - top
        spread = spread_cards(count, width, height, self._theme, can_overlap=False)
        return spread.at(self._margin, top, self._theme)

    def _place_pile(self) -> Hand:
        height = self._label_height + self._margin // 3
        slot = Slot(round(ASPECT * height), height, round(ASPECT * height))
        step = max(1, round(0.012 * self._size))
        right, top = (
            self._size - self._margin - slot.width - slot.margin,
            self._margin - self._margin // 2 - slot.margin,
        )
        rows = slice(max(0, top), max(0, top) + height + 2 * slot.margin)
        lefts = [right - step * (PILE - 1 - i) for i in range(PILE)]
        boxes = [((rows, slice(left, left + slot.width + 2 * slot.margin)), i > 0) for i, left in enumerate(lefts)]
        return Hand(drawn_slot(slot, self._theme), tuple(boxes))

    def _draw_background(self, page: int, pages: int) -> Picture:
        text = f"Dealt: {page} of {pages}"
        height = self._label_height
        width = text_width(text, self._theme.font, round(0.75 * height)) + height
        width = min(width, self._size - 2 * (self._size - self._pile.boxes[0][0][1].start))
        label = Label(text, (self._size - width) // 2, self._margin, width, height)
        sketch = felt(self._size, self._theme)
        label.draw_ground(sketch, self._theme)
        image = sketch.finish()
        label.write(image, self._theme)
        return to_picture(image)
