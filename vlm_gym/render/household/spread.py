"""Placing tiles so that none hides another, each as near as possible to where it belongs."""

import math
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]  # (n, 2): x and y

_LATTICE: Final = 2  # pixels between the places that are tried
_NEAR: Final = 32.0  # pixels: where most tiles find their place, so that it is looked for there first
_SWAP_ROUNDS: Final = 4
_LEAST_GAIN: Final = 1.0  # square pixels, so that rounding decides nothing

_Size: TypeAlias = tuple[float, float]
_Edges: TypeAlias = list[list[int]]  # the first row, the last and one, the same of columns; of each tile


def spread_out(targets: Points, sizes: Points, low: Points, high: Points) -> Points | None:
    """Place the middles of tiles between two corners without overlap; return them, or None if there is no room.

    Shapes: `targets` and `sizes` (n, 2), `low` and `high` (2,).
    """
    return Floor(targets, low, high).place(sizes)


class Floor:
    """The floor between two corners, a lattice of places, for tiles of any size with these targets, (n, 2)."""

    def __init__(self, targets: Points, low: Points, high: Points) -> None:
        self._targets, self._low, self._high = targets, low, high
        counts = np.maximum((high - low) // _LATTICE, 1).astype(int)
        self._shape = counts[1], counts[0]
        self._axes = [low[axis] + _LATTICE * (np.arange(counts[axis]) + 0.5) for axis in (0, 1)]
        self._xs, self._ys = self._axes[0].tolist(), self._axes[1].tolist()
        self._ways = [(self._axes[axis] - targets[:, axis, None]) ** 2 for axis in (0, 1)]  # squared, (n, count)
        self._near = self._edges(targets - _NEAR, targets + _NEAR)
        self._ideals = self._find_ideals()
        self._goals = targets.tolist()
        self._far = [round(far) for far in np.abs(targets - np.median(targets, axis=0)).sum(axis=1).tolist()]

    def place(self, sizes: Points, farthest: float = math.inf) -> Points | None:
        """Return where the middles of tiles of these sizes come, (n, 2); None if there is no room.

        `farthest` is how many pixels a tile may be moved along an axis: None too if one had to go further.
        """
        kinds: list[_Size] = [(width, height) for width, height in sizes.tolist()]
        taken = {kind: np.zeros(self._shape) for kind in dict.fromkeys(kinds)}  # few: tiles of a size share one
        inside = self._edges(self._low + sizes / 2, self._high - sizes / 2)  # beyond, a tile would stick out
        places = np.zeros_like(self._targets)
        for index in self._order(kinds):
            found = self._nearest(index, inside[index], taken[kinds[index]])
            if found is None or not self._could_stay(found, index, kinds, farthest):
                return None
            places[index] = self._xs[found[1]], self._ys[found[0]]
            _take(*found, kinds[index], taken)
        _untangle(places, self._targets, sizes)
        return None if np.abs(places - self._targets).max() > farthest else places

    def _order(self, kinds: list[_Size]) -> list[int]:
        """Return who chooses first: large tiles, then those far from the middle of the others."""
        return sorted(range(len(kinds)), key=lambda index: (-kinds[index][0], -self._far[index], index))

    def _edges(self, low: Points, high: Points) -> _Edges:
        """Return the rows and columns between two corners, for each tile."""
        x, y = self._axes
        first_row, first_column = y.searchsorted(low[:, 1]), x.searchsorted(low[:, 0])
        last_row, last_column = y.searchsorted(high[:, 1], "right"), x.searchsorted(high[:, 0], "right")
        edges: _Edges = np.column_stack([first_row, last_row, first_column, last_column]).tolist()
        return edges

    def _find_ideals(self) -> list[tuple[int, int] | None]:
        """Return row and column of the place that is nearest to each target; None where others could be as near."""
        if min(self._shape) == 1:
            return [None] * len(self._targets)
        columns, rows = (ways.argmin(axis=1) for ways in self._ways)
        (across, aside), (down, below) = (np.partition(ways, 1, axis=1)[:, :2].T for ways in self._ways)
        is_alone = np.rint(across + down) < np.rint(np.minimum(aside + down, across + below))
        ideals = zip(rows.tolist(), columns.tolist(), is_alone.tolist(), strict=True)
        return [(row, column) if is_only else None for row, column, is_only in ideals]

    def _nearest(self, index: int, inside: list[int], taken: Points) -> tuple[int, int] | None:
        """Return row and column of the free place that is nearest to a target, the first of several; None if none is.

        Near the target first: that counts if nothing beyond could be as near.
        """
        top, bottom, left, right = inside
        ideal = self._ideals[index]
        if ideal is not None and top <= ideal[0] < bottom and left <= ideal[1] < right and not taken.item(*ideal):
            return ideal
        first, last, start, end = self._near[index]
        window = max(first, top), min(last, bottom), max(start, left), min(end, right)
        found = self._search(index, *window, taken)
        if found is not None and found[2] < _NEAR**2 - 1:  # -1: ways are rounded
            return found[:2]
        found = self._search(index, top, bottom, left, right, taken)
        return None if found is None or found[2] == math.inf else found[:2]

    def _search(
        self, index: int, top: int, bottom: int, left: int, right: int, taken: Points
    ) -> tuple[int, int, float] | None:
        """Return row, column and squared way of the nearest place in a window; an infinite way to what is taken."""
        if top >= bottom or left >= right:
            return None
        way = self._ways[0][index, left:right] + self._ways[1][index, top:bottom, None]
        np.rint(way, out=way)
        way += taken[top:bottom, left:right]
        row, column = divmod(int(way.argmin()), right - left)
        return top + row, left + column, way.item(row, column)

    def _could_stay(self, found: tuple[int, int], index: int, kinds: list[_Size], farthest: float) -> bool:
        """Whether a place is near enough to the target of this tile, or of one that could change places with it."""
        x, y = self._xs[found[1]], self._ys[found[0]]
        own = self._goals[index]
        if abs(x - own[0]) <= farthest and abs(y - own[1]) <= farthest:
            return True
        others = (goal for goal, kind in zip(self._goals, kinds, strict=True) if kind == kinds[index])
        return any(abs(x - goal[0]) <= farthest and abs(y - goal[1]) <= farthest for goal in others)


def _take(row: int, column: int, size: _Size, taken: dict[_Size, Points]) -> None:
    """Mark the places where tiles that come later, none of them larger, would overlap one."""
    for kind, places in taken.items():
        if kind[0] <= size[0]:
            across = math.ceil((kind[0] + size[0]) / (2 * _LATTICE)) - 1
            down = math.ceil((kind[1] + size[1]) / (2 * _LATTICE)) - 1
            places[max(0, row - down) : row + down + 1, max(0, column - across) : column + across + 1] = math.inf


def _untangle(places: Points, targets: Points, sizes: Points) -> None:
    """Swap tiles of one size while that brings them nearer to where they belong."""
    is_alike = (sizes[:, None] == sizes[None]).all(axis=2)
    ways = ((places[:, None] - targets[None]) ** 2).sum(axis=2)  # of tile j to the place of i
    ways[~is_alike] = math.inf
    for _ in range(_SWAP_ROUNDS * len(places)):
        own = ways.diagonal()
        gain = own[:, None] + own - ways - ways.T
        first, second = divmod(int(gain.argmax()), len(places))
        if gain.item(first, second) < _LEAST_GAIN:
            break
        places[[first, second]] = places[[second, first]]
        ways[[first, second]] = ways[[second, first]]
