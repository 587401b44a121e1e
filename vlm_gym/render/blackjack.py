"""The picture of Blackjack: the dealer's hand on top, the player's below."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from vlm_gym.games.blackjack import BlackjackView
from vlm_gym.games.cards import Card
from vlm_gym.render.canvas import Canvas, Picture, text_width, to_picture
from vlm_gym.render.cards import rank_height
from vlm_gym.render.seeing.look import Look
from vlm_gym.render.seeing.throw import Sighting, Zone
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

if TYPE_CHECKING:
    from vlm_gym.render.seeing.table import Overlay, ThrownTable

NUM_PLACES: Final = 5  # of thrown cards beside each other; further ones lie between or on them
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

Cards: TypeAlias = tuple[Card | None, ...]


class BlackjackPictures:
    """The pictures of one env: with a look, what lies on the table is not laid again as a hand grows."""

    def __init__(self, image_size: int, theme: Theme) -> None:
        self._key = image_size, theme
        self._thrown: _Thrown | None = None

    def __getstate__(self) -> dict[str, object]:
        """Leave out what lies on the table, since all envs share the table: a copy lays it anew."""
        return {**self.__dict__, "_thrown": None}

    def draw(self, view: BlackjackView, onto: Canvas | None = None, look: Look | None = None) -> Picture:
        """Return a picture, (image_size, image_size, 3): a fresh one, or drawn onto a canvas; harder with a look.

        A card that is None lies face down.
        """
        table = _table(*self._key)
        if look is None:
            return table.draw(view, onto)
        hands = view.dealer, view.player
        if self._thrown is None or self._thrown.look != look or not self._thrown.can_show(hands):
            self._thrown = _Thrown(table, look)
        return self._thrown.draw(hands, onto)


def draw_blackjack(
    view: BlackjackView, image_size: int, theme: Theme, onto: Canvas | None = None, look: Look | None = None
) -> Picture:
    """Return a picture, (image_size, image_size, 3): a fresh one, or drawn onto a canvas; harder with a look."""
    return BlackjackPictures(image_size, theme).draw(view, onto, look)


def seen_blackjack(view: BlackjackView, image_size: int, theme: Theme, look: Look) -> tuple[tuple[Sighting, ...], ...]:
    """Return for each open card of a picture with a look the places that tell it, the dealer's cards first."""
    return _table(image_size, theme).sightings(view, look)


@lru_cache(maxsize=MAX_TABLES)
def _table(image_size: int, theme: Theme) -> "_BlackjackTable":
    return _BlackjackTable(image_size, theme)


@dataclass(frozen=True)
class _Layout:
    dealer: Hand
    player: Hand
    background: Picture


class _Thrown:
    """A table with a look, on which both hands grow; cards that lie face down are the last of a hand."""

    def __init__(self, table: "_BlackjackTable", look: Look) -> None:
        self.look = look
        self._table = table
        self._plain = table.thrown_ground(look)
        """The table with all cards, without light."""
        self._lit: Picture | None = None
        self._hands: list[Cards] = [(), ()]
        self._under: list[Picture | None] = [None, None]
        """Of each hand its part of the picture without those that lie face down."""

    def can_show(self, hands: tuple[Cards, Cards]) -> bool:
        """Whether no open card that lies on the table is missing."""
        pairs = zip(hands, map(_open, self._hands), strict=True)
        return all(hand[: len(laid)] == laid for hand, laid in pairs)

    def draw(self, hands: tuple[Cards, Cards], onto: Canvas | None) -> Picture:
        """Draw both hands: what is new is laid on the rest."""
        new = [part for part in (0, 1) if hands[part] != self._hands[part]]
        for part in new:
            self._lay(part, hands[part])
        if self._lit is None:
            self._lit = self._plain.copy()
            self._table.thrown.finish(self._lit, self.look)
            new = []
        for part in new:
            rows, columns = box = self._table.thrown_boxes[part]
            self._lit[box] = self._plain[box]
            self._table.thrown.finish(self._lit[box], self.look, columns.start, rows.start)
        return self._lit.copy() if onto is None else onto.fill(self._lit)

    def _lay(self, part: int, hand: Cards) -> None:
        place, under, is_open = self._plain[self._table.thrown_boxes[part]], self._under[part], _open(hand)
        if under is not None:
            place[...] = under
        self._table.lay_thrown(place, is_open, part, self.look, first=len(_open(self._hands[part])))
        is_all = len(is_open) == len(hand)
        self._under[part] = None if is_all else place.copy()
        self._table.lay_thrown(place, hand, part, self.look, first=len(is_open))
        self._hands[part] = hand


