"""Where things are on the floor plan: true coordinates, turned to fit, stretched where it is crowded, moved apart."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from vlm_gym.games.household.world import Pose
from vlm_gym.render.household.spread import Floor, Points

Line: TypeAlias = npt.NDArray[np.float64]  # (n,)

Pixel: TypeAlias = tuple[float, float]  # x and y
Pull: TypeAlias = tuple[float, Pixel]  # the cost of a squared pixel away from a point
Cost: TypeAlias = Callable[[Line, Line], Points]  # of columns and rows

RoomKey = tuple[tuple[str, float, float, float], ...]
"""Of every receptacle the name, x, y and height in metres."""

HIGH_M: Final = 1.2  # metres above the floor, from where on furniture hangs on a wall
STACKED_M: Final = 0.4  # metres: nearer than that on the floor, and higher by that, is above

_COVER: Final = 0.5  # of the floor by tiles
_LEAST_EVENNESS, _MOST_EVENNESS = 0.15, 0.65
"""0: places are in proportion to metres; 1: each receptacle gets the same share of an axis."""
_FEW, _MANY = 8, 40  # receptacles, with which an axis is stretched least and most
_SHRINK: Final = 0.94
_SMALLEST: Final = 3  # pixels
_SPACE: Final = 0.0125  # of the picture, between tiles: numbers stick out
_LIFT_M: Final = 0.2  # metres up the plan per metre of height, so that what is above is drawn above
_SCALES: Final = {  # few different ones: tiles of one size can change places
    "bed": 1.4, "sofa": 1.4, "diningtable": 1.4, "bathtubbasin": 1.2, "countertop": 1.2, "desk": 1.2, "fridge": 1.2,
    "coffeetable": 1.2, "dresser": 1.2, "tvstand": 1.2,
}  # fmt: skip
_FAR: Final = 0.15  # of the picture: how far a tile may be moved before all become smaller, down to
_LEAST: Final = 0.05  # of the picture
_OVERLAP_COST: Final = 8.0  # square pixels of the agent's way, per square pixel that it would hide
_CLEAR_COST: Final = 80.0  # the same where the agent stands clear of furniture
_AIM: Final = 15  # degrees: few directions, whose drawings can be remembered
_FACING_COST: Final = 2.0  # per square pixel of the way to the place in front of what it faces
_BEHIND_COST: Final = 20.0  # per squared pixel that it stands too near to that or beyond it
_NEAR: Final = 32.0  # pixels from the wished place, where the best one is looked for first
_STEP: Final = 2.0  # pixels between the places that are tried


class Tile(NamedTuple):
    """A receptacle on the plan: the middle of its symbol and its size in pixels."""

    name: str
    kind: str
    number: str
    x: float
    y: float
    size: int
    is_high: bool


@dataclass(frozen=True)
class _Axis:
    """One axis of the plan: metres and the pixels that they go to, both rising."""

    metres: Line
    pixels: Line

    def place(self, values: Line) -> Line:
        """Return the pixels of coordinates; what is outside goes to the edge."""
        return np.interp(values, self.metres, self.pixels)


@dataclass(frozen=True, eq=False)
class Room:
    """The layout of a room on the plan."""

    tiles: tuple[Tile, ...]
    axes: tuple[_Axis, _Axis]
    is_turned: bool
    corner: Points  # (2,), the lower right

    def screen_heading(self, agent: Pose) -> int:
        """Return where the agent looks on the plan: degrees clockwise from up."""
        return (agent.heading + (90 if self.is_turned else 0)) % 360

    def stand(self, agent: Pose, facing: tuple[str, ...], size: int) -> tuple[float, float]:
        """Return where the agent is drawn: near its place, hiding little, and behind what it faces."""
        faced, here = self._faced(facing), (1.0, self._place(agent))
        if not faced:
            return self._cheapest(size, _OVERLAP_COST, here)
        middle, (right, down) = _middle(faced), self._ahead(agent)

        def cost_behind(x: Line, y: Line) -> Points:
            ahead = right * (middle[0] - x[None]) + down * (middle[1] - y[:, None])
            return np.asarray(_BEHIND_COST * np.maximum(0.0, size - ahead) ** 2)

        front = _FACING_COST, self._front(faced, agent, size)
        return self._cheapest(size, _OVERLAP_COST, here, front, cost_behind)

    def stand_clear(self, agent: Pose, facing: tuple[str, ...], size: int) -> tuple[float, float, int]:
        """Return where the agent is drawn, clear of furniture near what it faces, and where it looks: at that.

        Degrees are clockwise from up.
        """
        faced, here = self._faced(facing), (1.0, self._place(agent))
        if not faced:
            return *self._cheapest(size, _CLEAR_COST, here), self.screen_heading(agent)
        left, top = self._cheapest(size, _CLEAR_COST, here, (_FACING_COST, self._front(faced, agent, size)))
        middle = _middle(faced)
        degrees = math.degrees(math.atan2(middle[0] - left, top - middle[1]))
        return left, top, round(degrees / _AIM) * _AIM % 360

    def _cheapest(
        self, size: int, overlap_cost: float, here: Pull, front: Pull | None = None, more: Cost | None = None
    ) -> tuple[float, float]:
        """Return the place of the least cost, the first of several: for the way, for what is hidden, and more.

        Near the wished place first: that counts if nothing beyond could cost as little.
        """
        pulls = [here] if front is None else [here, front]
        x, y, hidden = _grid(self, size)

        def best_of(rows: slice, columns: slice) -> tuple[float, float, float]:
            xs, ys = x[columns], y[rows]
            cost = _squared_way(xs, ys, here[1]) + overlap_cost * hidden[rows, columns]
            if front is not None:
                pulled = front[0] * _squared_way(xs, ys, front[1])
                cost += pulled if more is None else pulled + more(xs, ys)
            cost = np.rint(cost)
            row, column = divmod(int(cost.argmin()), len(xs))
            return cost.item(row, column), float(xs[column]), float(ys[row])

        wish, weight, least = _least_pull(pulls)
        rows, columns = _near(y, wish[1]), _near(x, wish[0])
        if rows.start < rows.stop and columns.start < columns.stop:
            cost, left, top = best_of(rows, columns)
            if cost < least + weight * _NEAR**2 - 1:  # -1: costs are rounded
                return left, top
        return best_of(slice(None), slice(None))[1:]

    def _place(self, agent: Pose) -> Pixel:
        """Return the place that the agent has in the room."""
        metres = (agent.y, agent.x) if self.is_turned else (agent.x, -agent.y)
        x, y = (float(np.interp(at, axis.metres, axis.pixels)) for at, axis in zip(metres, self.axes, strict=True))
        return x, y

    def places(self, size: int) -> tuple[Line, Line]:
        """Return the columns and rows where the agent can be drawn."""
        x, y = (np.arange(size / 2, self.corner[axis] - size / 2, _STEP) for axis in (0, 1))
        return x, y

    def _front(self, faced: list[Tile], agent: Pose, size: int) -> Pixel:
        """Return the place in front of what is faced, where the agent's heading has it."""
        distance = (max([tile.size for tile in faced]) + size) / 2 + _STEP
        (x, y), (right, down) = _middle(faced), self._ahead(agent)
        return x - distance * right, y - distance * down

    def _ahead(self, agent: Pose) -> tuple[int, int]:
        """Return the agent's heading on the plan as steps to the right and down."""
        angle = math.radians(self.screen_heading(agent))
        return round(math.sin(angle)), round(-math.cos(angle))

    def _faced(self, facing: tuple[str, ...]) -> list[Tile]:
        return [tile for tile in self.tiles if tile.name in facing]


