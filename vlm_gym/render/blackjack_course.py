"""The picture of Blackjack where cards lie on the table that mean nothing: one in a tray, or a whole hand."""

import math
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from vlm_gym.games.blackjack import BlackjackDay, BlackjackView
from vlm_gym.games.cards import Card
from vlm_gym.games.plates import PLATE_COLORS, PlateColor
from vlm_gym.render.canvas import (
    WHITE,
    Canvas,
    Picture,
    Sketch,
    fitting_size,
    ink_on,
    rgb,
    text_width,
    to_picture,
    write,
)
from vlm_gym.render.table import MAX_TABLES, Hand, Label, Sprites, felt, lay_cards, spread_cards
from vlm_gym.render.theme import PALETTE, Theme
from vlm_gym.render.tray import Tray

DEALER_SHARE: Final = 0.43  # of the room for cards
MAX_HANDS: Final = 256


class _Box(NamedTuple):
    """A part of the picture in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def draw_blackjack_day(view: BlackjackView, image_size: int, theme: Theme, onto: Canvas | None = None) -> Picture:
    """Return a picture, (image_size, image_size, 3): a fresh one, or drawn onto a canvas."""
    return _table(image_size, theme).draw(view, onto)


@lru_cache(maxsize=MAX_TABLES)
def _table(image_size: int, theme: Theme) -> "_DayTable":
    return _DayTable(image_size, theme)


class _DayTable:
    """Everything that pictures of one size and theme share."""

    def __init__(self, image_size: int, theme: Theme) -> None:
        self._size = image_size
        self._theme = theme
        self._margin = max(3, round(0.04 * image_size))
        self._gap = max(2, round(0.022 * image_size))
        self._label_height = max(10, round(0.075 * image_size))
        self._sprites = Sprites(theme, image_size)
        self._background: Callable[[bool], Picture] = lru_cache(maxsize=2)(self._draw_background)
        self._hand: Callable[[int, _Box], Hand] = lru_cache(maxsize=MAX_HANDS)(self._spread)

    def draw(self, view: BlackjackView, onto: Canvas | None = None) -> Picture:
        """Draw the dealer's hand, the tray, and the player's hand or the two places."""
        day = view.day
        background = self._background(day is not None and day.color is not None)
        picture = background.copy() if onto is None else onto.fill(background)
        lay_cards(picture, view.dealer, self._hand(len(view.dealer), self._dealer), self._sprites)
        if day is not None and day.aside is not None:
            lay_cards(picture, (day.aside,), self._tray.hand, self._sprites)
        for cards, box in self._hands(view, day):
            lay_cards(picture, cards, self._hand(len(cards), box), self._sprites)
        return picture

    def _hands(self, view: BlackjackView, day: BlackjackDay | None) -> tuple[tuple[tuple[Card, ...], _Box], ...]:
        """Return the hands at the bottom, and where they lie."""
        if day is None or day.color is None:
            return ((view.player, self._player),)
        return tuple((view.player if color == day.color else day.other, self._inside(color)) for color in PLATE_COLORS)

    def _spread(self, count: int, box: _Box) -> Hand:
        spread = spread_cards(count, box.right - box.left, box.bottom - box.top, self._theme, can_overlap=True)
        return spread.at(box.left, box.top, self._theme)

    # Where everything lies

    @cached_property
    def _middle(self) -> int:
        """Where the upper half ends and the labels of the lower one begin."""
        room = self._size - 2 * self._margin - 2 * (self._label_height + self._gap) - 2 * self._gap
        return self._margin + self._label_height + self._gap + round(DEALER_SHARE * room) + 2 * self._gap

    @cached_property
    def _tray(self) -> Tray:
        top = self._margin
        return Tray(self._size - self._margin, top, self._middle - 2 * self._gap - top, self._size, self._theme)

    @cached_property
    def _dealer(self) -> _Box:
        top = self._margin + self._label_height + self._gap
        right = self._size - self._margin - self._tray.width - 2 * self._gap
        return _Box(self._margin, top, right, self._middle - 2 * self._gap)

    @cached_property
    def _player(self) -> _Box:
        bottom = self._size - self._margin
        return _Box(self._margin, self._middle + self._label_height + self._gap, self._size - self._margin, bottom)

    def _place(self, color: PlateColor) -> _Box:
        """Return the edge of a coloured place."""
        width = (self._size - 2 * self._margin - 2 * self._gap) // 2
        left = self._margin if color == PLATE_COLORS[0] else self._size - self._margin - width
        top = self._middle + self._label_height // 2
        return _Box(left, top, left + width, self._size - self._margin + self._gap)

    def _inside(self, color: PlateColor) -> _Box:
        """Return the room for cards in a coloured place."""
        place, edge = self._place(color), 2 * self._line
        top = self._middle + self._label_height + max(1, self._gap // 2)
        return _Box(place.left + edge, top, place.right - edge, place.bottom - edge)

    @property
    def _line(self) -> int:
        return max(2, round(0.012 * self._size))

    # What does not change

    def _draw_background(self, has_places: bool) -> Picture:
        sketch = felt(self._size, self._theme)
        labels = [self._label("Dealer", self._dealer, self._margin)]
        if has_places:
            for color in PLATE_COLORS:
                self._draw_place(sketch, color)
        else:
            labels.append(self._label("You", self._player, self._middle))
        for label in labels:
            label.draw_ground(sketch, self._theme)
        self._tray.draw_ground(sketch)
        image = sketch.finish()
        for label in labels:
            label.write(image, self._theme)
        self._tray.write_caption(image)
        for color in PLATE_COLORS if has_places else ():
            pill = self._pill(color)
            font_size = fitting_size(color.capitalize(), self._theme.font, math.inf, 0.58 * self._label_height)
            center = (pill.left + pill.right) / 2, (pill.top + pill.bottom) / 2
            write(image, center, color.capitalize(), self._theme.font, font_size, ink_on(rgb(PALETTE[color])))
        return to_picture(image)

    def _draw_place(self, sketch: Sketch, color: PlateColor) -> None:
        """Draw a place's edge and its pill, both with a white line around: they stand out from every cloth."""
        place, paint, line = self._place(color), rgb(PALETTE[color]), self._line
        radius, white = 0.03 * self._size, max(1, line // 3)
        for inset, fill in ((0, WHITE), (white, paint), (white + line, rgb(self._theme.table))):
            box = place.left + inset, place.top + inset, place.right - inset, place.bottom - inset
            sketch.box(*box, max(0.0, radius - inset), fill)
        pill = self._pill(color)
        sketch.box(*pill, self._label_height / 2, WHITE)
        inner = pill.left + white, pill.top + white, pill.right - white, pill.bottom - white
        sketch.box(*inner, self._label_height / 2 - white, paint)

    def _pill(self, color: PlateColor) -> _Box:
        place, height = self._place(color), self._label_height
        width = text_width(color.capitalize(), self._theme.font, round(0.75 * height)) + height
        left = (place.left + place.right - width) // 2
        return _Box(left, self._middle, left + width, self._middle + height)

    def _label(self, text: str, box: _Box, top: int) -> Label:
        width = text_width(text, self._theme.font, round(0.75 * self._label_height)) + self._label_height
        return Label(text, (box.left + box.right - width) // 2, top, width, self._label_height)
