"""A table of thrown cards: hands of any deck in zones of a picture, from where the camera stands."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from vlm_gym.games.cards import Card
from vlm_gym.render.canvas import Patch, Picture, rgb
from vlm_gym.render.opencv import cv2
from vlm_gym.render.seeing.busy import busy_table
from vlm_gym.render.seeing.decks import DECKS, Decks, Pack, told_by
from vlm_gym.render.seeing.light import shine
from vlm_gym.render.seeing.look import LEVELS, Look
from vlm_gym.render.seeing.throw import Matrix, Sighting, Throw, Zone, camera, largest_height, moved, throw_cards
from vlm_gym.render.theme import Theme

Cards = tuple[Card | None, ...]
Box = tuple[slice, slice]  # rows and columns
Throws = tuple[Throw, ...]
Mask = npt.NDArray[np.uint8]  # (height, width), 255 where something is

NUM_THROWS: Final = 1024  # different ones of a hand and a level, each with any deck, table and light
MAX_LAID: Final = 256  # hands of which all is remembered
MAX_THROWS: Final = 4096  # that are remembered


class Overlay(NamedTuple):
    """A plain table, and what of it lies on other tables too: in some boxes of it, with masks."""

    flat: Picture
    masks: tuple[tuple[Box, Mask], ...]


class ThrownTable:
    """Everything that the pictures with thrown cards of one size and theme share."""

    def __init__(self, image_size: int, theme: Theme) -> None:
        self._size = image_size
        self._theme = theme
        self._decks = Decks(theme)
        self._packed: Callable[[int, Zone, int], Pack] = lru_cache(maxsize=MAX_LAID)(self._pack)
        self._laid: Callable[[Look, Zone, int, int], tuple[Pack, Throws, Matrix]] = lru_cache(maxsize=MAX_LAID)(
            self._lay
        )
        self._throws: Callable[[int, int, Zone, bool, int], Throws] = lru_cache(maxsize=MAX_THROWS)(self._throw)

    def overlay(self, flat: Picture, boxes: tuple[Box, ...]) -> Overlay:
        """Return a plain table with what lies in some boxes of it."""
        cloth = rgb(self._theme.table)
        masks = tuple((box, np.uint8(255) * (flat[box] != cloth).any(axis=2)) for box in boxes)
        return Overlay(flat, masks)

    def ground(self, overlay: Overlay, look: Look) -> Picture:
        """Return a table to lay cards on: a plain one as it is, or a busy one with what lies on the plain one."""
        if not look.difficulty.is_lit:
            return overlay.flat.copy()
        table = busy_table(self._size, look.traits)
        for box, mask in overlay.masks:
            cv2.copyTo(overlay.flat[box], mask, table[box])
        return table

    def lay_sign(self, picture: Picture, patch: Patch, look: Look) -> None:
        """Lay a sign that was drawn on plain cloth onto a lit picture, without the cloth, in the same light."""
        sign, left, top = patch
        place = picture[top : top + sign.shape[0], left : left + sign.shape[1]]
        is_sign, lit = (sign != rgb(self._theme.table)).any(axis=2), sign.copy()
        self.finish(lit, look, left, top)
        place[is_sign] = lit[is_sign]

    def finish(self, part: Picture, look: Look, left: int = 0, top: int = 0) -> None:
        """Lay light and shadow, in place, over all of a picture or a part of it, on which all else has been drawn."""
        if look.difficulty.is_lit:
            shine(part, look.traits, self._size, left, top)

    def lay(self, picture: Picture, hand: Cards, zone: Zone, part: int, look: Look, first: int = 0) -> None:
        """Lay the cards of a hand onto a picture, from one of them on; hands that share a picture differ in `part`."""
        packed, throws, seen = self._laid(look, zone, part, _room(len(hand), zone))
        for card, throw in zip(hand[first:], throws[first:], strict=False):
            lay_sprite(picture, self._decks.sprite(card, packed), throw.matrix(packed.slot, seen))

    def sightings(self, hand: Cards, zone: Zone, part: int, look: Look) -> tuple[tuple[Sighting, ...], ...]:
        """Return for each open card of a hand the places that tell it and that no later card covers."""
        packed, throws, seen = self._laid(look, zone, part, _room(len(hand), zone))
        is_inverted, found = DECKS[packed.number].is_inverted, []
        for i, (card, throw) in enumerate(zip(hand, throws, strict=False)):
            if card is not None:
                later = throws[i + 1 : len(hand)]
                places = [
                    place.rank for place in self._decks.indices(card, packed) if throw.is_free(place.whole, later)
                ]
                corners = [moved(throw.corners(place), seen) for place in places]
                found.append(tuple(Sighting(card, four, is_inverted) for four in corners))
        return tuple(found)

    def _lay(self, look: Look, zone: Zone, part: int, room: int) -> tuple[Pack, Throws, Matrix]:
        """Return how a hand lies that needs so much room: its deck, its places, and from where they are seen."""
        packed = self._packed(look.level, zone, int(look.traits.deck * len(DECKS)))
        number = 2 * (look.seed % NUM_THROWS) + part
        return packed, self._throws(look.level, number, zone, packed.is_large, room), camera(zone, look)

    def _pack(self, level: int, zone: Zone, deck: int) -> Pack:
        return self._decks.pack(deck, largest_height(zone, LEVELS[level - 1]))

    def _throw(self, level: int, number: int, zone: Zone, is_large: bool, count: int) -> Throws:
        difficulty, rng = LEVELS[level - 1], np.random.default_rng((level, number))
        return throw_cards(count, zone, told_by(is_large), difficulty, rng)


def _room(count: int, zone: Zone) -> int:
    """Return for how many cards places are made: more than needed, so that this is done seldom."""
    room = zone.num_cells
    while room < count:
        room *= 2
    return room


def lay_sprite(picture: Picture, sprite: Picture, matrix: Matrix) -> None:
    """Lay a sprite whose colours have been multiplied with its opacity, as a matrix takes it to the picture."""
    height, width = sprite.shape[:2]
    seen = moved(((0, 0), (width, 0), (width, height), (0, height)), matrix)
    columns, rows = [x for x, _ in seen], [y for _, y in seen]
    left, right = max(0, math.floor(min(columns))), min(picture.shape[1], math.ceil(max(columns)))
    top, bottom = max(0, math.floor(min(rows))), min(picture.shape[0], math.ceil(max(rows)))
    if right <= left or bottom <= top:
        return
    (a, b, c), (d, e, f), (g, h, i) = matrix
    # OpenCV counts from the middles of pixels, we count from their corners.
    c, f, i = c + (a + b) / 2, f + (d + e) / 2, i + (g + h) / 2
    x, y = left + 0.5, top + 0.5
    shifted = np.array((a - x * g, b - x * h, c - x * i, d - y * g, e - y * h, f - y * i, g, h, i)).reshape(3, 3)
    near = sprite.copy()  # read once in its order it is in the cache; read as it is turned, that takes far longer
    warped: Picture = cv2.warpPerspective(near, shifted, (right - left, bottom - top))  # type: ignore[assignment]
    blend(picture[top:bottom, left:right], warped)


def blend(place: Picture, layer: Picture) -> None:
    """Lay a layer with opacity onto a part of a picture, in place."""
    rest = cv2.bitwise_not(cv2.extractChannel(layer, 3))
    dimmed = cv2.multiply(place, cv2.merge((rest, rest, rest)), scale=1 / 255)
    cv2.add(dimmed, cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), dst=place)