@lru_cache(maxsize=96)  # rooms: those of 64 environments, and some that begin
def _grid(room: Room, size: int) -> tuple[Line, Line, Points]:
    """Return the columns and rows where the agent can be drawn, and how many square pixels of tiles it would hide."""
    x, y = room.places(size)
    reach = (np.array([tile.size for tile in room.tiles]) + size) / 2
    across = np.maximum(0.0, reach - np.abs(x[:, None] - np.array([tile.x for tile in room.tiles])))
    down = np.maximum(0.0, reach - np.abs(y[:, None] - np.array([tile.y for tile in room.tiles])))
    return x, y, np.asarray(down @ across.T)


def _middle(tiles: list[Tile]) -> Pixel:
    count = len(tiles)
    return sum([tile.x for tile in tiles]) / count, sum([tile.y for tile in tiles]) / count


def _least_pull(pulls: Sequence[Pull]) -> tuple[Pixel, float, float]:
    """Return the point that costs least, what a squared pixel away from it costs, and what it costs itself."""
    weight = sum([pull for pull, _ in pulls])
    x, y = (sum([pull * point[axis] for pull, point in pulls]) / weight for axis in (0, 1))
    least = sum([pull * ((x - point[0]) ** 2 + (y - point[1]) ** 2) for pull, point in pulls])
    return (x, y), weight, least


