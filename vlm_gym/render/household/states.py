"""States of an object on its icon: steam if hot, a snowflake if cold, a sparkle if clean, a cut, and a light if on."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from vlm_gym.render.canvas import WHITE, Color, Point, rgb
from vlm_gym.render.household.brush import Brush, arc, ring, smooth

MARKED_SIZE: Final = 0.86  # of an icon that carries a mark, so that the mark hides little of it
MARKED_CENTER: Final[Point] = (50.0, 45.0)
STEAMING_SIZE: Final = 0.74  # of an icon with steam above it
STEAMING_CENTER: Final[Point] = (50.0, 62.0)

_HOT: Final = rgb("#ff5a2a")
_COLD: Final = rgb("#2f80e4")
_SPARKLE: Final = rgb("#fff06a")
_ON: Final = rgb("#35b34a")
_WARM: Final = rgb("#ff6a2a")
_FROST: Final = rgb("#7fc0ff")
_TINT: Final = 0.30
_CUT: Final[tuple[Point, ...]] = ((56, -4), (66, -4), (44, 104), (34, 104))


@dataclass(frozen=True)
class States:
    """What has been done to an object."""

    is_hot: bool = False
    is_cold: bool = False
    is_clean: bool = False
    is_sliced: bool = False
    is_toggled: bool = False


def make_room(brush: Brush, states: States) -> Brush:
    """Return the brush for the icon itself, smaller if marks need room around it."""
    if states.is_hot:
        return brush.placed(*STEAMING_CENTER, STEAMING_SIZE)
    if states.is_cold or states.is_clean:
        return brush.placed(*MARKED_CENTER, MARKED_SIZE)
    return brush


def tint(brush: Brush, states: States) -> None:
    """Warm or cool the colours of what has been drawn."""
    for is_tinted, color in ((states.is_hot, _WARM), (states.is_cold, _FROST)):
        if is_tinted:
            _blend(brush, color)


def _blend(brush: Brush, color: Color) -> None:
    inside = brush.pixels[:, :, 3] > 0
    colors = brush.pixels[inside][:, :3].astype(np.float64)
    brush.pixels[inside, :3] = np.rint(colors + (np.array(color) - colors) * _TINT).astype(np.uint8)


def cut(brush: Brush) -> None:
    """Cut what has been drawn in two: for kinds without a sliced drawing of their own."""
    brush.erase(_CUT)


def draw_marks(brush: Brush, states: States) -> None:
    """Draw a mark for each state that has one, each in its own corner."""
    if states.is_hot:
        _steam(brush)
    if states.is_cold:
        _snowflake(brush)
    if states.is_clean:
        _sparkle(brush)


def draw_power(brush: Brush) -> None:
    """Draw the sign of something that is switched on: for kinds without a lit drawing of their own."""
    brush.oval(82, 18, 16, None, _ON)
    brush.ink(arc(82, 19, 8, 8, -50, 230), 4, WHITE)
    brush.ink([(82, 7), (82, 17)], 4, WHITE)


def _steam(brush: Brush) -> None:
    for x in (27, 49, 71):
        wave = smooth((x + 4, 3), (x - 4, 11), (x + 4, 20), (x - 3, 27), is_closed=False)
        brush.ink(wave, 11, WHITE)
        brush.ink(wave, 6, _HOT)


def _snowflake(brush: Brush) -> None:
    x, y = 19, 80
    brush.oval(x, y, 18, None, _COLD)
    for degrees in (30, 90, 150):
        brush.ink(arc(x, y, 13, 13, degrees, degrees + 180, 2), 4.5, WHITE)
    for degrees in range(30, 390, 60):
        tip = arc(x, y, 10, 10, degrees, degrees + 1, 2)[0]
        brush.dot(*tip, 2.6, WHITE)


def _sparkle(brush: Brush) -> None:
    corners = zip(ring(0, 0, 1.0)[::5], (24.0, 9.5) * 4, strict=True)
    brush.shape([(77 + reach * x, 76 + reach * y) for (x, y), reach in corners], _SPARKLE, shade=False)