def _open(hand: Cards) -> Cards:
    """Return the cards of a hand that do not lie face down."""
    return tuple([card for card in hand if card is not None])


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
        self.thrown_boxes = self._thrown_box(0), self._thrown_box(1)

    def draw(self, view: BlackjackView, onto: Canvas | None = None) -> Picture:
        """Draw both hands."""
        layout = self._layout(len(view.dealer), len(view.player))
        picture = layout.background.copy() if onto is None else onto.fill(layout.background)
        lay_cards(picture, view.dealer, layout.dealer, self._sprites)
        lay_cards(picture, view.player, layout.player, self._sprites)
        return picture

    def thrown_ground(self, look: Look) -> Picture:
        """Return a table with a look, without light and cards."""
        return self.thrown.ground(self._overlay, look)

    def lay_thrown(self, picture: Picture, hand: Cards, part: int, look: Look, first: int) -> None:
        """Lay the cards of a hand, from one of them on, onto its part of the picture: the dealer's is 0."""
        self.thrown.lay(picture, hand, self._zone(part), part, look, first)

    def sightings(self, view: BlackjackView, look: Look) -> tuple[tuple[Sighting, ...], ...]:
        """Return for each open card the places that tell it."""
        found: list[tuple[Sighting, ...]] = []
        for part, hand in enumerate((view.dealer, view.player)):
            rows, columns = self.thrown_boxes[part]
            hands = self.thrown.sightings(hand, self._zone(part), part, look)
            found += [tuple(place.shifted(columns.start, rows.start) for place in places) for places in hands]
        return tuple(found)

    @cached_property
    def thrown(self) -> "ThrownTable":
        """Where hands with a look lie."""
        from vlm_gym.render.seeing.table import ThrownTable  # it needs OpenCV, which level 0 does not

        return ThrownTable(self._size, self._theme)

    @cached_property
    def _overlay(self) -> "Overlay":
        label_top = self.thrown_boxes[1][0].start - self._label_height
        boxes = tuple(label.box for label in self._labels(label_top))
        return self.thrown.overlay(self._background(label_top), boxes)

    def _thrown_box(self, part: int) -> tuple[slice, slice]:
        """Return the rows and columns of a hand: the dealer's is 0, the player's 1."""
        height = (self._size - self._margin - self._margin // 2 - 2 * self._label_height) // 2
        top = self._margin + self._label_height + part * (height + self._label_height)
        return slice(top, top + height), slice(self._margin // 3, self._size - self._margin // 3)

    def _zone(self, part: int) -> Zone:
        """Return where a hand lies within its part of the picture."""
        rows, columns = self.thrown_boxes[part]
        return Zone(0.0, 1.0, columns.stop - columns.start, rows.stop - rows.start - 2.0, NUM_PLACES)

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
        labels = self._labels(label_top)
        sketch = felt(self._size, self._theme)
        for label in labels:
            label.draw_ground(sketch, self._theme)
        image = sketch.finish()
        for label in labels:
            label.write(image, self._theme)
        return to_picture(image)

    def _labels(self, label_top: int) -> tuple[Label, Label]:
        return self._label("Dealer", self._margin), self._label("You", label_top)

    def _label(self, text: str, top: int) -> Label:
        height = self._label_height
        width = text_width(text, self._theme.font, round(0.75 * height)) + height
        return Label(text, (self._size - width) // 2, top, width, height)
