"""Coordinates of generated homes: where every receptacle is, and where the agent stands in front of it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from vlm_gym.games.household.generator_contents import Spot
from vlm_gym.games.household.generator_room import Room, Standing, furnish
from vlm_gym.games.household.generator_shapes import Lane, Member, make_pieces
from vlm_gym.games.household.generator_tables import Draws, HomeSplit, Scene, load_tables
from vlm_gym.games.household.problem import GRID_M

MIDDLE: Final = 4
SOLID: Final[tuple[Lane, ...]] = ("floor", "low", "top", "middle")  # one cannot stand where these are
FRONT_M: Final = 0.45  # from the front of the furniture to the agent
BODY_M: Final = 0.2  # the agent's radius
WORKTOP_M: Final = 0.6  # what hangs on a wall can have so much in front of it
PITCHES: Final = (60, 45, 30, 15, 0, -15, -30)
SHIFTS: Final = (0, -1, 1, -2, 2, -3, 3)
FACING: Final = ((0, -1), (1, 0), (0, 1), (-1, 0))  # the direction to a wall, and which turns of the agent face it
TURNS: Final = (2, 1, 0, 3)
REACH_M: Final = 2.0  # of receptacles that share a place


class Point(NamedTuple):
    """Metres on the floor and above it."""

    x: float
    y: float
    height: float


class Stand(NamedTuple):
    """A place of the agent: grid column and row, quarter turns clockwise from +y, degrees that it looks down."""

    column: int
    row: int
    turn: int
    pitch: int


class Footprint(NamedTuple):
    """The floor that a piece of furniture stands on, in metres."""

    left: float
    low: float
    right: float
    high: float


@dataclass(frozen=True)
class Layout:
    """Where things are. Several receptacles can share a place; `start` and `aside` are places without any.

    `lanes` says which floor the furniture of each lane is above: low and top lane are one above the other.
    """

    room: Room
    points: Mapping[Spot, Point]
    stands: Mapping[Spot, Stand]
    lanes: Mapping[Lane, tuple[Footprint, ...]]
    start: Stand
    aside: Stand


def lay_out(scene: Scene, receptacles: Mapping[str, int], split: HomeSplit, draws: Draws) -> Layout:
    """Draw a room, set up the furniture in it, and find the places to stand at."""
    room, standings = furnish(make_pieces(scene, receptacles, draws), split, draws)
    points: dict[Spot, Point] = {}
    lanes = {lane: tuple(_footprint(room, it) for it in standings if it.piece.shape.lane == lane) for lane in SOLID}
    places = _Places(room, [footprint for footprints in lanes.values() for footprint in footprints])
    stands: dict[Spot, Stand] = {}
    for standing in standings:
        walls = draws.shuffled(range(MIDDLE)) if standing.wall == MIDDLE else [standing.wall]
        for member in standing.piece.members:
            point = _point(room, standing, member)
            points[member.spot] = point
            stands[member.spot] = places.in_front(point, _distance(standing, member), walls, member.pitch)
    _share_places(scene, points, stands, draws)
    start, aside = (places.anywhere(draws, pitch) for pitch in (30, 15))
    return Layout(room, points, stands, lanes, start, aside)


def _at_wall(room: Room, wall: int, along: float, inset: float) -> tuple[float, float]:
    """Return the point so far along a wall and so far from it, in the scene's coordinates."""
    x, y = ((along, inset), (room.width - inset, along), (along, room.depth - inset), (inset, along))[wall]
    return room.x + x, room.y + y


def _footprint(room: Room, standing: Standing) -> Footprint:
    shape = standing.piece.shape
    if standing.wall == MIDDLE:
        left, low = room.x + standing.start, room.y + standing.line
        width, depth = (shape.width, shape.depth) if room.width >= room.depth else (shape.depth, shape.width)
        return Footprint(left, low, left + width, low + depth)
    one = _at_wall(room, standing.wall, standing.start, 0.0)
    other = _at_wall(room, standing.wall, standing.start + shape.width, shape.depth)
    return Footprint(min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))


def _point(room: Room, standing: Standing, member: Member) -> Point:
    if standing.wall == MIDDLE:
        left, low, right, high = _footprint(room, standing)
        x, y = (left + right) / 2, (low + high) / 2
    else:
        along = standing.start + standing.piece.shape.width / 2 + member.along
        x, y = _at_wall(room, standing.wall, along, member.inset)
    return Point(round(x, 2), round(y, 2), member.height)


def _distance(standing: Standing, member: Member) -> float:
    """Return how far in front of a receptacle the agent stands."""
    shape = standing.piece.shape
    if standing.wall == MIDDLE:
        return shape.depth / 2 + FRONT_M
    return max(shape.depth, WORKTOP_M if shape.lane == "high" else 0.0) - member.inset + FRONT_M


