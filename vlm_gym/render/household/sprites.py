"""Icons of objects: drawn once for a kind, a size, a theme and a state, and cached."""

from functools import lru_cache
from typing import Final

from vlm_gym.render.household.bath import BATH
from vlm_gym.render.household.bottles import BOTTLES
from vlm_gym.render.household.brush import Brush, Sprite
from vlm_gym.render.household.desk import DESK, parcel
from vlm_gym.render.household.fixtures import FIXTURES, LIT_FIXTURES
from vlm_gym.render.household.food import FOOD, SLICED_FOOD
from vlm_gym.render.household.kitchenware import KITCHENWARE
from vlm_gym.render.household.leisure import LEISURE
from vlm_gym.render.household.palette import HomeTheme, read_home_theme
from vlm_gym.render.household.recipe import Recipe, bare_kind
from vlm_gym.render.household.states import States, cut, draw_marks, draw_power, make_room, tint
from vlm_gym.render.household.symbols import SYMBOLS

OBJECTS: Final[dict[str, Recipe]] = {**FOOD, **KITCHENWARE, **BOTTLES, **BATH, **DESK, **LEISURE, **FIXTURES}


def object_sprite(
    kind: str,
    size: int,
    theme: object,
    *,
    is_hot: bool = False,
    is_cold: bool = False,
    is_clean: bool = False,
    is_sliced: bool = False,
    is_toggled: bool = False,
) -> Sprite:
    """Return the icon of an object, `(size, size, 4)` RGBA; drawn once and cached, so not writable.

    A receptacle gets its floor-plan symbol, and an unknown kind a parcel with a question mark.
    """
    states = States(is_hot, is_cold, is_clean, is_sliced, is_toggled)
    return _sprite(bare_kind(kind), size, read_home_theme(theme), states)


@lru_cache(maxsize=1024)
def _sprite(kind: str, size: int, theme: HomeTheme, states: States) -> Sprite:
    brush = Brush(size, size, theme)
    _draw(kind, make_room(brush, states), states)
    tint(brush, states)
    draw_marks(brush, states)
    pixels = brush.finish()
    pixels.flags.writeable = False
    return pixels


def _draw(kind: str, brush: Brush, states: States) -> None:
    lit = LIT_FIXTURES.get(kind) if states.is_toggled else None
    sliced = SLICED_FOOD.get(kind) if states.is_sliced else None
    _draw_whole(kind, brush, sliced or lit)
    if states.is_sliced and sliced is None:
        cut(brush)
    if states.is_toggled and lit is None:
        draw_power(brush)


def _draw_whole(kind: str, brush: Brush, recipe: Recipe | None) -> None:
    if recipe is not None:
        recipe(brush)
        return
    if kind in SYMBOLS and kind not in OBJECTS:
        SYMBOLS[kind](brush, False)
        return
    OBJECTS.get(kind, parcel)(brush)
