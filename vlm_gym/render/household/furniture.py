"""Furniture: a large front view, with the areas where things lie, and a small symbol for a floor plan."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

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

_FRONT_EDGE: Final = 1.0  # pixels, and a share of the size
_FRONT_EDGE_SHARE: Final = 0.005


@dataclass(frozen=True)
class Front:
    """A front view and the areas, in its pixels, where its contents are drawn: none if it is closed."""

    pixels: Sprite
    areas: tuple[Area, ...]


def furniture_front(kind: str, width: int, height: int, theme: object, is_open: bool) -> Front:
    """Return the front view of a receptacle, `(height, width, 4)` RGBA; drawn once and cached, so not writable.

    `is_open` counts for the kinds in `OPENABLE` only. An unknown kind is a crate.
    """
    name = bare_kind(kind)
    return _front(name, width, height, read_home_theme(theme), is_open and name in OPENABLE)


def furniture_plan(kind: str, size: int, theme: object, is_open: bool) -> Sprite:
    """Return the symbol of a receptacle for the floor plan, `(size, size, 4)` RGBA; cached, so not writable."""
    name = bare_kind(kind)
    return _plan(name, size, read_home_theme(theme), is_open and name in OPENABLE)


@lru_cache(maxsize=128)
def _front(kind: str, width: int, height: int, theme: HomeTheme, is_open: bool) -> Front:
    brush = Brush(width, height, theme, _FRONT_EDGE + _FRONT_EDGE_SHARE * min(width, height))
    areas = FRONTS.get(kind, crate)(brush, is_open)
    pixels = brush.finish()
    pixels.flags.writeable = False
    scale = width / brush.width
    return Front(pixels, tuple(area.scaled(scale) for area in areas))


@lru_cache(maxsize=512)
def _plan(kind: str, size: int, theme: HomeTheme, is_open: bool) -> Sprite:
    brush = Brush(size, size, theme)
    SYMBOLS.get(kind, unknown_symbol)(brush, is_open)
    pixels = brush.finish()
    pixels.flags.writeable = False
    return pixels
