"""The picture of the points games: the cards, the target, and the formula so far."""

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from vlm_gym.games.cards import Card
from vlm_gym.games.points import Deal, PointsView
from vlm_gym.render.canvas import Canvas, Picture, lay, paste, to_picture
from vlm_gym.render.formula_strip import FormulaStrip, Lines
from vlm_gym.render.points_header import Header
from vlm_gym.render.seeing.look import Look
from vlm_gym.render.seeing.throw import Sighting, Zone
from vlm_gym.render.table import MAX_TABLES, PICTURE_BYTES, Hand, Sprites, felt, lay_cards, spread_cards
from vlm_gym.render.theme import Theme
from vlm_gym.render.tray import Tray

if TYPE_CHECKING:
    from vlm_gym.render.seeing.table import Overlay, ThrownTable

SMALL_SIZE: Final = 160  # below, a picture has no room for a caption

Cards: TypeAlias = tuple[Card, ...]


class _Deal(NamedTuple):
    """What was dealt, and its picture without a formula, with room for a long one or not.

    With a look only what is above the formula's strip lies in its light.
    """

    cards: Cards
    target: int
    more: Deal | None
    is_tall: bool
    look: Look | None
    ground: Picture


class PointsPictures:
    """The pictures of one env: a deal is laid once, and stays as it is while the formula grows."""

    def __init__(self, image_size: int, theme: Theme) -> None:
        self._key = image_size, theme
        self._deal: _Deal | None = None

    def draw(self, view: PointsView, onto: Canvas | None = None, look: Look | None = None) -> Picture:
        """Return a picture, (image_size, image_size, 3): a fresh one, or drawn onto a canvas; harder with a look."""
        table = _table(*self._key)
        lines = table.fit(view)
        key = view.cards, view.target, view.deal, lines is None and look is None, look
        if self._deal is None or self._deal[:-1] != key:
            self._deal = _Deal(*key, table.lay_deal(*key))
        if look is None:
            return table.write(self._deal.ground, view, lines, onto)
        picture = self._deal.ground.copy() if onto is None else onto.fill(self._deal.ground)
        table.write_lit(picture, view, lines, look)
        return picture


def draw_points(view: PointsView, image_size: int, theme: Theme, look: Look | None = None) -> Picture:
    """Return a fresh picture: (image_size, image_size, 3)."""
    return PointsPictures(image_size, theme).draw(view, None, look)


def seen_points(view: PointsView, image_size: int, theme: Theme, look: Look) -> tuple[tuple[Sighting, ...], ...]:
    """Return for each card of a picture with a look the places that tell it."""
    return _table(image_size, theme).sightings(view.cards, look)


@lru_cache(maxsize=MAX_TABLES)
def _table(image_size: int, theme: Theme) -> "_PointsTable":
    return _PointsTable(image_size, theme)


