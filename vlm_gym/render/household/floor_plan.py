"""The floor plan: the room from above, every receptacle with its number, the agent, and what it faces."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from vlm_gym.games.household.view import HouseholdView, SeenReceptacle
from vlm_gym.games.household.world import Pose
from vlm_gym.render.canvas import BLACK, Picture, Sketch, mix, to_picture
from vlm_gym.render.household.agent import GLOW, cone, robot
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.cache import PictureCache
from vlm_gym.render.household.furniture import furniture_plan
from vlm_gym.render.household.labels import pill
from vlm_gym.render.household.palette import HomeTheme
from vlm_gym.render.household.spread import Points, spread_out

MAX_ROOMS: Final = 256  # whose layout is remembered: small
CACHE_BYTES: Final = 12_000_000
HIGH_M: Final = 1.2  # metres above the floor, from where on furniture hangs on a wall
STACKED_M: Final = 0.4  # metres on the floor between things that stand on or above each other

_COVER: Final = 0.52  # of the floor by tiles
_LARGEST: Final = 0.1  # of the picture
_SHRINK: Final = 0.9
_SMALLEST_SHRINK: Final = 0.55
_DEEPEST: Final = 2.0  # pixels that tiles may overlap
_LIFT: Final = 6.0  # pixels up per metre of height, to begin with
_SCALES: Final = {
    "bed": 1.4, "sofa": 1.35, "diningtable": 1.35, "countertop": 1.25, "bathtubbasin": 1.3, "desk": 1.2, "fridge": 1.15,
    "coffeetable": 1.15, "dresser": 1.1, "tvstand": 1.15, "drawer": 0.9, "toaster": 0.9,
}  # fmt: skip

RoomKey = tuple[tuple[str, float, float, float], ...]


@dataclass(frozen=True)
class _Tile:
    name: str
    kind: str
    number: str
    x: float
    y: float
    size: int
    is_high: bool


@dataclass(frozen=True, eq=False)
class _Room:
    """Where everything is on the plan; `matrix` and `shift` take metres to pixels."""

    tiles: tuple[_Tile, ...]
    matrix: Points
    shift: Points
    is_turned: bool


class FloorPlan:
    """Floor plans of one size and theme."""

    def __init__(self, width: int, height: int, image_size: int, theme: HomeTheme) -> None:
        self._width, self._height, self._image_size, self._theme = width, height, image_size, theme
        self._wall = max(2, round(0.014 * image_size))
        self._largest = max(6, round(_LARGEST * image_size))
        self._font = max(5, round(0.03 * image_size))
        self._floor = self._draw_floor()
        self._pictures = PictureCache(CACHE_BYTES)
        self._room = lru_cache(maxsize=MAX_ROOMS)(self._lay_out)

    def draw(self, view: HouseholdView) -> Picture:
        """Return the plan: not writable."""
        room = self._room(tuple([(r.name, r.x, r.y, r.height) for r in view.receptacles]))
        facing = tuple([r.name for r in view.receptacles if r.is_here])
        return self._pictures.get((room, view.agent, facing), lambda: self._draw(room, view.agent, facing))

    def _draw(self, room: _Room, agent: Pose, facing: Sequence[str]) -> Picture:
        picture = self._floor.copy()
        x, y = self._stand(room, agent)
        degrees = (agent.heading + (90 if room.is_turned else 0)) % 360
        size, reach = max(7, round(0.075 * self._image_size)), round(0.3 * self._image_size)
        blend(picture, cone(reach, degrees), round(x - reach / 2), round(y - reach / 2))
        for tile in room.tiles:
            self._draw_tile(picture, tile, tile.name in facing)
        blend(picture, robot(size, degrees, self._theme), round(x - size / 2), round(y - size / 2))
        for tile in room.tiles:
            self._draw_number(picture, tile, tile.name in facing)
        return picture

    def _stand(self, room: _Room, agent: Pose) -> tuple[float, float]:
        point = room.matrix @ np.array([agent.x, agent.y]) + room.shift
        margin = self._wall + 0.04 * self._image_size
        x, y = np.clip(point, margin, [self._width - margin, self._height - margin])
        return float(x), float(y)

    def _draw_tile(self, picture: Picture, tile: _Tile, is_faced: bool) -> None:
        left, top = round(tile.x - tile.size / 2), round(tile.y - tile.size / 2)
        if is_faced:
            edge = max(1, round(0.01 * self._image_size))
            blend(picture, _halo(tile.size + 2 * edge, edge, self._theme), left - edge, top - edge)
        blend(picture, furniture_plan(tile.kind, tile.size, self._theme, False), left, top)

    def _draw_number(self, picture: Picture, tile: _Tile, is_faced: bool) -> None:
        if tile.size < 1.2 * self._font:
            return
        ground = GLOW if is_faced else self._theme.second_accent if tile.is_high else self._theme.paper
        ink = self._theme.paper if tile.is_high and not is_faced else BLACK
        sprite = pill((tile.number,), self._font, ground, ink)
        height, width = sprite.shape[:2]
        blend(picture, sprite, round(tile.x + tile.size / 2) - width + 2, round(tile.y + tile.size / 2) - height + 2)

    def _draw_floor(self) -> Picture:
        theme, wall = self._theme, self._wall
        sketch = Sketch(self._width, self._height, mix(theme.wall, theme.ink, 0.45))
        sketch.box(1, 1, self._width - 1, self._height - 1, 0, theme.wall)
        sketch.box(wall, wall, self._width - wall, self._height - wall, 0, theme.floor)
        step, line = max(5, round(0.045 * self._image_size)), max(0.5, self._image_size / 400)
        light = mix(theme.floor, theme.floor_line, 0.6)
        for row, y in enumerate(range(wall, self._height - wall, step)):
            bottom = min(y + step, self._height - wall)
            sketch.box(wall, bottom - line, self._width - wall, bottom, 0, light)
            for x in range(wall + (37 * row) % (4 * step), self._width - wall, 4 * step):
                sketch.box(x, y, x + line, bottom, 0, light)
        sketch.box(wall, wall, self._width - wall, wall + 2 * line, 0, mix(theme.floor, theme.ink, 0.25))
        return to_picture(sketch.finish())

    def _lay_out(self, key: RoomKey) -> _Room:
        """Place the tiles of a room: as large as they fit, turned if the room is deeper than wide."""
        points = np.array([[x, y] for _, x, y, _ in key], np.float64).reshape(-1, 2)
        heights = np.array([height for _, _, _, height in key], np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        is_turned = bool(high[1] - low[1] > high[0] - low[0])
        turn = np.array([[0.0, 1.0], [1.0, 0.0]]) if is_turned else np.array([[1.0, 0.0], [0.0, -1.0]])
        corners = np.sort(turn @ np.column_stack([low, high]), axis=1)
        margin = self._wall + 0.5 * self._largest
        room = np.array([self._width - 2 * margin, self._height - 2 * margin])
        scale = room / np.maximum(corners[:, 1] - corners[:, 0], 1.0)
        matrix = scale[:, None] * turn
        shift = margin + room / 2 - scale * corners.mean(axis=1)
        targets = points @ matrix.T + shift
        targets[:, 1] -= _LIFT * heights * self._image_size / 300
        return _Room(self._place(key, targets), matrix, shift, is_turned)

    def _place(self, key: RoomKey, targets: Points) -> tuple[_Tile, ...]:
        kinds = [name.rpartition(" ")[0] for name, _, _, _ in key]
        scales = np.array([_SCALES.get(kind, 1.0) for kind in kinds])
        inside = np.array([self._width, self._height]) - 2.0 * self._wall
        base = min(self._largest, math.sqrt(_COVER * inside[0] * inside[1] / float((scales**2).sum())))
        shrink = 1.0
        while True:
            sizes = np.maximum(5, np.rint(shrink * base * scales))
            margins = np.full(2, float(self._wall))
            places, depth = spread_out(targets, np.column_stack([sizes, sizes]) + 2, margins, inside + margins)
            if depth < _DEEPEST or shrink < _SMALLEST_SHRINK:
                break
            shrink *= _SHRINK
        return tuple(
            _Tile(name, kind, name.rpartition(" ")[2], float(x), float(y), int(size), _is_high(key, index))
            for index, (name, kind, (x, y), size) in enumerate(zip([k[0] for k in key], kinds, places, sizes, strict=True))
        )


def _is_high(key: RoomKey, index: int) -> bool:
    """Whether a receptacle hangs on a wall, or stands on or above another one."""
    _, x, y, height = key[index]
    return height > HIGH_M or any(
        height > other + STACKED_M and math.hypot(x - other_x, y - other_y) < STACKED_M for _, other_x, other_y, other in key
    )


@lru_cache(maxsize=64)
def _halo(size: int, edge: int, theme: HomeTheme) -> Picture:
    """Return the ground of what the agent faces, RGBA."""
    shape, inner = Sketch(size, size, (0, 0, 0)), Sketch(size, size, theme.ink)
    shape.box(0, 0, size, size, 2.5 * edge, (255, 255, 255))
    inner.box(edge * 0.4, edge * 0.4, size - edge * 0.4, size - edge * 0.4, 2.3 * edge, GLOW)
    return np.dstack([np.asarray(inner.finish()), np.asarray(shape.finish())[:, :, 0]])