class _Places:
    """The grid cells of a room on which the agent can stand, and what is taken of them."""

    def __init__(self, room: Room, footprints: Sequence[Footprint]) -> None:
        self.columns = range(math.ceil(room.x / GRID_M) + 1, math.floor((room.x + room.width) / GRID_M))
        self.rows = range(math.ceil(room.y / GRID_M) + 1, math.floor((room.y + room.depth) / GRID_M))
        self.floor = np.ones((len(self.columns), len(self.rows)), np.bool_)
        for left, low, right, high in footprints:
            self.floor[_cells(left, right, self.columns), _cells(low, high, self.rows)] = False
        self.free: list[list[bool]] = self.floor.tolist()
        self.taken: set[Stand] = set()

    def in_front(self, point: Point, distance: float, walls: Iterable[int], pitch: int) -> Stand:
        """Return the best free place to use a receptacle that is `distance` metres behind the agent's front."""
        for wall in walls:
            for column, row in self._candidates(point, distance, wall):
                stand = self._free_stand(column, row, TURNS[wall], pitch)
                if stand is not None:
                    return stand
        return self._nearest(point, pitch)

    def anywhere(self, draws: Draws, pitch: int) -> Stand:
        """Draw a free place."""
        unvisited = self.floor.copy()
        for stand in self.taken:
            unvisited[stand.column - self.columns[0], stand.row - self.rows[0]] = False
        cells = np.flatnonzero(unvisited) if unvisited.any() else np.flatnonzero(self.floor)
        column, row = divmod(int(cells[draws.below(len(cells))]), len(self.rows))
        stand = Stand(self.columns[column], self.rows[row], draws.below(4), pitch)
        if stand in self.taken:
            return self.anywhere(draws, pitch)
        self.taken.add(stand)
        return stand

    def _candidates(self, point: Point, distance: float, wall: int) -> Iterator[tuple[int, int]]:
        """Yield cells before a receptacle: straight in front first, then beside that, then further away."""
        to_x, to_y = FACING[wall]
        for step in (0, 1, 2):
            away = distance + step * GRID_M
            column, row = round((point.x - to_x * away) / GRID_M), round((point.y - to_y * away) / GRID_M)
            for shift in SHIFTS:
                cell = column + shift * abs(to_y), row + shift * abs(to_x)
                if cell[0] in self.columns and cell[1] in self.rows and self._is_free(*cell):
                    yield cell

    def _is_free(self, column: int, row: int) -> bool:
        return self.free[column - self.columns[0]][row - self.rows[0]]

    def _free_stand(self, column: int, row: int, turn: int, pitch: int) -> Stand | None:
        """Take a place that looks as far down as it should, or almost."""
        for other in _tilts(pitch):
            stand = Stand(column, row, turn, other)
            if stand not in self.taken:
                self.taken.add(stand)
                return stand
        return None

    def _nearest(self, point: Point, pitch: int) -> Stand:
        """Take the nearest free cell, facing the receptacle."""
        column, row = point.x / GRID_M, point.y / GRID_M
        cells = [(x, y) for x in self.columns for y in self.rows if self._is_free(x, y)]
        for _, x, y in sorted((abs(x - column) + abs(y - row), x, y) for x, y in cells):
            is_sideways = abs(column - x) > abs(row - y)
            turn = (1 if column > x else 3) if is_sideways else (0 if row > y else 2)
            stand = self._free_stand(x, y, turn, pitch)
            if stand is not None:
                return stand
        raise AssertionError("a room has more cells than receptacles")


@cache
def _tilts(pitch: int) -> tuple[int, ...]:
    """Return the three angles that are nearest to one."""
    return tuple(sorted(PITCHES, key=lambda tilt: abs(tilt - pitch))[:3])


def _cells(low: float, high: float, cells: range) -> slice:
    """Return which cells of a row of them furniture blocks that reaches from one end to the other, in metres."""
    first, last = math.ceil((low - BODY_M) / GRID_M), math.floor((high + BODY_M) / GRID_M)
    return slice(max(0, first - cells.start), max(0, last + 1 - cells.start))


def _share_places(scene: Scene, points: Mapping[Spot, Point], stands: dict[Spot, Stand], draws: Draws) -> None:
    """Let receptacles near each other be used from one place, as often as in the official rooms."""
    alone = sorted(points)
    for kinds, rate in load_tables().scenes[scene].shared_places:
        for _ in range(int(rate + draws.uniform())):
            group = _neighbours(kinds, [spot for spot in alone if spot[0] in kinds], points, stands, draws)
            for spot in group:
                stands[spot] = stands[group[0]]
                alone.remove(spot)


def _neighbours(
    kinds: Sequence[str], alone: list[Spot], points: Mapping[Spot, Point], stands: Mapping[Spot, Stand], draws: Draws
) -> list[Spot]:
    """Draw a receptacle of the first kind, and the nearest of the other kinds on that side; none if one is too far."""
    firsts = [spot for spot in alone if spot[0] == kinds[0]]
    if not firsts:
        return []
    first = draws.pick(firsts)
    group = [first]
    beside = [spot for spot in alone if stands[spot].turn == stands[first].turn]
    for kind in kinds[1:]:
        others = [spot for spot in beside if spot[0] == kind and spot not in group]
        nearest = min(others, key=lambda spot: math.dist(points[first], points[spot]), default=None)
        if nearest is None or math.dist(points[first], points[nearest]) > REACH_M:
            return []
        group.append(nearest)
    return group
