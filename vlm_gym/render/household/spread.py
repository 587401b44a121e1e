"""Placing tiles so that none hides another, each as near as possible to where it belongs."""

from bisect import bisect_left, bisect_right
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]  # (n, 2): x and y

_LATTICE: Final = 2  # pixels between the places that are tried
_NEAR: Final = 48.0  # pixels: where most tiles find their place, so that it is looked for first
_SWAP_ROUNDS: Final = 4
_LEAST_GAIN: Final = 1.0  # square pixels, so that rounding decides nothing


def spread_out(targets: Points, sizes: Points, low: Points, high: Points) -> Points | None:
    """Place the middles of tiles between two corners without overlap; return them, or None if there is no room.

    Shapes: `targets` and `sizes` (n, 2), `low` and `high` (2,).
    """
    floor = _Floor(low, high, sizes)
    places = np.zeros_like(targets)
    for index in _order(targets, sizes):
        place = floor.nearest(targets[index], sizes[index])
        if place is None:
            return None
        places[index] = place
        floor.take(place, sizes[index])
    return _untangle(places, targets, sizes)


class _Floor:
    """A lattice of places between two corners, and which of them are taken for tiles of each size."""

    def __init__(self, low: Points, high: Points, sizes: Points) -> None:
        counts = np.maximum((high - low) // _LATTICE, 1).astype(int)
        self._xs, self._ys = (low[axis] + _LATTICE * (np.arange(counts[axis]) + 0.5) for axis in (0, 1))
        self._columns, self._rows = self._xs.tolist(), self._ys.tolist()
        self._low, self._high = low, high
        kinds = dict.fromkeys(map(tuple, sizes.tolist()))  # few: tiles of a size share what is taken
        self._is_taken = {kind: np.zeros((len(self._ys), len(self._xs)), bool) for kind in kinds}

    def nearest(self, target: Points, size: Points) -> tuple[float, float] | None:
        """Return the free place that is nearest to a target, the first of several; None if there is none."""
        return self._nearest(target, size, _NEAR) or self._nearest(target, size, np.inf)

    def _nearest(self, target: Points, size: Points, reach: float) -> tuple[float, float] | None:
        """Look no further than some pixels along each axis; None if what lies beyond could be as near."""
        least, most = self._low + size / 2, self._high - size / 2  # beyond, the tile would stick out
        columns = _between(self._columns, max(least[0], target[0] - reach), min(most[0], target[0] + reach))
        rows = _between(self._rows, max(least[1], target[1] - reach), min(most[1], target[1] + reach))
        xs, ys = self._xs[columns], self._ys[rows]
        if not len(xs) or not len(ys):
            return None
        way = np.rint((xs - target[0])[None] ** 2 + (ys - target[1])[:, None] ** 2)
        way[self._is_taken[tuple(size.tolist())][rows, columns]] = np.inf
        row, column = divmod(int(way.argmin()), len(xs))
        if way[row, column] < reach**2 - 1:  # -1: ways are rounded
            return float(xs[column]), float(ys[row])
        return None

    def take(self, place: tuple[float, float], size: Points) -> None:
        """Mark the places where tiles would overlap the one that was placed."""
        (x, y), (width, height) = place, size.tolist()
        for kind, is_taken in self._is_taken.items():
            right, down = (kind[0] + width) / 2, (kind[1] + height) / 2
            columns = slice(bisect_right(self._columns, x - right), bisect_left(self._columns, x + right))
            is_taken[bisect_right(self._rows, y - down) : bisect_left(self._rows, y + down), columns] = True


def _order(targets: Points, sizes: Points) -> list[int]:
    """Return who chooses first: large tiles, then those far from the middle of the others."""
    far = np.abs(targets - np.median(targets, axis=0)).sum(axis=1)
    return sorted(range(len(targets)), key=lambda index: (-float(sizes[index, 0]), -round(float(far[index])), index))


def _between(axis: list[float], low: float, high: float) -> slice:
    return slice(bisect_left(axis, low), bisect_right(axis, high))


def _untangle(places: Points, targets: Points, sizes: Points) -> Points:
    """Swap tiles of one size while that brings them nearer to where they belong."""
    is_alike = (sizes[:, None] == sizes[None]).all(axis=2)
    ways = ((places[:, None] - targets[None]) ** 2).sum(axis=2)  # of tile j to the place of i
    for _ in range(_SWAP_ROUNDS * len(places)):
        own = np.diag(ways)
        gain = np.where(is_alike, own[:, None] + own[None] - ways - ways.T, 0.0)
        first, second = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[first, second] < _LEAST_GAIN:
            break
        places[[first, second]] = places[[second, first]]
        ways[[first, second]] = ways[[second, first]]
    return places
