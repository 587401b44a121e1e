"""Rooms of generated homes: how large they are, and which furniture stands where along the walls.

No two pieces of a lane overlap: corners stay empty as deep as furniture is, and beds stand at one wall only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from vlm_gym.games.household.generator_shapes import Lane, Piece
from vlm_gym.games.household.generator_tables import Draws, HomeSplit
from vlm_gym.games.household.problem import GRID_M

CORNER_M: Final = 1.0  # no furniture on a wall closer to a corner: only beds are deeper than this
PASSAGE_M: Final = 0.8  # from the furniture at the walls to that in the middle, and between the latter
BED_M: Final = 2.0
STEP_M: Final = 0.5  # rooms are so many of these long and wide
SIDES: Final = range(6, 29)
NUM_CHOICES: Final = 8  # of the smallest rooms that are large enough
HELD_OUT_MODULUS: Final = 5

Sizes: TypeAlias = npt.NDArray[np.int_]  # (n, 2): columns and rows
LANES: Final[tuple[Lane, ...]] = ("floor", "low", "top", "high")


@dataclass(frozen=True)
class Room:
    """A rectangle of whole steps. `x` and `y` are metres of the corner with the smallest coordinates."""

    columns: int
    rows: int
    x: float
    y: float

    @property
    def width(self) -> float:
        """Metres along x."""
        return self.columns * STEP_M

    @property
    def depth(self) -> float:
        """Metres along y."""
        return self.rows * STEP_M

    def side(self, wall: int) -> float:
        """Return the length of a wall: 0 is the one with the smallest y, then counterclockwise."""
        return self.depth if wall % 2 else self.width


class Standing(NamedTuple):
    """A piece at a wall, `start` metres from the wall's end with the smaller coordinates; `wall` 4 is the middle.

    In the middle, `start` is x and `line` is y of the corner with the smaller coordinates, seen from the room's.
    """

    piece: Piece
    wall: int
    start: float
    line: float = 0.0


def is_held_out(columns: int, rows: int) -> bool:
    """Return whether rooms of this size are kept for the split "unseen": one size in five."""
    return (columns + 2 * rows) % HELD_OUT_MODULUS == 0


def furnish(pieces: Sequence[Piece], split: HomeSplit, draws: Draws) -> tuple[Room, list[Standing]]:
    """Draw a room of the split in which the furniture has room, and set it up."""
    order = draws.shuffled(pieces)
    demand = _Demand.of(order)
    at_walls = [piece for piece in order if piece.shape.lane != "middle"]
    at_walls.sort(key=lambda piece: (piece.shape.depth <= CORNER_M, piece.shape.lane != "floor"))
    sizes = _SIZES[split][demand.allows(_SIZES[split])].tolist()
    for columns, rows in [*sizes[draws.below(NUM_CHOICES) :], *sizes[-1:]]:
        standing = _along_walls(columns, rows, at_walls, draws)
        if standing is not None:
            room = Room(columns, rows, *(GRID_M * (draws.below(9) - 4) - _half(side) for side in (columns, rows)))
            middle = [piece for piece in order if piece.shape.lane == "middle"]
            return room, standing + _in_the_middle(room, middle, demand.bed, draws)
    raise AssertionError("the largest room has room for the furniture of any home")


def _half(side: int) -> float:
    return side * STEP_M / 2 // GRID_M * GRID_M


@dataclass(frozen=True)
class _Demand:
    """The room that furniture takes: metres along the walls, and in the middle."""

    wall: float
    row: float
    row_depth: float
    bed: float

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> "_Demand":
        lanes = dict.fromkeys((*LANES, "middle"), 0.0)
        for piece in pieces:
            lanes[piece.shape.lane] += piece.shape.width
        middle = [piece.shape for piece in pieces if piece.shape.lane == "middle"]
        return cls(
            wall=max(lanes["floor"] + max(lanes["low"], lanes["top"]), lanes["high"]),
            row=lanes["middle"] + PASSAGE_M * (len(middle) - 1),
            row_depth=max((shape.depth for shape in middle), default=0.0),
            bed=max(0.0, max(piece.shape.depth for piece in pieces) - CORNER_M),
        )

    def allows(self, sizes: Sizes) -> npt.NDArray[np.bool_]:
        """Return which rooms are large enough at first sight, (n,)."""
        wide, long = STEP_M * sizes.min(axis=1), STEP_M * sizes.max(axis=1)
        is_large: npt.NDArray[np.bool_] = self.wall <= 2 * (wide + long) - 8 * CORNER_M
        if self.bed:
            is_large &= wide >= BED_M + 2 * CORNER_M
        if self.row_depth:
            edges = 2 * (CORNER_M + PASSAGE_M) + self.bed
            is_large &= (wide - edges >= self.row_depth) & (long - edges >= self.row)
        return is_large


def _along_walls(columns: int, rows: int, order: Sequence[Piece], draws: Draws) -> list[Standing] | None:
    """Set up each piece at the first wall that has room for it; None if one finds none."""
    first = draws.below(4)
    walls = [(first + turn) % 4 for turn in range(4)]
    lengths = [(rows if wall % 2 else columns) * STEP_M - 2 * CORNER_M for wall in walls]
    filled = [dict.fromkeys(LANES, 0.0) for _ in walls]
    groups: list[list[Piece]] = [[] for _ in walls]
    for piece in order:
        tried = range(1) if piece.shape.depth > CORNER_M else range(len(walls))
        fitting = next((turn for turn in tried if _fits(piece, filled[turn], lengths[turn])), None)
        if fitting is None:
            return None
        filled[fitting][piece.shape.lane] += piece.shape.width
        groups[fitting].append(piece)
    return [
        standing
        for wall, length, group in zip(walls, lengths, groups, strict=True)
        for standing in _along_wall(wall, length, group, draws)
    ]


def _fits(piece: Piece, filled: dict[Lane, float], length: float) -> bool:
    lane, width = piece.shape.lane, piece.shape.width
    if lane == "floor":
        return filled["floor"] + width <= length
    floor = 0.0 if lane == "high" else filled["floor"]
    return floor + filled[lane] + width <= length


def _along_wall(wall: int, length: float, group: Sequence[Piece], draws: Draws) -> list[Standing]:
    """Spread the pieces of a wall: what stands on the floor at one end, worktops at the other, and what hangs above."""
    lanes = {lane: draws.shuffled([piece for piece in group if piece.shape.lane == lane]) for lane in LANES}
    widths = {lane: sum(piece.shape.width for piece in lanes[lane]) for lane in LANES}
    worktop = max(widths["low"], widths["top"])
    border = widths["floor"] + (length - widths["floor"] - worktop) * (draws.uniform() if worktop else 1.0)
    is_mirrored = draws.uniform() < 0.5
    standing = []
    for lane in LANES:
        start, end = {"floor": (0.0, border), "high": (0.0, length)}.get(lane, (border, length))
        for piece, where in _spread(lanes[lane], start, end, draws):
            along = length - where - piece.shape.width if is_mirrored else where
            standing.append(Standing(piece, wall, CORNER_M + along))
    return standing


def _spread(pieces: Sequence[Piece], start: float, end: float, draws: Draws) -> list[tuple[Piece, float]]:
    """Set pieces in a row with random gaps."""
    left = end - start - sum(piece.shape.width for piece in pieces)
    gaps = [draws.uniform() for _ in range(len(pieces) + 1)]
    total = sum(gaps)
    row = []
    for piece, gap in zip(pieces, gaps, strict=False):
        start += left * gap / total
        row.append((piece, start))
        start += piece.shape.width
    return row


def _in_the_middle(room: Room, middle: Sequence[Piece], bed: float, draws: Draws) -> list[Standing]:
    """Set pieces in a row along the longer side, a passage away from the walls' furniture and from each other."""
    if not middle:
        return []
    edge = CORNER_M + PASSAGE_M + bed / 2
    wide, long = sorted((room.width, room.depth))
    left = long - 2 * edge - sum(piece.shape.width + PASSAGE_M for piece in middle) + PASSAGE_M
    start = edge + left * draws.uniform()
    standing = []
    for piece in draws.shuffled(middle):
        line = (wide - piece.shape.depth) / 2
        corner = (start, line) if room.width >= room.depth else (line, start)
        standing.append(Standing(piece, 4, *corner))
        start += piece.shape.width + PASSAGE_M
    return standing


def _sizes(split: HomeSplit) -> Sizes:
    sizes = [(columns, rows) for columns in SIDES for rows in SIDES]
    shapely = [size for size in sizes if max(size) <= 2 * min(size) and is_held_out(*size) == (split == "unseen")]
    return np.array(sorted(shapely, key=lambda size: (size[0] * size[1], size)))


_SIZES: Final[dict[HomeSplit, Sizes]] = {"train": _sizes("train"), "unseen": _sizes("unseen")}