class _PointsTable:
    """Everything that pictures of one size and theme share."""

    def __init__(self, image_size: int, theme: Theme) -> None:
        self._size = image_size
        self._theme = theme
        self._margin = max(3, round(0.04 * image_size))
        self._gap = max(2, round(0.03 * image_size))
        self._badge_height = max(12, round(0.115 * image_size))
        self._cards_top = self._margin + self._badge_height + self._gap
        self._sprites = Sprites(theme, image_size)
        self._strips = (self._strip(0.36 if image_size < SMALL_SIZE else 0.29), self._strip(0.47))
        self._header = Header(image_size, self._margin, self._badge_height, self._margin, theme)
        self._tray: Callable[[bool], Tray] = lru_cache(maxsize=2)(self._make_tray)
        num_pictures = max(4, PICTURE_BYTES // (3 * image_size * image_size))
        self._background: Callable[[bool, bool], Picture] = lru_cache(maxsize=4)(self._draw_background)
        self._hand: Callable[[int, bool, bool], Hand] = lru_cache(maxsize=num_pictures)(self._spread_cards)
        self._overlay: Callable[[int, bool], Overlay] = lru_cache(maxsize=num_pictures)(self._lay_over)

    def fit(self, view: PointsView) -> Lines | None:
        """Return the formula as it goes into the low strip, or None if it is too long for it."""
        return self._strips[0].fit(view.tokens, view.value)

    def write(self, ground: Picture, view: PointsView, lines: Lines | None, onto: Canvas | None) -> Picture:
        """Write the formula on a deal: into the low strip or, if it is long, into the tall one."""
        low, tall = self._strips
        count = self._header.count(view)
        if lines is not None:
            return lay(ground, (*count, *low.patches(lines)), onto)
        picture = ground.copy()
        for patch in count:
            paste(picture, *patch)
        tall.write_all(picture, view.tokens, view.value)
        return picture

    def write_lit(self, picture: Picture, view: PointsView, lines: Lines | None, look: Look) -> None:
        """Write the formula on a deal with a look, in the low strip, however small its type, and light what is new."""
        low = self._strips[0]
        if lines is None:
            low.write_all(picture, view.tokens, view.value)
        else:
            for patch in low.patches(lines):
                paste(picture, *patch)
        self._thrown.finish(picture[low.top :], look, 0, low.top)
        for patch in self._header.count(view):
            self._thrown.lay_sign(picture, patch, look)

    def sightings(self, cards: Cards, look: Look) -> tuple[tuple[Sighting, ...], ...]:
        """Return for each card the places that tell it."""
        return self._thrown.sightings(cards, self._zone(len(cards)), 0, look)

    @cached_property
    def _thrown(self) -> "ThrownTable":
        from vlm_gym.render.seeing.table import ThrownTable  # it needs OpenCV, which level 0 does not

        return ThrownTable(self._size, self._theme)

    def _lay_thrown(self, cards: Cards, target: int, deal: Deal | None, look: Look) -> Picture:
        is_counted = deal is not None and deal.presses is not None
        picture = self._thrown.ground(self._overlay(target, is_counted), look)
        self._thrown.lay(picture, cards, self._zone(len(cards)), 0, look)
        self._thrown.finish(picture[: self._strips[0].top], look)
        return picture

    def _lay_over(self, target: int, is_counted: bool) -> "Overlay":
        flat = self._background(False, False).copy()
        signs = self._header.signs(target, is_counted)
        for patch in signs:
            paste(flat, *patch)
        boxes = [(slice(y, y + sign.shape[0]), slice(x, x + sign.shape[1])) for sign, x, y in signs]
        return self._thrown.overlay(flat, (self._strips[0].box, *boxes))

    def _zone(self, count: int) -> Zone:
        edge, top = self._margin / 3, self._margin + self._badge_height + 1
        return Zone(edge, top, self._size - 2 * edge, self._strips[0].top - 1 - top, count)

    def _strip(self, share: float) -> FormulaStrip:
        height = round(share * self._size)
        left, top = self._margin, self._size - self._margin - height
        return FormulaStrip(left, top, self._size - 2 * left, height, self._size >= SMALL_SIZE, self._theme)

    def lay_deal(self, cards: Cards, target: int, deal: Deal | None, is_tall: bool, look: Look | None) -> Picture:
        """Lay all that stays as it is while the formula grows: the target and the cards, and one in the tray."""
        if look is not None:
            return self._lay_thrown(cards, target, deal, look)
        has_tray = deal is not None and deal.aside is not None
        picture = self._background(is_tall, has_tray).copy()
        for patch in self._header.patches(target, deal):
            paste(picture, *patch)
        lay_cards(picture, cards, self._hand(len(cards), is_tall, has_tray), self._sprites)
        if deal is not None and deal.aside is not None:
            lay_cards(picture, (deal.aside,), self._tray(is_tall).hand, self._sprites)
        return picture

    def _spread_cards(self, count: int, is_tall: bool, has_tray: bool) -> Hand:
        width = self._size - 2 * self._margin - has_tray * (self._tray(is_tall).width + 2 * self._gap)
        spread = spread_cards(count, width, self._cards_height(is_tall), self._theme, can_overlap=False)
        return spread.at(self._margin, self._cards_top, self._theme)

    def _cards_height(self, is_tall: bool) -> int:
        return self._strips[is_tall].top - self._gap - self._cards_top

    def _make_tray(self, is_tall: bool) -> Tray:
        return Tray(self._size - self._margin, self._cards_top, self._cards_height(is_tall), self._size, self._theme)

    def _draw_background(self, is_tall: bool, has_tray: bool) -> Picture:
        strip = self._strips[is_tall]
        sketch = felt(self._size, self._theme)
        strip.draw_ground(sketch)
        if has_tray:
            self._tray(is_tall).draw_ground(sketch)
        image = sketch.finish()
        strip.write_caption(image)
        if has_tray:
            self._tray(is_tall).write_caption(image)
        return to_picture(image)
