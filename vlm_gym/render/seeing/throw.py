"""Where thrown cards lie: each in its turn, so that an earlier card keeps a place that tells it."""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np

from vlm_gym.games.cards import Card
from vlm_gym.render.canvas import Point
from vlm_gym.render.cards import ASPECT, Box, Slot
from vlm_gym.render.seeing.look import Difficulty, Look

Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]
"""Points of one plane to points of another, in homogeneous coordinates."""

FILL: Final = 0.42  # of its cell that a card covers at most, where cards may overlap
TRIES: Final = 12  # at one size, before a smaller one is tried
SHRINK: Final = 0.88
AIR: Final = 2.0  # pixels around what tells a card


class Zone(NamedTuple):
    """The part of the picture where a hand lies, in pixels, and for how many cards it has cells of their own."""

    left: float
    top: float
    width: float
    height: float
    num_cells: int

    def grid(self) -> tuple[int, int]:
        """Return the columns and rows whose cells suit upright cards best."""
        shapes = [(-(-self.num_cells // rows), rows) for rows in range(1, self.num_cells + 1)]
        return max(shapes, key=lambda shape: min(self.width / shape[0], 0.8 * self.height / shape[1]))


class Throw(NamedTuple):
    """A card on the table: its middle, its turn to the right in radians, its width and its height, in pixels."""

    x: float
    y: float
    turn: float
    width: float
    height: float

    def corners(self, box: Box = (0.0, 0.0, 1.0, 1.0), air: float = 0.0) -> tuple[Point, ...]:
        """Return the corners of a part of the card, given in shares of it, with some pixels of air around."""
        cos, sin = math.cos(self.turn), math.sin(self.turn)
        left, right = (box[0] - 0.5) * self.width - air, (box[2] - 0.5) * self.width + air
        top, bottom = (box[1] - 0.5) * self.height - air, (box[3] - 0.5) * self.height + air
        flat = ((left, top), (right, top), (right, bottom), (left, bottom))
        return tuple((self.x + cos * x - sin * y, self.y + sin * x + cos * y) for x, y in flat)

    def matrix(self, slot: Slot, seen: Matrix) -> Matrix:
        """Return what takes a sprite of this card, painted in a slot, to where it is seen on the table."""
        scale, margin = self.height / slot.height, slot.margin
        cos, sin = scale * math.cos(self.turn), scale * math.sin(self.turn)
        x, y = margin + slot.width / 2, margin + slot.height / 2
        right, down = self.x - cos * x + sin * y, self.y - sin * x - cos * y
        (a, b, c), (d, e, f), (g, h, i) = seen
        return (
            (a * cos + b * sin, b * cos - a * sin, a * right + b * down + c),
            (d * cos + e * sin, e * cos - d * sin, d * right + e * down + f),
            (g * cos + h * sin, h * cos - g * sin, g * right + h * down + i),
        )

    def is_free(self, box: Box, later: Iterable["Throw"]) -> bool:
        """Whether none of some other cards lies on a part of this one, given in shares of it."""
        return not any(_touches(self.corners(box), other, other.corners()) for other in later)


class Sighting(NamedTuple):
    """A place in a picture that tells a card: its rank's box there, from the upper left corner on clockwise.

    Attributes:
        card: The card.
        corners: Of the rank, four points (x, y) in pixels.
        is_inverted: Whether the ink is lighter than the paper.
    """

    card: Card
    corners: tuple[Point, ...]
    is_inverted: bool

    def shifted(self, right: float, down: float) -> "Sighting":
        """Return the same place in a picture that begins so much further to the left and the top."""
        return self._replace(corners=tuple((x + right, y + down) for x, y in self.corners))


def throw_cards(
    count: int, zone: Zone, tells: Sequence[Box], difficulty: Difficulty, rng: np.random.Generator
) -> tuple[Throw, ...]:
    """Throw so many cards into a zone, one after the other: the first ones lie where they would lie without the rest.

    Args:
        count: The number of cards.
        zone: Where they may lie, with all that they are.
        tells: The parts of a card that tell it, in shares of it: one of them stays in sight.
        difficulty: How far they are turned, and whether they may overlap.
        rng: The hand's own.
    """
    columns, rows = zone.grid()
    cell = zone.width / columns, zone.height / rows
    order = rng.permutation(columns * rows)[: zone.num_cells]
    height = largest_height(zone, difficulty)
    thrown: list[Throw] = []
    seen: list[list[tuple[Point, ...]]] = []  # of each card what tells it and is not covered
    for i in range(count):
        place = divmod(int(order[i]), columns) if i < zone.num_cells else None
        throw, left = _throw_next(place, cell, zone, height, difficulty, seen, rng)
        seen = [*left, [throw.corners(box, AIR) for box in (tells if difficulty.can_overlap else [(0, 0, 1, 1)])]]
        thrown.append(throw)
    return tuple(thrown)


def largest_height(zone: Zone, difficulty: Difficulty) -> float:
    """Return how high the largest card of a hand is on the table, in pixels."""
    columns, rows = zone.grid()
    across, down = zone.width / columns, zone.height / rows
    if difficulty.can_overlap:
        by_area = math.sqrt(FILL * across * down / ASPECT)
        return difficulty.size * min(by_area, min(zone.width, zone.height) / math.hypot(1.0, ASPECT))
    cos, sin = math.cos(math.radians(difficulty.turn)), math.sin(math.radians(difficulty.turn))
    return difficulty.size * min((across - AIR) / (ASPECT * cos + sin), (down - AIR) / (cos + ASPECT * sin))


def _throw_next(
    place: tuple[int, int] | None,
    cell: tuple[float, float],
    zone: Zone,
    height: float,
    difficulty: Difficulty,
    seen: Sequence[Sequence[tuple[Point, ...]]],
    rng: np.random.Generator,
) -> tuple[Throw, list[list[tuple[Point, ...]]]]:
    """Throw a card into its cell, or anywhere where it has none, until every earlier card can still be told."""
    tried = 0
    while True:
        across, down, turned, sized = rng.random(4).tolist()
        shrunk = SHRINK ** (tried // (TRIES if place else 4 * TRIES))
        tall = height * shrunk * (difficulty.smallest + (1 - difficulty.smallest) * sized)
        turn = math.radians(difficulty.turn) * (2 * turned - 1)
        reach_x = abs(math.cos(turn)) * ASPECT * tall / 2 + abs(math.sin(turn)) * tall / 2
        reach_y = abs(math.sin(turn)) * ASPECT * tall / 2 + abs(math.cos(turn)) * tall / 2
        if place is None or tried >= 2 * TRIES:
            x, y = zone.left + across * zone.width, zone.top + down * zone.height
        else:
            x = _in_cell(zone.left + place[1] * cell[0], cell[0], reach_x, across, difficulty)
            y = _in_cell(zone.top + place[0] * cell[1], cell[1], reach_y, down, difficulty)
        x = min(max(x, zone.left + reach_x), zone.left + zone.width - reach_x)
        y = min(max(y, zone.top + reach_y), zone.top + zone.height - reach_y)
        throw = Throw(x, y, turn, ASPECT * tall, tall)
        left = _still_seen(throw, seen)
        if all(left):
            return throw, left
        tried += 1


def _in_cell(start: float, length: float, reach: float, share: float, difficulty: Difficulty) -> float:
    """Return where in its cell a card's middle lies: all of the card where cards may not overlap."""
    if difficulty.can_overlap:
        return start + (0.2 + 0.6 * share) * length
    free = max(0.0, length - 2 * reach)
    return start + length / 2 + (share - 0.5) * free


def _still_seen(throw: Throw, seen: Sequence[Sequence[tuple[Point, ...]]]) -> list[list[tuple[Point, ...]]]:
    """Return what of earlier cards a new card does not cover."""
    outline = throw.corners()
    return [[part for part in parts if not _touches(part, throw, outline)] for parts in seen]


def _touches(part: Sequence[Point], throw: Throw, outline: Sequence[Point]) -> bool:
    """Whether a card lies on a rectangle; most that are far away are told by a circle around them."""
    x, y = (part[0][0] + part[2][0]) / 2, (part[0][1] + part[2][1]) / 2
    reach = math.hypot(part[0][0] - x, part[0][1] - y)
    cos, sin = math.cos(throw.turn), math.sin(throw.turn)
    x, y = x - throw.x, y - throw.y
    across, down = abs(cos * x + sin * y) - throw.width / 2, abs(cos * y - sin * x) - throw.height / 2
    if across >= reach or down >= reach:
        return False
    return (across <= 0 and down <= 0) or not (_is_apart(part, outline) or _is_apart(outline, part))


def _is_apart(first: Sequence[Point], second: Sequence[Point]) -> bool:
    """Whether a line along a side of the first of two rectangles parts them."""
    for (x, y), (next_x, next_y) in ((first[0], first[1]), (first[1], first[2])):
        along_x, along_y = next_x - x, next_y - y
        ours = [along_x * px + along_y * py for px, py in first]
        theirs = [along_x * px + along_y * py for px, py in second]
        if max(theirs) <= min(ours) or min(theirs) >= max(ours):
            return True
    return False


def camera(zone: Zone, look: Look) -> Matrix:
    """Return how a table is seen from its near edge: points of the zone to points of the zone.

    The far edge becomes narrower and moves towards the middle, more to one side than to the other.
    """
    shares = look.traits.camera_left, look.traits.camera_right, look.traits.camera_down
    left, right, down = ((0.4 + 0.6 * share) * look.difficulty.tilt / 2 for share in shares)
    # What takes the unit square to a trapezoid: of the far edge (1 - left - right) is left, of the depth (1 - down).
    far = 1.0 - left - right
    depth = 1.0 / far - 1.0  # how much further away the far edge is than the near one
    x, y, width, height = zone.left, zone.top, zone.width, zone.height
    nearing = depth / height  # by how much each pixel down the table is nearer
    shift, sink = left * (1.0 + depth), down * (1.0 + depth)
    farness = 1.0 + depth + nearing * y  # of the upper edge of the picture
    across = (1.0, x * -nearing - shift * width / height, x * (farness - 1.0) + shift * width * (1.0 + y / height))
    along = (0.0, y * -nearing + 1.0 - sink, y * (farness - 1.0) + sink * (height + y))
    return across, along, (0.0, -nearing, farness)


def moved(points: Iterable[Point], matrix: Matrix) -> tuple[Point, ...]:
    """Return points as a matrix takes them to another plane."""
    (a, b, c), (d, e, f), (g, h, i) = matrix
    found = []
    for x, y in points:
        depth = g * x + h * y + i
        found.append(((a * x + b * y + c) / depth, (d * x + e * y + f) / depth))
    return tuple(found)
