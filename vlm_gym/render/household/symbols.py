"""Symbols of furniture for the floor plan: few bold shapes, told apart at 16 pixels."""

from typing import Final

from vlm_gym.render.household.brush import Brush
from vlm_gym.render.household.recipe import SymbolRecipe
from vlm_gym.render.household.symbols_dry import DRY_SYMBOLS
from vlm_gym.render.household.symbols_wet import WET_SYMBOLS

SYMBOLS: Final[dict[str, SymbolRecipe]] = {**DRY_SYMBOLS, **WET_SYMBOLS}


def unknown_symbol(brush: Brush, _is_open: bool) -> None:
    """Draw the neutral crate that stands for a receptacle without a symbol."""
    brush.box(10, 14, 90, 88, brush.theme.wood, 3)
    brush.ink([(14, 18), (86, 84)], 7)
    brush.ink([(86, 18), (14, 84)], 7)
