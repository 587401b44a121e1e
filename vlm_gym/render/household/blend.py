"""Laying sprites on a picture.

Sprites are laid many times: what that needs is prepared once for each, and kept for as long as the sprite lives.
"""

import weakref
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from vlm_gym.render.canvas import Picture
from vlm_gym.render.household.brush import OPAQUE, Sprite
from vlm_gym.render.opencv import cv2

Weights: TypeAlias = npt.NDArray[np.float32]  # (h, w)
Mask: TypeAlias = npt.NDArray[np.uint8]  # (h, w)

_NO_WEIGHTS: Final = np.zeros((0, 0), np.float32)
_LARGE: Final = 2500  # pixels: from here on it is faster to copy what is opaque and to blend only the rest
_MOSTLY_EDGES: Final = 0.25  # of the pixels, from which on it is not


class _Stamp:
    """What is visible of a sprite, ready to be laid.

    `colors` (h, w, 3), `alpha` (h, w) and `rest`, what `alpha` lets through, are the part with ink, from `left` and
    `top` of the sprite on. In a large one `opaque` marks the pixels that hide the ground, and `edges` are the others.
    """

    __slots__ = ("alpha", "colors", "edges", "left", "opaque", "rest", "size", "top")

    def __init__(self, sprite: Sprite) -> None:
        alpha: Mask = np.asarray(cv2.extractChannel(sprite, 3), np.uint8)
        self.left, self.top, width, height = cv2.boundingRect(alpha)
        self.size = height, width
        inside = np.s_[self.top : self.top + height, self.left : self.left + width]
        ink = sprite[inside]
        self.colors: Picture = np.asarray(cv2.cvtColor(ink, cv2.COLOR_RGBA2RGB) if width else ink[:, :, :3], np.uint8)
        self.opaque: Mask | None = None
        if width * height >= _LARGE and self._has_few_edges(alpha[inside]):
            self.alpha = self.rest = _NO_WEIGHTS  # much memory, and not needed
            return
        self.alpha = alpha[inside].astype(np.float32)
        self.rest = OPAQUE - self.alpha

    def _has_few_edges(self, alpha: Mask) -> bool:
        """Tell edges from opaque pixels, unless there is little to gain."""
        opaque = alpha == OPAQUE
        rows, columns = np.nonzero((alpha > 0) & ~opaque)
        if len(rows) >= _MOSTLY_EDGES * alpha.size:
            return False
        self.opaque = opaque.view(np.uint8)
        weights = alpha[rows, columns, None].astype(np.float32)
        colors = self.colors[rows, columns].reshape(-1, 1, 3)
        self.edges = _Edges(rows, columns, colors, weights, OPAQUE - weights)
        return True

    def lay(self, picture: Picture, left: int, top: int) -> None:
        """Lay the sprite on a picture; what sticks out is cut off."""
        left, top = left + self.left, top + self.top
        height, width = self.size
        if left >= 0 and top >= 0 and top + height <= picture.shape[0] and left + width <= picture.shape[1]:
            if height:
                ground = picture[top : top + height, left : left + width]
                self._lay_on(ground, self.colors, self.alpha, self.rest, self.opaque)
                if self.opaque is not None:
                    self.edges.lay(ground)
            return
        first_row, first_column = max(0, -top), max(0, -left)
        last_row, last_column = min(height, picture.shape[0] - top), min(width, picture.shape[1] - left)
        if first_row >= last_row or first_column >= last_column:
            return
        inside = np.s_[first_row:last_row, first_column:last_column]
        ground = picture[top + first_row : top + last_row, left + first_column : left + last_column]
        opaque = None if self.opaque is None else self.opaque[inside]
        self._lay_on(ground, self.colors[inside], self.alpha[inside], self.rest[inside], opaque)
        if opaque is not None:
            self.edges.within(first_row, last_row, first_column, last_column).lay(ground)

    @staticmethod
    def _lay_on(ground: Picture, colors: Picture, alpha: Weights, rest: Weights, opaque: Mask | None) -> None:
        if opaque is None:
            cv2.blendLinear(colors, ground, alpha, rest, ground)
        else:
            cv2.copyTo(colors, opaque, ground)


class _Edges(NamedTuple):
    """Single pixels: where they are, row by row, their colours (n, 1, 3) and weights (n, 1)."""

    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]
    colors: Picture
    alpha: Weights
    rest: Weights

    def within(self, first_row: int, last_row: int, first_column: int, last_column: int) -> "_Edges":
        """Return those within some rows and columns, as seen from there."""
        first, last = self.rows.searchsorted((first_row, last_row)).tolist()
        columns = self.columns[first:last]
        kept = first + np.flatnonzero((columns >= first_column) & (columns < last_column))
        rows, columns = self.rows[kept] - first_row, self.columns[kept] - first_column
        return _Edges(rows, columns, self.colors[kept], self.alpha[kept], self.rest[kept])

    def lay(self, ground: Picture) -> None:
        """Blend the pixels with what is there."""
        if len(self.rows):
            old = ground[self.rows, self.columns].reshape(-1, 1, 3)
            mixed = cv2.blendLinear(self.colors, old, self.alpha, self.rest)
            ground[self.rows, self.columns] = mixed[:, 0]


_stamps: Final[dict[int, tuple["weakref.ref[Sprite]", _Stamp]]] = {}
"""The stamps of sprites that cannot change any more, by their identity; gone when the sprite is."""


def blend(picture: Picture, sprite: Sprite, left: int, top: int) -> None:
    """Lay an RGBA sprite on a picture; what sticks out is cut off."""
    found = _stamps.get(id(sprite))
    stamp = _prepare(sprite) if found is None else found[1]
    stamp.lay(picture, left, top)


def _prepare(sprite: Sprite) -> _Stamp:
    stamp = _Stamp(sprite)
    if not sprite.flags.writeable:
        key, forget = id(sprite), _stamps.pop  # bound now: at the interpreter's end names are gone
        _stamps[key] = weakref.ref(sprite, lambda _: forget(key, None)), stamp
    return stamp
