"""Moving tiles apart until none hides another, each as near as possible to where it belongs."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]  # (n, 2): x and y

_STEPS: Final = 60
_PULL: Final = 0.06  # of the way back to where it belongs, in each step
_LAST_PULL: Final = 0.75  # of the steps; then tiles only move apart
_GRAIN: Final = 64.0  # positions are rounded to this part of a pixel, so that all machines agree
_CLOSE_ENOUGH: Final = 0.75  # pixels of overlap


def spread_out(targets: Points, sizes: Points, low: Points, high: Points) -> tuple[Points, float]:
    """Move the middles of tiles of these sizes apart, between two corners; return them and the deepest overlap left.

    Shapes: `targets` and `sizes` (n, 2), `low` and `high` (2,).
    """
    least, most = low + sizes / 2, high - sizes / 2
    places = np.clip(targets + _untie(len(targets)), least, most)
    half = (sizes[:, None] + sizes[None]) / 2
    for step in range(_STEPS):
        if step < _LAST_PULL * _STEPS:
            places += _PULL * (targets - places)
        push, depth = _pushes(places, half)
        places = np.clip(np.rint((places + push) * _GRAIN) / _GRAIN, least, most)
        if depth < _CLOSE_ENOUGH and step >= _LAST_PULL * _STEPS:
            return places, depth
    return places, _pushes(places, half)[1]


def _untie(count: int) -> Points:
    """Return tiny steps in all directions, so that tiles at one point know where to go."""
    angles = np.arange(count) * 2.4
    return 0.25 * np.column_stack([np.cos(angles), np.sin(angles)])


def _pushes(places: Points, half: npt.NDArray[np.float64]) -> tuple[Points, float]:
    """Return how each tile is pushed by those that overlap it, along the shorter way out."""
    offset = places[:, None] - places[None]
    depth = half - np.abs(offset)
    np.einsum("iij->ij", depth)[...] = -1.0
    overlap = np.minimum(depth[:, :, 0], depth[:, :, 1])
    is_hit = overlap > 0
    is_sideways = depth[:, :, 0] <= depth[:, :, 1]
    sign = np.where(offset >= 0, 1.0, -1.0)
    push = np.where(is_hit, overlap, 0.0) * 0.5
    x = (push * sign[:, :, 0] * is_sideways).sum(axis=1)
    y = (push * sign[:, :, 1] * ~is_sideways).sum(axis=1)
    return np.column_stack([x, y]) * 0.9, float(max(0.0, overlap.max(initial=0.0)))
