"""The floor plan: the room from above, every receptacle with its number, the agent, and what it faces."""

from functools import lru_cache
from typing import Final

import numpy as np

from vlm_gym.games.household.view import HouseholdView
from vlm_gym.games.household.world import Pose
from vlm_gym.render.canvas import BLACK, Color, Picture, Sketch, mix, to_picture
from vlm_gym.render.household.agent import GLOW, cone, robot
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.brush import Sprite
from vlm_gym.render.household.cache import PictureCache
from vlm_gym.render.household.furniture import furniture_plan
from vlm_gym.render.household.labels import number_pill
from vlm_gym.render.household.palette import HomeTheme
from vlm_gym.render.household.room import Room, RoomKey, Tile, lay_out

MAX_ROOMS: Final = 256  # whose layout is remembered: small
CACHE_BYTES: Final = 10_000_000  # of each kind of picture: at 300 pixels the rooms of 64 environments

_LARGEST: Final = 0.095  # of the picture
_ROBOT: Final = 0.075
_REACH: Final = 0.32  # of the field of view
_NUMBER: Final = 0.03
_OVERHANG: Final = 0.01  # of a number over its tile
_LARGE: Final = 0.07  # of a tile: numbers on smaller ones are smaller
_LEAST_NUMBERED: Final = 1.3  # times the font size: on smaller tiles numbers would hide everything


