"""Playing-card sprites: opaque pictures of one card on the table, or on the card that it half covers."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from vlm_gym.games.cards import FACE_RANKS, Card
from vlm_gym.render.backs import draw_back
from vlm_gym.render.canvas import (
    BLACK,
    Color,
    Picture,
    Sketch,
    cap_height,
    fitting_size,
    mix,
    rgb,
    text_mask,
    to_picture,
)
from vlm_gym.render.figures import FIGURE_HEIGHT, draw_figure, draw_headgear
from vlm_gym.render.suits import draw_suit
from vlm_gym.render.theme import Theme
from vlm_gym.render.tiny import TINY_RANK, TINY_SUITS, tiny_rank, tiny_suit

ASPECT: Final = 0.66  # width by height of a card at its best
LEAST_PIPS_WIDTH: Final = 54  # pixels; a narrower card shows one big rank and suit
INDEX_SHARE: Final = 0.29  # of the card's width, that the corner index needs
LEAST_HEADGEAR_WIDTH: Final = 30
HEADGEAR_SHARE: Final = 0.52  # of the rank under it
HEADGEAR_SHRINK: Final = 0.82  # of a rank without headgear
ROOM_UNDER_HEADGEAR: Final = 0.8
COURT_TINT: Final[Color] = (255, 214, 110)
INDEX_HEIGHT: Final = 0.175
INDEX_MIDDLE: Final = 0.142
PIP_SHARE: Final = 0.18
LEAST_SMOOTH_RANK: Final = 5.5  # pixels; below, ranks and suits are set pixel by pixel
LEAST_SMOOTH_SUIT: Final = 7.6
LEAST_GAP: Final = 1.0
LEAST_BORDERED: Final = 18  # pixels: a lower card needs them all for its rank and suit
LOW_CARD: Final = 32  # pixels: a lower card gives nearly all its height to rank and suit
SQUEEZE: Final = 0.72  # how narrow a "10" may be made to keep the height of the other ranks

Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom
CORNERS: Final[tuple[Box, ...]] = ((0.0, 0.0, INDEX_SHARE, 0.395), (1 - INDEX_SHARE, 0.605, 1.0, 1.0))
"""The corners of a card with its rank and suit, in shares of it."""

_LEFT, _MIDDLE, _RIGHT = 0.366, 0.5, 0.634
_COLUMN_PAIRS: Final[dict[int, tuple[float, ...]]] = {
    1: (0.5,), 2: (0.17, 0.83), 3: (0.17, 0.5, 0.83), 4: (0.16, 0.387, 0.613, 0.84),
}  # fmt: skip


class Slot(NamedTuple):
    """Room for a card in pixels; only the left `column` of it stays visible where another card covers the rest."""

    width: int
    height: int
    column: int

    @property
    def margin(self) -> int:
        """The width of the shadow around the card."""
        return max(1, round(min(self.height * ASPECT, self.width * 1.2) / 18))

    @property
    def edge(self) -> float:
        """The white space at both sides of the column."""
        return max(1.0, 0.06 * self.column)

    @property
    def radius(self) -> float:
        """The radius of the corners."""
        return max(1.5, 0.085 * self.width)


def paint_card(card: Card | None, slot: Slot, is_on_card: bool, theme: Theme) -> Picture:
    """Return a card with its shadow: (height + 2 margin, width + 2 margin, 3). None lies face down."""
    ground, shape = _ground(slot, is_on_card, theme)
    image = ground.copy()
    image.paste(_face(card, slot, theme), (slot.margin, slot.margin), shape)
    return to_picture(image)


@lru_cache(maxsize=64)
def _ground(slot: Slot, is_on_card: bool, theme: Theme) -> tuple[Image.Image, Image.Image]:
    """Return what all cards in such a slot share: shadow and border on the table, and the shape of the face."""
    ground = Image.new("RGB", (slot.width + 2 * slot.margin, slot.height + 2 * slot.margin), rgb(theme.table))
    shape = _rounded(slot, max(0.6, slot.width / 110) if slot.height >= LEAST_BORDERED else 0.0)
    if is_on_card:
        left = slot.margin + math.ceil(2 * slot.radius) - slot.width
        _draw_edge(ground, slot, left)
        ground.paste(rgb(theme.paper), (left, slot.margin), shape)
    _draw_edge(ground, slot, slot.margin)
    return ground, shape


def _draw_edge(ground: Image.Image, slot: Slot, left: int) -> None:
    """Draw a card's shadow and border."""
    outline = _rounded(slot, 0.0)
    shadow = Image.new("L", ground.size)
    shadow.paste(outline.point(lambda level: level * 0.55), (left, slot.margin + max(1, slot.margin // 3)))
    ground.paste(BLACK, (0, 0), shadow.filter(ImageFilter.GaussianBlur(slot.margin * 0.45)))
    ground.paste(mix(rgb("#ffffff"), BLACK, 0.45), (left, slot.margin), outline)


def _rounded(slot: Slot, inset: float) -> Image.Image:
    scale = 8 if slot.width <= 128 else 4
    mask = Image.new("L", (slot.width * scale, slot.height * scale))
    box = [inset * scale, inset * scale, (slot.width - inset) * scale - 1, (slot.height - inset) * scale - 1]
    ImageDraw.Draw(mask).rounded_rectangle(box, max(0.0, slot.radius - inset) * scale, fill=255)
    return mask.reduce(scale)


def paint_loose_card(card: Card | None, slot: Slot, theme: Theme, *, is_inverted: bool) -> Picture:
    """Return a card with its shadow that can be laid on anything: (height + 2 margin, width + 2 margin, 4).

    The last channel says how opaque the card is, the others have been multiplied with it. An inverted card has the
    opposite of every colour: light ink on a dark paper.
    """
    size = slot.width + 2 * slot.margin, slot.height + 2 * slot.margin
    face = _face(card, slot, theme)
    sheet = Image.new("RGB", size)
    sheet.paste(
        mix(BLACK, rgb("#ffffff"), 0.55), (slot.margin, slot.margin, size[0] - slot.margin, size[1] - slot.margin)
    )
    sheet.paste(ImageChops.invert(face) if is_inverted else face, (slot.margin, slot.margin), _rounded(slot, 0.8))
    outline, shadow = Image.new("L", size), Image.new("L", size)
    outline.paste(_rounded(slot, 0.0), (slot.margin, slot.margin))
    shadow.paste(_rounded(slot, 0.0).point(lambda level: level * 0.55), (slot.margin, slot.margin))
    opacity = ImageChops.lighter(outline, shadow.filter(ImageFilter.GaussianBlur(slot.margin * 0.45)))
    inked = ImageChops.multiply(sheet, Image.merge("RGB", (outline, outline, outline)))
    return np.dstack([to_picture(inked), to_picture(opacity)])


class Index(NamedTuple):
    """What tells a card: the box of its rank, and a larger box with all that tells it; in shares of the card."""

    rank: Box
    whole: Box


def indices(card: Card, slot: Slot, theme: Theme) -> tuple[Index, ...]:
    """Return the places that tell a card that lies open; any of them is enough."""
    if _has_index(slot, theme):
        left, top, right, bottom = INDEX_MIDDLE - 0.115, 0.055, INDEX_MIDDLE + 0.115, 0.055 + INDEX_HEIGHT
        upper = Index((left, top, right, bottom), CORNERS[0])
        return upper, Index((1 - right, 1 - bottom, 1 - left, 1 - top), CORNERS[1])
    plan = _plan(slot, card.rank in FACE_RANKS)
    top, bottom = plan.rank_top / slot.height, (plan.rank_top + plan.rank) / slot.height
    return (Index((0.0, top, 1.0, bottom), (0.0, 0.0, 1.0, 1.0)),)


def _face(card: Card | None, slot: Slot, theme: Theme) -> Image.Image:
    if card is None:
        return draw_back(slot.width, slot.height, theme)
    return _paint_full(card, slot, theme) if _has_index(slot, theme) else _paint_simple(card, slot, theme)


def drawn_slot(slot: Slot, theme: Theme) -> Slot:
    """Return the slot that decides how a card is drawn: with a corner index it is, however much of it is covered."""
    return slot._replace(column=slot.width) if _has_index(slot, theme) else slot


def rank_height(slot: Slot, theme: Theme) -> float:
    """Return how high ranks are drawn in `slot`."""
    return INDEX_HEIGHT * slot.height if _has_index(slot, theme) else _simple_rank_height(slot)


def _has_index(slot: Slot, theme: Theme) -> bool:
    is_wide = slot.width >= LEAST_PIPS_WIDTH and slot.column >= INDEX_SHARE * slot.width
    return is_wide and theme.deck == "pips"


def _paint_full(card: Card, slot: Slot, theme: Theme) -> Image.Image:
    """Draw corner indices and, between them, the pips or a portrait."""
    color, width, height = theme.suit_color(card.suit), slot.width, slot.height
    sketch = Sketch(width, height, rgb(theme.paper))
    if card.rank in FACE_RANKS:
        _draw_portrait(sketch, card, slot, theme)
    else:
        _draw_pips(sketch, card, slot, color)
    index_height, index_width = INDEX_HEIGHT * height, (0.205 if card.rank in FACE_RANKS else 0.23) * width
    index_x, rank_y = INDEX_MIDDLE * width, 0.055 * height + index_height / 2
    suit_y = rank_y + index_height / 2 + 0.148 * width
    for x, y, turned in ((index_x, suit_y, False), (width - index_x, height - suit_y, True)):
        draw_suit(sketch, card.suit, (x, y), 0.195 * width, color, turned)
    image = sketch.finish()
    for _ in range(2):
        _write_rank(image, card.rank, theme, (index_x, rank_y), index_width, index_height, color)
        image = image.transpose(Image.Transpose.ROTATE_180)
    return image


def _draw_portrait(sketch: Sketch, card: Card, slot: Slot, theme: Theme) -> None:
    """Draw the frame and the portrait of a court card."""
    color, width, height = theme.suit_color(card.suit), slot.width, slot.height
    left, right, top, bottom = 0.265 * width, 0.735 * width, 0.16 * height, 0.84 * height
    line = max(0.8, width / 80)
    sketch.box(left - line, top - line, right + line, bottom + line, 0.035 * width, color)
    sketch.box(left, top, right, bottom, 0.025 * width, mix(rgb(theme.paper), COURT_TINT, 0.28))
    figure_width = min(right - left, (bottom - top) / FIGURE_HEIGHT)
    center = (width / 2, bottom - figure_width * FIGURE_HEIGHT / 2)
    draw_figure(sketch, card.rank, card.suit, center, figure_width, color)


def _draw_pips(sketch: Sketch, card: Card, slot: Slot, color: Color) -> None:
    if card.rank == "A":
        draw_suit(sketch, card.suit, (slot.width / 2, slot.height / 2), 0.54 * slot.width, color)
        return
    for x, y in pip_places(int(card.rank)):
        draw_suit(sketch, card.suit, (x * slot.width, y * slot.height), PIP_SHARE * slot.width, color, y > 0.5)


def pip_places(number: int) -> tuple[tuple[float, float], ...]:
    """Return where the pips of a 2 to 10 lie, in shares of the card's width and height."""
    if number in (2, 3):
        return tuple((_MIDDLE, y) for y in _COLUMN_PAIRS[number])
    rows = 4 if number >= 9 else 3 if number >= 6 else 2
    pairs = [(x, y) for x in (_LEFT, _RIGHT) for y in _COLUMN_PAIRS[rows]]
    middle = {5: (0.5,), 7: (0.335,), 8: (0.335, 0.665), 9: (0.5,), 10: (0.2735, 0.7265)}.get(number, ())
    return (*pairs, *((_MIDDLE, y) for y in middle))


def _paint_simple(card: Card, slot: Slot, theme: Theme) -> Image.Image:
    """Draw one big rank over one big suit; a court card is tinted and wears its headgear."""
    color, is_court = theme.suit_color(card.suit), card.rank in FACE_RANKS
    plan = _plan(slot, is_court)
    sketch = Sketch(slot.width, slot.height, mix(rgb(theme.paper), COURT_TINT, 0.35 if is_court else 0.0))
    middle = slot.column / 2
    if plan.headgear:
        draw_headgear(sketch, card.rank, (middle, plan.rank_top - 0.55 * plan.headgear), 1.3 * plan.headgear, color)
    if plan.suit >= LEAST_SMOOTH_SUIT:
        draw_suit(sketch, card.suit, (middle, plan.suit_top + plan.suit / 2), plan.suit, color)
    image = sketch.finish()
    if plan.suit < LEAST_SMOOTH_SUIT:
        mask = tiny_suit(card.suit, plan.suit)
        image.paste(color, (round(middle - mask.width / 2), round(plan.suit_top)), mask)
    if plan.rank < LEAST_SMOOTH_RANK:
        mask = tiny_rank(card.rank)
        image.paste(color, (round(middle - mask.width / 2), round(plan.rank_top)), mask)
        return image
    room = slot.column - 2 * slot.edge
    _write_rank(image, card.rank, theme, (middle, plan.rank_top + plan.rank / 2), room, plan.rank, color)
    return image


@dataclass(frozen=True)
class _Plan:
    """The heights of the parts of a simple card, and where they begin, in pixels."""

    headgear: float
    rank: float
    suit: float
    rank_top: float
    suit_top: float


def _plan(slot: Slot, is_court: bool) -> _Plan:
    """Share the height of a simple card out."""
    height, rank = slot.height, _simple_rank_height(slot)
    has_headgear = is_court and min(slot.column, 0.7 * height) >= LEAST_HEADGEAR_WIDTH
    rank *= HEADGEAR_SHRINK if has_headgear else 1.0
    headgear = HEADGEAR_SHARE * rank if has_headgear else 0.0
    suit = min((0.4 if height < LOW_CARD else 0.38) * height, 0.86 * (slot.column - 2 * slot.edge))
    if has_headgear:
        suit = min(suit, ROOM_UNDER_HEADGEAR * height - headgear - rank)
    if rank < LEAST_SMOOTH_RANK:
        rank = TINY_RANK
    if suit < LEAST_SMOOTH_SUIT:
        room = min(height - rank - LEAST_GAP, slot.column - 2 * LEAST_GAP)
        suit = next((size for size in TINY_SUITS if size <= room), TINY_SUITS[-1])
    gap = max(min((height - headgear - rank - suit) / 3, 0.08 * height), LEAST_GAP if height < LOW_CARD else 0.0)
    rest = height - headgear - rank - suit - gap
    rank_top = headgear + (rest / 2 if slot.column >= slot.width else min(rest / 2, 2 * slot.edge))
    return _Plan(headgear, rank, suit, rank_top, rank_top + rank + gap)


def _simple_rank_height(slot: Slot) -> float:
    return min((0.43 if slot.height < LOW_CARD else 0.38) * slot.height, 0.78 * (slot.column - 2 * slot.edge))


def _write_rank(
    image: Image.Image, rank: str, theme: Theme, center: tuple[float, float], width: float, height: float, color: Color
) -> None:
    """Write a rank into a box; a rank too wide for it is squeezed a little before it is made smaller."""
    mask, capital = _rank_mask(rank, theme.font, width, height)
    image.paste(color, (round(center[0] - mask.width / 2), round(center[1] - capital / 2)), mask)


@lru_cache(maxsize=256)  # the four suits share their ranks
def _rank_mask(rank: str, family: str, width: float, height: float) -> tuple[Image.Image, int]:
    """Return the ink of a rank that fits into a box, and the height of its capitals."""
    size = fitting_size(rank, family, width / SQUEEZE, height)
    mask = text_mask(rank, family, size)
    capital = cap_height(family, size)
    wanted = (min(mask.width, max(1, int(width))), capital if rank == "J" else mask.height)  # some fonts hang the J low
    return mask if mask.size == wanted else mask.resize(wanted, Image.Resampling.LANCZOS), capital
