"""Light and shadow, glare and noise: what lies over a finished picture, cut from a few large sheets of it."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from vlm_gym.render.canvas import Picture
from vlm_gym.render.opencv import cv2
from vlm_gym.render.seeing.look import Traits

NUM_SHEETS: Final = 6
ROOM: Final = 1.3  # how much larger a sheet is than a picture that is cut from it
SHEET_BYTES: Final = 8_000_000  # of sheets of one size and kind that are kept
DARKEST: Final = 92.0  # grey levels that a shadow takes away
BRIGHTEST: Final = 40.0  # grey levels that a glare adds
NOISE: Final = 7.0  # grey levels, standard deviation
COARSE: Final = 48  # pixels of a sheet on which soft shapes are drawn

Field = npt.NDArray[np.float32]


def shine(part: Picture, traits: Traits, size: int, left: int = 0, top: int = 0) -> None:
    """Lay light and shadow, in place, over a part of a picture of a size: where it begins there is given in pixels."""
    shade, glare = _sheets(size)(int(traits.light * NUM_SHEETS))
    rows, columns = cut(size, traits.light_left, traits.light_top)
    x, y = columns.start + left, rows.start + top
    box = slice(y, y + part.shape[0]), slice(x, x + part.shape[1])
    cv2.subtract(part, shade[box], dst=part)
    cv2.add(part, glare[box], dst=part)


def cut(size: int, left: float, top: float) -> tuple[slice, slice]:
    """Return which rows and columns of a sheet are a picture: its corner is given in shares of the room there is."""
    x, y = int(left * (room_for(size) - size + 1)), int(top * (room_for(size) - size + 1))
    return slice(y, y + size), slice(x, x + size)


def room_for(size: int) -> int:
    """Return how large a sheet is from which pictures of a size are cut."""
    return round(ROOM * size)


@lru_cache(maxsize=4)
def _sheets(size: int) -> Callable[[int], tuple[Picture, Picture]]:
    """Return what a sheet of light takes away and what it adds, by its number."""
    most = max(2, min(NUM_SHEETS, SHEET_BYTES // (6 * room_for(size) ** 2)))
    return lru_cache(maxsize=most)(lambda number: _paint(number, room_for(size)))


def _paint(number: int, size: int) -> tuple[Picture, Picture]:
    rng = np.random.default_rng((20_261_129, number))
    dark = DARKEST * _shadow(number, size, rng)
    bright = BRIGHTEST * _spots(size, 3, 0.16, rng)
    noise = rng.standard_normal((size, size, 3), np.float32) * NOISE
    noise += rng.standard_normal((size, size, 1), np.float32) * NOISE / 2
    tint = np.array(((1.0, 0.92, 0.8), (0.85, 0.95, 1.0))[number % 2], np.float32)  # of lamps and of the sky
    change = (bright * tint.mean() - dark)[..., None] * tint + noise
    return np.clip(-change, 0, 255).astype(np.uint8), np.clip(change, 0, 255).astype(np.uint8)


def _shadow(number: int, size: int, rng: np.random.Generator) -> Field:
    """Return how deep the shadow is, 0 to 1: of a blind, of leaves, of an edge, or only away from the lamp."""
    x, y = np.meshgrid(np.linspace(0, 1, size, dtype=np.float32), np.linspace(0, 1, size, dtype=np.float32))
    turn = rng.uniform(0, 2 * np.pi)
    along = (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn)
    away = 0.35 * (along + 0.7) / 1.4
    if number % 3 == 0:
        shape = _soft(np.sin(along * rng.uniform(26, 40)), 0.35)
    elif number % 3 == 1:
        shape = 1 - _soft(_spots(size, 14, 0.06, rng) - 0.45, 0.12)
    else:
        shape = _soft(along + 0.12 * np.sin(9 * (x - y)), 0.03)
    shadow: Field = (away + 0.65 * shape).clip(0, 1).astype(np.float32)
    return shadow


def _soft(values: Field, width: float) -> Field:
    """Return 0 below 0 and 1 above, with a soft edge."""
    return np.asarray(1 / (1 + np.exp(-values / width * 2)), np.float32)


def _spots(size: int, count: int, radius: float, rng: np.random.Generator) -> Field:
    """Return soft round spots, 0 to 1."""
    x, y = np.meshgrid(np.linspace(0, 1, COARSE), np.linspace(0, 1, COARSE))
    field = np.zeros((COARSE, COARSE), np.float32)
    for cx, cy, share in rng.random((count, 3)):
        wide = radius * (0.7 + 0.6 * share)
        field = np.maximum(field, np.exp(-(((x - cx) ** 2 + (y - cy) ** 2) / (2 * wide**2))).astype(np.float32))
    large: Field = np.asarray(cv2.resize(field, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)
    return large.clip(0, 1)
