"""What a recipe is: a function that draws one thing with a brush.

An icon is drawn on the square from (0, 0) to (100, 100), furniture on the whole brush.
"""

from collections.abc import Callable
from typing import TypeAlias

from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.brush import Brush

Recipe: TypeAlias = Callable[[Brush], None]
FrontRecipe: TypeAlias = Callable[[Brush, bool], tuple[Area, ...]]  # draws furniture, open or closed; where things lie
SymbolRecipe: TypeAlias = Callable[[Brush, bool], None]  # draws furniture, open or closed, on the square of an icon


def bare_kind(kind: str) -> str:
    """Return the key of a kind: "RemoteControlType", "remotecontroltype" and "remotecontrol" are one."""
    return kind.lower().removesuffix("type")
