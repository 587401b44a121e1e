"""The shape of a number line: straight, an arc or a wave; where its ticks are and what is written under them."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vlm_gym.render.canvas import Point
from vlm_gym.render.seeing.look import Difficulty

Path = npt.NDArray[np.float64]  # (n, 2): points in pixels

PATH_POINTS: Final = 65
FEW_LABELS: Final = 3  # that a sparse line has at most
LEAST_TICK_GAP: Final = 5.0  # pixels between two ticks
UNITS: Final = (1.0, 0.5, 2.0)  # between two ticks of a sparse line
STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200)
LABEL_HEIGHT: Final = 0.062  # of the picture


@dataclass(frozen=True)
class Spot:
    """A label of a line: its number in writing, and the corners of its ink, clockwise from the upper left one."""

    text: str
    corners: tuple[Point, ...]


@dataclass(frozen=True)
class Ruled:
    """A line in a picture: where its numbers are, what is written, and how far numbers lie apart.

    Attributes:
        path: Points of the line from 0 to its end, as far apart as along the line.
        labels: What is written under it.
        unit: The length of 1 along the line, in pixels.
        is_told: Whether both numbers stand in writing, since the line is too fine to be read.
    """

    path: Path
    labels: tuple[Spot, ...]
    unit: float
    is_told: bool

    def at(self, share: float) -> tuple[Point, float]:
        """Return the point at a share of the line, and the line's direction there in radians."""
        position = min(max(share, 0.0), 1.0) * (len(self.path) - 1)
        first = min(int(position), len(self.path) - 2)
        (x, y), (next_x, next_y) = self.path[first].tolist(), self.path[first + 1].tolist()
        rest = position - first
        return (x + rest * (next_x - x), y + rest * (next_y - y)), math.atan2(next_y - y, next_x - x)


@dataclass(frozen=True)
class Room:
    """Where a line may lie, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def bend(room: Room, difficulty: Difficulty, rng: np.random.Generator) -> Path:
    """Return a line from left to right, tilted and bent, as large as its room and the level allow."""
    slope = math.radians(difficulty.slope) * rng.uniform(0.4, 1.0) * rng.choice((-1, 1))
    share = np.linspace(0.0, 1.0, 4 * PATH_POINTS)
    bulge = difficulty.bend * rng.uniform(0.5, 1.0) * rng.choice((-1, 1))
    waves = int(rng.choice((1, 2))) if difficulty.bend else 1
    flat = np.stack((share - 0.5, bulge / waves * np.sin(math.pi * waves * share)), axis=1)
    cos, sin = math.cos(slope), math.sin(slope)
    path = _evenly(flat @ np.array(((cos, sin), (-sin, cos))))
    least, most = path.min(axis=0), path.max(axis=0)
    space = np.array((room.right - room.left, room.bottom - room.top))
    scale = float((space / np.maximum(most - least, 1e-6)).min()) * difficulty.size
    corner = np.array((room.left, room.top)) + (space - scale * (most - least)) * rng.uniform(0.25, 0.75, 2)
    return corner + scale * (path - least)  # type: ignore[no-any-return]


def _evenly(path: Path) -> Path:
    """Return points that lie equally far apart along a line."""
    along = np.concatenate(((0.0,), np.hypot(*np.diff(path, axis=0).T).cumsum()))
    places = np.linspace(0.0, along[-1], PATH_POINTS)
    return np.stack((np.interp(places, along, path[:, 0]), np.interp(places, along, path[:, 1])), axis=1)


def told(number: float) -> str:
    """Return a number as it is written under a line."""
    return f"{number:g}"


def choose_numbers(
    last: int, length: float, size: int, difficulty: Difficulty, rng: np.random.Generator
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return at which numbers there are ticks, and which of these are written."""
    least = max(LEAST_TICK_GAP, 0.02 * size)
    units = [unit for unit in UNITS if length / last * unit >= least and unit * FEW_LABELS <= max(last, 2)]
    unit = float(rng.choice(units)) if difficulty.is_sparse and units else 1.0
    unit = next(unit * step for step in STEPS if length / last * unit * step >= least)
    ticks = tuple(float(number) for number in np.arange(0, last + unit / 4, unit) if number <= last)
    widest = LABEL_HEIGHT * size * (0.75 + 0.72 * max(len(told(number)) for number in ticks))
    step = next(step for step in STEPS if length / last * unit * step >= widest or step >= len(ticks))
    shown = ticks[::step] if step < len(ticks) else (ticks[0], ticks[-1])
    if not difficulty.is_sparse or len(shown) <= 2:
        return ticks, shown
    count = min(FEW_LABELS, len(shown) - 1, 2 + int(rng.integers(2)))
    kept = np.sort(rng.choice(len(shown), size=max(2, count), replace=False))
    return ticks, tuple(shown[int(i)] for i in kept)