def _near(axis: Line, value: float) -> slice:
    """Return the part of an axis that is near a value."""
    return slice(int(axis.searchsorted(value - _NEAR)), int(axis.searchsorted(value + _NEAR, "right")))


def _squared_way(x: Line, y: Line, point: Pixel) -> Points:
    return np.asarray((x[None] - point[0]) ** 2 + (y[:, None] - point[1]) ** 2)


def lay_out(key: RoomKey, low: Points, high: Points, largest: int, image_size: int) -> Room:
    """Place the receptacles of a room between two corners of the plan."""
    points = np.array([[x, y] for _, x, y, _ in key], np.float64)
    extent = np.ptp(points, axis=0)
    is_turned = bool(extent[1] > extent[0])
    screen = _on_screen(points, is_turned)
    screen[:, 1] -= _LIFT_M * np.array([height for _, _, _, height in key])
    margin = 0.6 * largest
    x, y = (_axis(screen[:, axis], low[axis] + margin, high[axis] - margin) for axis in (0, 1))
    targets = np.column_stack([x.place(screen[:, 0]), y.place(screen[:, 1])])
    return Room(_place(key, targets, (low, high), largest, image_size), (x, y), is_turned, high)


def _on_screen(points: Points, is_turned: bool) -> Points:
    """Return metres to the right and down: +y is up, or to the right in a room that is turned clockwise."""
    return points[:, ::-1].copy() if is_turned else points * np.array([1.0, -1.0])


def _axis(values: Line, low: float, high: float) -> _Axis:
    """Stretch an axis where there is much on it."""
    metres, counts = np.unique(values, return_counts=True)
    if len(metres) == 1:
        return _Axis(metres, np.array([(low + high) / 2]))
    evenness = np.interp(len(values), (_FEW, _MANY), (_LEAST_EVENNESS, _MOST_EVENNESS))
    even = np.cumsum(counts) - counts / 2
    shares = [(part - part[0]) / (part[-1] - part[0]) for part in (metres, even)]
    return _Axis(metres, low + (high - low) * ((1 - evenness) * shares[0] + evenness * shares[1]))


def _place(
    key: RoomKey, targets: Points, corners: tuple[Points, Points], largest: int, image_size: int
) -> tuple[Tile, ...]:
    """Place the tiles, as large as there is room for."""
    names = [name for name, _, _, _ in key]
    kinds = [name.rpartition(" ")[0] for name in names]
    scales = np.array([_SCALES.get(kind, 1.0) for kind in kinds])
    area = float(np.prod(corners[1] - corners[0]))
    base, places = min(float(largest), math.sqrt(_COVER * area / float((scales**2).sum()))), None
    space, floor = max(1, round(_SPACE * image_size)), Floor(targets, *corners)
    while places is None:
        sizes = np.maximum(_SMALLEST, np.rint(base * scales))
        farthest = _FAR * image_size if base > _LEAST * image_size else math.inf
        places = floor.place(np.column_stack([sizes, sizes]) + space, farthest)
        if places is None and base < _SMALLEST:
            places = targets
        base *= _SHRINK
    rows = zip(names, kinds, places.tolist(), sizes.tolist(), strict=True)
    is_high = _which_are_high(key)
    return tuple(
        Tile(name, kind, name.rpartition(" ")[2], x, y, int(size), is_high[index])
        for index, (name, kind, (x, y), size) in enumerate(rows)
    )


def _which_are_high(key: RoomKey) -> list[bool]:
    """Return whether each receptacle hangs on a wall, or stands on or above another one."""
    x, y, height = np.array([place for _, *place in key]).T
    is_stacked = (
        (height[:, None] > height + STACKED_M)
        & (np.abs(x[:, None] - x) < STACKED_M)
        & (np.abs(y[:, None] - y) < STACKED_M)
    )
    is_high: list[bool] = (height > HIGH_M).tolist()
    for upper, lower in np.argwhere(is_stacked).tolist():
        is_high[upper] |= math.hypot(x[upper] - x[lower], y[upper] - y[lower]) < STACKED_M
    return is_high
