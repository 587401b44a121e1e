"""The picture of Blackjack: the dealer's hand on top, the player's below."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from vlm_gym.games.blackjack import BlackjackView
from vlm_gym.render.canvas import Canvas, Picture, text_width, to_picture
from vlm_gym.render.cards import rank_height
from vlm_gym.render.table import (
    MAX_TABLES,
    PICTURE_BYTES,
    Hand,
    Label,
    Spread,
    Sprites,
    felt,
    lay_cards,
    reads_well,
    spread_cards,
)
from vlm_gym.render.theme import Theme

DEALER_SHARES: Final = (
    0.5,
    0.44,
    0.56,
    0.38,
    0.62,
    0.32,
    0.68,
    0.27,
    0.73,
)  # of the room for cards; the first that reads well


def draw_blackjack(view: BlackjackView, image_size: int, theme: Theme, onto: Canvas | None = None) -> Picture:
    """Return a picture, (image_size, image_size, 3): a fresh one, or drawn onto a canvas.

    A card that is None lies face down.
    """
    return _table(image_size, theme).draw(view, onto)


@lru_cache(maxsize=MAX_TABLES)
def _table(image_size: int, theme: Theme) -> "_BlackjackTable":
    return _BlackjackTable(image_size, theme)


@dataclass(frozen=True)
class _Layout:
    dealer: Hand
    player: Hand
    background: Picture


class _BlackjackTable:
    """Everything that pictures of one size and theme share."""

    def __init__(self, image_size: int, theme: Theme) -> None:
        self._size = image_size
        self._theme = theme
        self._margin = max(3, round(0.04 * image_size))
        self._gap = max(2, round(0.022 * image_size))
        self._label_height = max(10, round(0.075 * image_size))
        self._sprites = Sprites(theme, image_size)
        num_pictures = max(4, PICTURE_BYTES // (3 * image_size * image_size))
        self._layout: Callable[[int, int], _Layout] = lru_cache(maxsize=None)(self._lay_out)
        self._background: Callable[[int], Picture] = lru_cache(maxsize=num_pictures)(self._draw_background)

    def draw(self, view: BlackjackView, onto: Canvas | None = None) -> Picture:
        """Draw both hands."""
        layout = self._layout(len(view.dealer), len(view.player))
        picture = layout.background.copy() if onto is None else onto.fill(layout.background)
        lay_cards(picture, view.dealer, layout.dealer, self._sprites)
        lay_cards(picture, view.player, layout.player, self._sprites)
        return picture

    def _lay_out(self, num_dealer: int, num_player: int) -> _Layout:
        head = self._label_height + self._gap
        room = self._size - 2 * self._margin - 2 * head - 2 * self._gap
        choices = [self._hands(num_dealer, num_player, int(share * room), room) for share in DEALER_SHARES]
        scores = [min(rank_height(hand.slot, self._theme) for hand in hands) for hands in choices]
        index = next(i for i, score in enumerate(scores) if reads_well(score, max(scores)))
        dealer, player = choices[index]
        dealer_top = self._margin + head
        label_top = dealer_top + int(DEALER_SHARES[index] * room) + 2 * self._gap
        hands = dealer.at(self._margin, dealer_top, self._theme), player.at(self._margin, label_top + head, self._theme)
        return _Layout(*hands, self._background(label_top))

    def _hands(self, num_dealer: int, num_player: int, dealer_height: int, room: int) -> tuple[Spread, Spread]:
        width = self._size - 2 * self._margin
        dealer = spread_cards(num_dealer, width, dealer_height, self._theme, can_overlap=True)
        return dealer, spread_cards(num_player, width, room - dealer_height, self._theme, can_overlap=True)

    def _draw_background(self, label_top: int) -> Picture:
        labels = (self._label("Dealer", self._margin), self._label("You", label_top))
        sketch = felt(self._size, self._theme)
        for label in labels:
            label.draw_ground(sketch, self._theme)
        image = sketch.finish()
        for label in labels:
            label.write(image, self._theme)
        return to_picture(image)

    def _label(self, text: str, top: int) -> Label:
        height = self._label_height
        width = text_width(text, self._theme.font, round(0.75 * height)) + height
        return Label(text, (self._size - width) // 2, top, width, height)
