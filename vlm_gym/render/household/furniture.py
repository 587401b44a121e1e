"""Furniture: a large front view, with the areas where things lie, and a small symbol for a floor plan."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.brush import Brush, Sprite
from vlm_gym.render.household.front_bath import BATH_FRONTS
from vlm_gym.render.household.front_kitchen import KITCHEN_FRONTS, crate
from vlm_gym.render.household.front_seats import SEATS
from vlm_gym.render.household.front_storage import STORAGE
from vlm_gym.render.household.front_tables import TABLES
from vlm_gym.render.household.palette import HomeTheme, read_home_theme
from vlm_gym.render.household.recipe import FrontRecipe, bare_kind
from vlm_gym.render.household.symbols import SYMBOLS, unknown_symbol

FRONTS: Final[dict[str, FrontRecipe]] = {**TABLES, **STORAGE, **SEATS, **BATH_FRONTS, **KITCHEN_FRONTS}
OPENABLE: Final = ("cabinet", "drawer", "fridge", "microwave", "safe")
HANGERS: Final = ("handtowelholder", "paintinghanger", "toiletpaperhanger", "towelholder")
"""What hangs from these should be drawn as large as its area, so that it touches the hanger."""

_PROPORTIONS: Final = {  # width by height, least and most; what does not fill its frame stands at the bottom
    "armchair": (0.85, 1.25), "bathtubbasin": (1.1, 2.0), "bed": (0.75, 1.3), "cabinet": (0.7, 1.3), "cart": (0.8, 1.3),
    "coffeemachine": (0.75, 1.05), "drawer": (0.9, 1.6), "fridge": (0.55, 0.85), "garbagecan": (0.7, 1.0),
    "handtowelholder": (0.6, 1.0), "laundryhamper": (0.7, 1.0), "microwave": (1.3, 1.8), "safe": (0.8, 1.2),
    "ottoman": (0.85, 1.5), "sidetable": (0.8, 1.2), "sofa": (1.2, 2.2), "stoveburner": (0.9, 1.3),
    "toaster": (1.1, 1.5), "toilet": (0.6, 1.0), "toiletpaperhanger": (0.7, 1.1), "towelholder": (0.8, 1.4),
    "tvstand": (1.0, 2.4),
}  # fmt: skip
_WIDE_PROPORTION: Final = (0.85, 1.8)  # of what makes room for its contents
_ANY_PROPORTION: Final = (0.85, 2.4)
_FRONT_EDGE: Final = 1.0  # pixels, and a share of the size
_FRONT_EDGE_SHARE: Final = 0.005


@dataclass(frozen=True)
class Front:
    """A front view and the areas, in its pixels, where its contents are drawn: none if it is closed."""

    pixels: Sprite
    areas: tuple[Area, ...]


def furniture_front(
    kind: str, width: int, height: int, theme: object, is_open: bool, *, is_wide: bool = False
) -> Front:
    """Return the front view of a receptacle, `(height, width, 4)` RGBA; drawn once and cached, so not writable.

    `is_open` counts for the kinds in `OPENABLE` only; `is_wide` makes what is narrow by nature as wide as a full one
    has to be. An unknown kind is a crate.
    """
    name = bare_kind(kind)
    return _front(name, width, height, read_home_theme(theme), is_open and name in OPENABLE, is_wide)


def furniture_plan(kind: str, size: int, theme: object, is_open: bool) -> Sprite:
    """Return the symbol of a receptacle for the floor plan, `(size, size, 4)` RGBA; cached, so not writable."""
    name = bare_kind(kind)
    return _plan(name, size, read_home_theme(theme), is_open and name in OPENABLE)


@lru_cache(maxsize=128)
def _front(kind: str, width: int, height: int, theme: HomeTheme, is_open: bool, is_wide: bool) -> Front:
    narrowest, widest = _WIDE_PROPORTION if is_wide else _PROPORTIONS.get(kind, _ANY_PROPORTION)
    inner_width, inner_height = min(width, round(height * widest)), min(height, round(width / narrowest))
    brush = Brush(inner_width, inner_height, theme, _FRONT_EDGE + _FRONT_EDGE_SHARE * min(width, height))
    areas = FRONTS.get(kind, crate)(brush, is_open)
    left, top = (width - inner_width) // 2, height - inner_height
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[top:, left : left + inner_width] = brush.finish()
    pixels.flags.writeable = False
    scale = inner_width / brush.width
    return Front(pixels, tuple(area.scaled(scale).moved(left, top) for area in areas))


@lru_cache(maxsize=512)
def _plan(kind: str, size: int, theme: HomeTheme, is_open: bool) -> Sprite:
    brush = Brush(size, size, theme)
    SYMBOLS.get(kind, unknown_symbol)(brush, is_open)
    pixels = brush.finish()
    pixels.flags.writeable = False
    return pixels
