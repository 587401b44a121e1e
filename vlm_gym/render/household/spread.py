"""Placing tiles so that none hides another, each as near as possible to where it belongs."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]  # (n, 2): x and y

_LATTICE: Final = 2  # pixels between the places that are tried
_SWAP_ROUNDS: Final = 4
_LEAST_GAIN: Final = 1.0  # square pixels, so that rounding decides nothing


def spread_out(targets: Points, sizes: Points, low: Points, high: Points) -> Points | None:
    """Place the middles of tiles between two corners without overlap; return them, or None if there is no room.

    Shapes: `targets` and `sizes` (n, 2), `low` and `high` (2,).
    """
    counts = np.maximum((high - low) // _LATTICE, 1).astype(int)
    xs, ys = (low[axis] + _LATTICE * (np.arange(counts[axis]) + 0.5) for axis in (0, 1))
    is_taken = np.zeros((len(targets), len(ys), len(xs)), bool)
    places = np.zeros_like(targets)
    for index in _order(targets, sizes):
        free = _cost(targets[index], sizes[index], xs, ys, low, high)
        free[is_taken[index]] = np.inf
        row, column = np.unravel_index(int(free.argmin()), free.shape)
        if np.isinf(free[row, column]):
            return None
        places[index] = xs[column], ys[row]
        _take(is_taken, places[index], (sizes + sizes[index]) / 2, xs, ys)
    return _untangle(places, targets, sizes)


def _order(targets: Points, sizes: Points) -> list[int]:
    """Return who chooses first: large tiles, then those far from the middle of the others."""
    far = np.abs(targets - np.median(targets, axis=0)).sum(axis=1)
    return sorted(range(len(targets)), key=lambda index: (-float(sizes[index, 0]), -round(float(far[index])), index))


def _cost(
    target: Points, size: Points, xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64], low: Points, high: Points
) -> Points:
    """Return the squared way to every place of the lattice: infinite where the tile would stick out."""
    least, most = low + size / 2, high - size / 2
    x = np.where((xs >= least[0]) & (xs <= most[0]), (xs - target[0]) ** 2, np.inf)
    y = np.where((ys >= least[1]) & (ys <= most[1]), (ys - target[1]) ** 2, np.inf)
    return np.asarray(np.rint(x[None] + y[:, None]))


def _take(
    is_taken: npt.NDArray[np.bool_],
    place: Points,
    reaches: Points,
    xs: npt.NDArray[np.float64],
    ys: npt.NDArray[np.float64],
) -> None:
    """Mark the places where each tile would overlap the one that was placed."""
    columns = np.abs(xs[None] - place[0]) < reaches[:, :1]
    rows = np.abs(ys[None] - place[1]) < reaches[:, 1:]
    is_taken |= rows[:, :, None] & columns[:, None, :]


def _untangle(places: Points, targets: Points, sizes: Points) -> Points:
    """Swap tiles of one size while that brings them nearer to where they belong."""
    is_alike = (sizes[:, None] == sizes[None]).all(axis=2)
    for _ in range(_SWAP_ROUNDS * len(places)):
        ways = ((places[:, None] - targets[None]) ** 2).sum(axis=2)  # of tile j to the place of i
        own = np.diag(ways)
        gain = np.where(is_alike, own[:, None] + own[None] - ways - ways.T, 0.0)
        first, second = np.unravel_index(int(gain.argmax()), gain.shape)
        if gain[first, second] < _LEAST_GAIN:
            break
        places[[first, second]] = places[[second, first]]
    return places
