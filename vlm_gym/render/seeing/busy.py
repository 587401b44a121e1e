"""Busy tables: boards, cloths and stone, with coins, chips, pencils and stains; nothing that can be read."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np

from vlm_gym.render.canvas import Color, Picture
from vlm_gym.render.opencv import cv2
from vlm_gym.render.seeing.light import cut, room_for
from vlm_gym.render.seeing.look import Traits

NUM_TABLES: Final = 8
TABLE_BYTES: Final = 6_000_000  # of tables of one size that are kept
NUM_THINGS: Final = 26
SHIFT: Final = 4  # bits behind the point of coordinates

_CLOTHS: Final[tuple[tuple[Color, Color], ...]] = (
    ((122, 78, 44), (92, 56, 30)),
    ((178, 52, 52), (232, 222, 210)),
    ((52, 74, 104), (84, 110, 142)),
    ((128, 126, 122), (96, 94, 92)),
    ((160, 118, 72), (126, 88, 52)),
    ((38, 96, 84), (196, 190, 150)),
    ((88, 60, 96), (128, 96, 132)),
    ((176, 172, 166), (120, 118, 116)),
)
_THINGS: Final[tuple[Color, ...]] = (
    (206, 164, 74), (168, 172, 178), (156, 36, 44), (36, 82, 150), (34, 34, 40), (222, 178, 52), (60, 120, 70),
)  # fmt: skip


def busy_table(size: int, traits: Traits) -> Picture:
    """Return a piece of a busy table, (size, size, 3), to be drawn on."""
    table = _tables(size)(int(traits.table * NUM_TABLES))
    return table[cut(size, traits.table_left, traits.table_top)].copy()


@lru_cache(maxsize=4)
def _tables(size: int) -> Callable[[int], Picture]:
    most = max(2, min(NUM_TABLES, TABLE_BYTES // (3 * room_for(size) ** 2)))
    return lru_cache(maxsize=most)(lambda number: _paint(number, room_for(size)))


def _paint(number: int, size: int) -> Picture:
    rng = np.random.default_rng((29_112_026, number))
    table = (_boards, _checks, _stripes, _stone)[number % 4](size, *_CLOTHS[number], rng)
    for i in range(NUM_THINGS):
        center, reach = (rng.random(2) * size).tolist(), float(size * rng.uniform(0.018, 0.04))
        color = _THINGS[int(rng.integers(len(_THINGS)))]
        (_coin, _pencil, _chip, _stain)[i % 4](table, center, reach, color, float(rng.uniform(0, 2 * np.pi)))
    return table


def _boards(size: int, color: Color, other: Color, rng: np.random.Generator) -> Picture:
    """Paint wood: boards with a grain."""
    grain = cv2.resize(rng.random((size, max(2, size // 40)), np.float32), (size, size)) - 0.5
    table = np.empty((size, size, 3), np.float32)
    step = size // 6
    for top in range(0, size, step):
        share = float(rng.uniform(0, 0.7))
        table[top : top + step] = np.array(color) * (1 - share) + np.array(other) * share
        table[top : top + max(1, size // 200)] *= 0.55
    return np.clip(table + 34 * grain[..., None], 0, 255).astype(np.uint8)


def _checks(size: int, color: Color, other: Color, rng: np.random.Generator) -> Picture:
    """Paint a checked cloth; where bands cross it is darker."""
    step = size // int(rng.integers(11, 16))
    bands = (np.arange(size) // step % 2).astype(np.float32)
    share = (bands[:, None] + bands[None, :])[..., None] / 2
    return (np.array(other) * (1 - share) + np.array(color) * share).astype(np.uint8)


def _stripes(size: int, color: Color, other: Color, rng: np.random.Generator) -> Picture:
    """Paint slanted stripes."""
    x, y = np.meshgrid(np.arange(size), np.arange(size))
    slant, step = float(rng.uniform(-1, 1)), size / float(rng.uniform(14, 20))
    share = ((x + slant * y) / step % 2 < 1)[..., None]
    return np.where(share, np.array(color), np.array(other)).astype(np.uint8)


def _stone(size: int, color: Color, other: Color, rng: np.random.Generator) -> Picture:
    """Paint stone: clouds of several sizes."""
    share = np.zeros((size, size), np.float32)
    for cells, weight in ((6, 0.5), (18, 0.3), (60, 0.35)):
        share += weight * cv2.resize(
            rng.random((cells, cells), np.float32), (size, size), interpolation=cv2.INTER_CUBIC
        )
    share = np.clip(share, 0, 1)[..., None]
    return (np.array(color) * (1 - share) + np.array(other) * share).astype(np.uint8)


def _points(points: Any) -> Any:
    return np.round(np.array(points) * (1 << SHIFT)).astype(np.int32)


def _disc(table: Picture, center: Any, reach: float, color: Any, width: int = -1) -> None:
    x, y = _points(center).tolist()
    cv2.circle(table, (x, y), round(reach * (1 << SHIFT)), color, width, cv2.LINE_AA, SHIFT)


def _dimmed(color: Color, share: float) -> Any:
    return tuple(int(channel * share) for channel in color)


def _coin(table: Picture, center: Any, reach: float, color: Color, _turn: float) -> None:
    _disc(table, center, reach, _dimmed(color, 0.55))
    _disc(table, center, 0.88 * reach, color)
    _disc(table, center, 0.66 * reach, _dimmed(color, 0.8), max(1, round(reach / 12)))


def _chip(table: Picture, center: Any, reach: float, color: Color, turn: float) -> None:
    _disc(table, center, 1.25 * reach, _dimmed(color, 0.5))
    _disc(table, center, 1.17 * reach, color)
    x, y = _points(center).tolist()
    axes = (round(reach * (1 << SHIFT)),) * 2
    for spoke in range(6):
        start = np.degrees(turn) + 60 * spoke
        cv2.ellipse(
            table, (x, y), axes, 0, start, start + 24, (236, 232, 224), max(1, round(reach / 3)), cv2.LINE_AA, SHIFT
        )
    _disc(table, center, 0.6 * reach, _dimmed(color, 0.8))


def _pencil(table: Picture, center: Any, reach: float, color: Color, turn: float) -> None:
    along, across = np.array((np.cos(turn), np.sin(turn))), np.array((-np.sin(turn), np.cos(turn)))
    middle, half, wide = np.array(center), 3.2 * reach, 0.22 * reach
    body = [middle - half * along + wide * across, middle + half * along + wide * across]
    body += [middle + half * along - wide * across, middle - half * along - wide * across]
    tip = [body[1], middle + (half + 0.9 * reach) * along, body[2]]
    cv2.fillPoly(table, [_points(body)], color, cv2.LINE_AA, SHIFT)
    cv2.fillPoly(table, [_points([body[0], body[1], middle + half * along, middle - half * along])],
                 _dimmed(color, 0.75), cv2.LINE_AA, SHIFT)  # fmt: skip
    cv2.fillPoly(table, [_points(tip)], (222, 190, 148), cv2.LINE_AA, SHIFT)


def _stain(table: Picture, center: Any, reach: float, _color: Color, _turn: float) -> None:
    """Leave the ring of a wet cup."""
    ring = table.copy()
    _disc(ring, center, 2.2 * reach, (70, 48, 34), max(1, round(0.3 * reach)))
    cv2.addWeighted(ring, 0.4, table, 0.6, 0, dst=table)