class FloorPlan:
    """Floor plans of one size and theme; furniture that is drawn over the agent is never hidden by it."""

    def __init__(
        self, width: int, height: int, image_size: int, theme: HomeTheme, *, is_agent_below: bool = False
    ) -> None:
        self._is_agent_below = is_agent_below
        self._width, self._height, self._image_size, self._theme = width, height, image_size, theme
        self._wall = max(2, round(0.014 * image_size))
        self._font = max(5, round(_NUMBER * image_size))
        self._floor = self._draw_floor()
        self._empty = PictureCache(CACHE_BYTES)
        self._numbers = PictureCache(CACHE_BYTES)
        self._pictures = PictureCache(CACHE_BYTES)
        self._room = lru_cache(maxsize=MAX_ROOMS)(self._lay_out)

    def draw(self, view: HouseholdView) -> Picture:
        """Return the plan: not writable."""
        room = self._room(tuple([(r.name, r.x, r.y, r.height) for r in view.receptacles]))
        facing = tuple([r.name for r in view.receptacles if r.is_here])
        return self._pictures.get((room, view.agent, facing), lambda: self._draw(room, view.agent, facing))

    def _lay_out(self, key: RoomKey) -> Room:
        low = np.full(2, self._wall + 1.0)
        high = np.array([self._width, self._height]) - low
        return lay_out(key, low, high, max(6, round(_LARGEST * self._image_size)), self._image_size)

    def _draw(self, room: Room, agent: Pose, facing: tuple[str, ...]) -> Picture:
        picture = self._empty.get(room, lambda: self._draw_room(room)).copy()
        size, reach = max(7, round(_ROBOT * self._image_size)), round(_REACH * self._image_size)
        if self._is_agent_below:
            x, y, heading = room.stand_clear(agent, facing, size)
        else:
            (x, y), heading = room.stand(agent, facing, size), room.screen_heading(agent)
        inside = picture[self._wall : -self._wall, self._wall : -self._wall]
        blend(inside, cone(reach, heading), round(x - reach / 2) - self._wall, round(y - reach / 2) - self._wall)
        faced = [tile for tile in room.tiles if tile.name in facing]
        agent_sprite, left, top = robot(size, heading, self._theme), round(x - size / 2), round(y - size / 2)
        if self._is_agent_below:
            blend(picture, agent_sprite, left, top)
            for tile in room.tiles:
                if max(abs(tile.x - x), abs(tile.y - y)) < (tile.size + size) / 2 + 1 and tile not in faced:
                    self._draw_tile(picture, tile, is_faced=False)
        for tile in faced:
            self._draw_tile(picture, tile, is_faced=True)
        if not self._is_agent_below:
            blend(picture, agent_sprite, left, top)
        self._draw_numbers(picture, room, (round(x - reach / 2), round(y - reach / 2), reach))
        for tile in faced if self._has_numbers(room) else ():
            self._draw_number(picture, tile, is_faced=True)
        return picture

    def _draw_room(self, room: Room) -> Picture:
        picture = self._floor.copy()
        for tile in room.tiles:
            self._draw_tile(picture, tile, is_faced=False)
        self._draw_numbers(picture, room, (0, 0, max(self._width, self._height)))
        return picture

    def _draw_numbers(self, picture: Picture, room: Room, square: tuple[int, int, int]) -> None:
        """Draw the numbers within a square, given by its left, its top and its size."""
        left, top, size = max(0, square[0]), max(0, square[1]), square[2]
        numbers = self._numbers.get(room, lambda: self._write_numbers(room))
        blend(picture[top : square[1] + size, left : square[0] + size], numbers, -left, -top)

    def _write_numbers(self, room: Room) -> Sprite:
        """Return all numbers of a room on nothing: one sprite is laid faster than dozens."""
        layer = np.zeros((self._height, self._width, 4), np.uint8)
        for tile in room.tiles if self._has_numbers(room) else ():
            pill, left, top = self._number(tile, is_faced=False)
            ground = layer[top : top + pill.shape[0], left : left + pill.shape[1]]
            np.copyto(ground, pill, where=pill[:, :, 3:] >= ground[:, :, 3:])
        return layer

    def _draw_tile(self, picture: Picture, tile: Tile, *, is_faced: bool) -> None:
        left, top = round(tile.x - tile.size / 2), round(tile.y - tile.size / 2)
        if is_faced:
            edge = max(1, round(0.01 * self._image_size))
            blend(picture, _halo(tile.size + 2 * edge, edge, self._theme), left - edge, top - edge)
        blend(picture, furniture_plan(tile.kind, tile.size, self._theme, False), left, top)

    def _has_numbers(self, room: Room) -> bool:
        return min(tile.size for tile in room.tiles) >= _LEAST_NUMBERED * self._font

    def _draw_number(self, picture: Picture, tile: Tile, *, is_faced: bool) -> None:
        blend(picture, *self._number(tile, is_faced=is_faced))

    def _number(self, tile: Tile, *, is_faced: bool) -> tuple[Sprite, int, int]:
        """Return a tile's number, and the left and top where it goes."""
        font = self._font if tile.size >= _LARGE * self._image_size else max(5, self._font - 1)
        colors = _number_colors(self._theme, is_high=tile.is_high, is_faced=is_faced)
        sprite = number_pill((tile.number,), font, *colors)
        overhang = round(_OVERHANG * self._image_size)
        left = round(tile.x + tile.size / 2) - sprite.shape[1] + overhang
        top = round(tile.y + tile.size / 2) - sprite.shape[0] + overhang
        return (
            sprite,
            max(0, min(left, self._width - sprite.shape[1])),
            max(0, min(top, self._height - sprite.shape[0])),
        )

    def _draw_floor(self) -> Picture:
        theme, wall, right, bottom = self._theme, self._wall, self._width - self._wall, self._height - self._wall
        sketch = Sketch(self._width, self._height, mix(theme.wall, theme.ink, 0.45))
        sketch.box(1, 1, self._width - 1, self._height - 1, 0, theme.wall)
        sketch.box(wall, wall, right, bottom, 0, theme.floor)
        step, line = max(5, round(0.045 * self._image_size)), max(0.5, self._image_size / 400)
        light = mix(theme.floor, theme.floor_line, 0.6)
        for row, y in enumerate(range(wall, bottom, step)):
            end = min(y + step, bottom)
            sketch.box(wall, end - line, right, end, 0, light)
            for x in range(wall + (37 * row) % (4 * step), right, 4 * step):
                sketch.box(x, y, x + line, end, 0, light)
        sketch.box(wall, wall, right, wall + 2 * line, 0, mix(theme.floor, theme.ink, 0.25))
        return to_picture(sketch.finish())


def _number_colors(theme: HomeTheme, *, is_high: bool, is_faced: bool) -> tuple[Color, Color]:
    """Return the ground and the ink of a number: yellow if it is faced, coloured if it is high up."""
    if is_faced:
        return GLOW, BLACK
    return (mix(theme.second_accent, BLACK, 0.25), theme.paper) if is_high else (theme.paper, BLACK)


@lru_cache(maxsize=64)
def _halo(size: int, edge: int, theme: HomeTheme) -> Sprite:
    """Return the ground of what the agent faces, RGBA."""
    shape, inner = Sketch(size, size, (0, 0, 0)), Sketch(size, size, theme.ink)
    shape.box(0, 0, size, size, 2.5 * edge, (255, 255, 255))
    inner.box(edge * 0.4, edge * 0.4, size - edge * 0.4, size - edge * 0.4, 2.3 * edge, GLOW)
    sprite = np.dstack([np.asarray(inner.finish()), np.asarray(shape.finish())[:, :, 0]])
    sprite.flags.writeable = False
    return sprite
