"""A card table of one size and theme: its felt, where cards lie on it, and the cache of its card sprites."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from PIL import Image

from vlm_gym.games.cards import Card
from vlm_gym.render.canvas import (
    BLACK,
    WHITE,
    Color,
    Picture,
    Sketch,
    fitting_size,
    ink_on,
    luminance,
    mix,
    rgb,
    write,
)
from vlm_gym.render.cards import ASPECT, LEAST_PIPS_WIDTH, Slot, drawn_slot, paint_card, rank_height
from vlm_gym.render.theme import Theme

MAX_TABLES: Final = 8  # sizes and themes in use at once
SPRITE_BYTES: Final = 12_000_000  # of cached sprites per table
PICTURE_BYTES: Final = 6_000_000  # of cached backgrounds per table
LEAST_ASPECT: Final = 0.46  # of a card that makes room for its neighbours before they overlap
MAX_ROWS: Final = 4
MANY_ROWS: Final = 3  # so many rows of small cards lie closer together
GOOD_SHARE: Final = 0.7  # of the best rank height: fewer rows look better
GOOD_RANK_HEIGHT: Final = 11.0  # pixels, and read well enough if their ranks are this high
LOW_ROW: Final = 32  # pixels: cards in lower rows are made wider, so that ranks fit
LOW_ASPECT: Final = 0.8
LEAST_COVER: Final = 0.18  # of a card's width; cards that would overlap less become smaller instead
DARK_CLOTH: Final = 0.03  # luminance, below which labels are lighter than the cloth
LIGHT_CLOTH: Final = 0.35


@dataclass(frozen=True)
class Place:
    """Where a card lies: the corner of its shadow, and whether it half covers the card to its left."""

    left: int
    top: int
    is_on_card: bool


@dataclass(frozen=True)
class Spread:
    """Cards of one hand: all slots are alike."""

    slot: Slot
    places: tuple[Place, ...]

    def at(self, left: int, top: int, theme: Theme) -> "Hand":
        """Return the hand whose room begins at this corner of the picture."""
        width, height = self.slot.width + 2 * self.slot.margin, self.slot.height + 2 * self.slot.margin
        corners = [(left + place.left, top + place.top) for place in self.places]
        boxes = [(slice(y, y + height), slice(x, x + width)) for x, y in corners]
        is_on_card = [place.is_on_card for place in self.places]
        return Hand(drawn_slot(self.slot, theme), tuple(zip(boxes, is_on_card, strict=True)))


class Hand(NamedTuple):
    """A hand in a picture: how its cards are drawn, and where: rows and columns, and whether on another card."""

    slot: Slot
    boxes: tuple[tuple[tuple[slice, slice], bool], ...]


class Sprites(dict[tuple[Card | None, Slot, bool], Picture]):
    """Cards of one theme by card, slot and whether they lie on a card; each is painted when it is first asked for.

    About `SPRITE_BYTES` are kept; then all are forgotten. To remember in which order they were used would cost as much
    as to lay them.
    """

    def __init__(self, theme: Theme, image_size: int) -> None:
        super().__init__()
        self._theme = theme
        self._most = max(16, min(2048, SPRITE_BYTES // ((image_size * image_size // 14) * 3)))

    def __missing__(self, key: tuple[Card | None, Slot, bool]) -> Picture:
        """Paint a card."""
        if len(self) >= self._most:
            self.clear()
        sprite = self[key] = paint_card(*key, self._theme)
        return sprite


def lay_cards(picture: Picture, cards: tuple[Card | None, ...], hand: Hand, sprites: Sprites) -> None:
    """Paste the sprites of a hand, from left to right."""
    slot = hand.slot
    for card, (box, is_on_card) in zip(cards, hand.boxes, strict=True):
        picture[box] = sprites[card, slot, is_on_card]


def spread_cards(count: int, width: int, height: int, theme: Theme, can_overlap: bool) -> Spread:
    """Lay out a hand in a room of `width` x `height` pixels.

    Cards that may overlap are laid so that their ranks are large, others so that they are large themselves.
    """
    choices = [_rows(count, rows, width, height, can_overlap) for rows in range(1, min(count, MAX_ROWS) + 1)]
    scores = [rank_height(spread.slot, theme) if can_overlap else spread.slot.height for spread in choices]
    best = max(scores)
    return next(spread for spread, score in zip(choices, scores, strict=True) if reads_well(score, best))


def reads_well(height: float, best: float) -> bool:
    """Whether ranks are hardly smaller than the best that can be had, or smaller and still large."""
    return height >= 0.97 * best or (height >= GOOD_SHARE * best and height >= GOOD_RANK_HEIGHT)


def _rows(count: int, rows: int, width: int, height: int, can_overlap: bool) -> Spread:
    across = -(-count // rows)
    gap = max(2 if rows < MANY_ROWS else 1, round(0.018 * width))
    row_height = (height - gap * (rows - 1)) // rows
    aspect = ASPECT if row_height >= LOW_ROW else LOW_ASPECT
    ideal, widest = int(aspect * row_height), (width - gap * (across - 1)) // across
    slot = _slot(row_height, ideal, widest, across, width, can_overlap)
    is_fan = slot.column < slot.width
    step = slot.column + slot.margin if is_fan else slot.width + gap
    top = (height - rows * slot.height - gap * (rows - 1)) // 2
    places: list[Place] = []
    for row in range(rows):
        in_row = count // rows + (row < count % rows)
        left = (width - step * (in_row - 1) - slot.width) // 2 - slot.margin
        y = top + row * (slot.height + gap) - slot.margin
        places += [Place(left + i * step, y, is_fan and i > 0) for i in range(in_row)]
    return Spread(slot, tuple(places))


def _slot(height: int, ideal: int, widest: int, across: int, width: int, can_overlap: bool) -> Slot:
    """Choose between a card at its best, a narrower or lower one, and a fan of covered cards."""
    if ideal <= widest:
        return Slot(ideal, height, ideal)
    if not can_overlap or widest >= (1 - LEAST_COVER) * ideal:
        return Slot(widest, min(height, round(widest / ASPECT)), widest)
    if ideal < LEAST_PIPS_WIDTH and widest >= LEAST_ASPECT * height:
        return Slot(widest, height, widest)
    margin = Slot(ideal, height, ideal).margin
    return Slot(ideal, height, max(3, (width - ideal) // (across - 1) - margin))


def felt(image_size: int, theme: Theme) -> Sketch:
    """Return an empty table: the cloth and a fine line around it."""
    cloth = rgb(theme.table)
    sketch = Sketch(image_size, image_size, cloth)
    inset, line = round(0.016 * image_size), max(1, round(0.004 * image_size))
    accent = mix(cloth, WHITE if luminance(cloth) < LIGHT_CLOTH else BLACK, 0.16)
    outer = image_size - inset
    sketch.box(inset, inset, outer, outer, 0.03 * image_size, accent)
    sketch.box(inset + line, inset + line, outer - line, outer - line, 0.03 * image_size - line, cloth)
    return sketch


def draw_panel(sketch: Sketch, box: tuple[int, int, int, int], radius: float, theme: Theme) -> None:
    """Draw the bordered ground of formulas and number lines; `box` is left, top, right and bottom."""
    (left, top, right, bottom), panel = box, rgb(theme.panel)
    edge = max(0.7, radius / 9)
    sketch.box(left, top, right, bottom, radius, mix(panel, ink_on(panel), 0.35))
    sketch.box(left + edge, top + edge, right - edge, bottom - edge, radius - edge, panel)


def label_color(theme: Theme) -> Color:
    """Return the ground of labels that lie on the cloth."""
    cloth = rgb(theme.table)
    if luminance(cloth) < DARK_CLOTH:
        return mix(cloth, WHITE, 0.16)
    return mix(cloth, BLACK, 0.45 if luminance(cloth) < LIGHT_CLOTH else 0.78)


@dataclass(frozen=True)
class Label:
    """A word on a pill of its own, centred in its box."""

    text: str
    left: int
    top: int
    width: int
    height: int

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and columns of the pill."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def draw_ground(self, sketch: Sketch, theme: Theme) -> None:
        """Draw the pill."""
        right, bottom = self.left + self.width, self.top + self.height
        sketch.box(self.left, self.top, right, bottom, self.height / 2, label_color(theme))

    def write(self, image: Image.Image, theme: Theme) -> None:
        """Write the word."""
        size = fitting_size(self.text, theme.font, self.width - 0.6 * self.height, 0.58 * self.height)
        center = (self.left + self.width / 2, self.top + self.height / 2)
        write(image, center, self.text, theme.font, size, ink_on(label_color(theme)))
