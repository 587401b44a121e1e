"""The stove, the coffee machine and the toaster; and the crate that stands for an unknown receptacle."""

from typing import Final

from vlm_gym.render.canvas import WHITE, mix, rgb
from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.brush import Brush, arc, ring
from vlm_gym.render.household.recipe import FrontRecipe

_ENAMEL: Final = rgb("#30343c")
_GLOWING: Final = rgb("#e0703f")
_COFFEE: Final = rgb("#6b3f22")


def _stove_burner(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    near = height * 0.8
    brush.shape([(10, 5), (width - 10, 5), (width - 3, near), (3, near)], _ENAMEL, shade=False)
    middle, y = width / 2, near * 0.53
    radius, tall = width * 0.34, near * 0.36
    for share in (1.0, 0.7, 0.4):
        spiral = [*ring(middle, y, radius * share, tall * share), (middle + radius * share, y)]
        brush.line(spiral, 8, mix(_GLOWING, _ENAMEL, 0.5 - 0.5 * share))
    brush.box(2, near, width - 2, height - 2, brush.theme.appliance, 3)
    for share in (0.2, 0.4, 0.6, 0.8):
        brush.oval(width * share, (near + height) / 2 - 1, 5.5, None, brush.theme.dark_metal)
        brush.ink([(width * share, (near + height) / 2 - 5), (width * share, (near + height) / 2 - 1)], 1.8, WHITE)
    return (Area(16, 8, width - 16, near - 4),)


def _coffee_machine(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    left, right = 4.0, width - 4.0
    body = mix(_ENAMEL, brush.theme.dark_metal, 0.3)
    brush.box(left, 4, right, height - 4, body, 7, shade=False)
    bay_left, bay_right, top, bottom = left + 9, right - 25, height * 0.34, height - 17
    brush.box(bay_left, top, bay_right, bottom, mix(brush.theme.metal, WHITE, 0.45), 2, shade=False)
    middle = (bay_left + bay_right) / 2
    brush.shape(
        [(middle - 14, top - 2), (middle + 14, top - 2), (middle + 7, top + 10), (middle - 7, top + 10)],
        brush.theme.dark_metal,
    )
    brush.ink([(middle, top + 13), (middle, top + 18)], 3, _COFFEE)
    brush.box(left - 1, bottom, right + 1, height - 3, brush.theme.metal, 3)
    brush.box(left + 8, 10, bay_right, top - 9, mix(body, WHITE, 0.25), 3, shade=False)
    _cup_sign(brush, left + 20, (10 + top - 9) / 2)
    for y, color in ((height * 0.22, brush.theme.accent), (height * 0.36, rgb("#6fd08a"))):
        brush.oval(right - 13, y, 5.5, None, color)
    brush.box(right - 19, height * 0.46, right - 7, bottom - 4, rgb("#bfe0ee"), 2, shade=False)
    return (Area(bay_left + 3, top + 12, bay_right - 3, bottom - 1),)


def _cup_sign(brush: Brush, x: float, y: float) -> None:
    brush.shape([(x - 5, y - 3), (x + 5, y - 3), (x + 4, y + 5), (x - 4, y + 5)], WHITE, edge=False)
    brush.ink(arc(x + 5, y, 3, 2.6, -90, 90, 10), 1.5, WHITE)
    brush.ink([(x - 2, y - 5), (x - 2, y - 8)], 1.4, WHITE)
    brush.ink([(x + 2, y - 5), (x + 2, y - 8)], 1.4, WHITE)


def _toaster(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    left, right = 5.0, width - 12.0
    top = height * 0.52
    for x in (left + 14, right - 14):
        brush.line([(x, height - 6), (x, height - 4)], 9, brush.theme.ink)
    brush.box(left, top, right, height - 6, brush.theme.accent, 12)
    brush.box(left + 8, top - 7, right - 8, top + 13, brush.theme.metal, 8)
    for y in (top - 1, top + 6):
        brush.line([(left + 18, y), (right - 18, y)], 4, brush.theme.ink, edge=False)
    brush.box(right - 2, top + 16, right + 8, top + 24, brush.theme.ink, 3, edge=False)
    brush.oval(left + 18, height - 20, 6, None, brush.theme.paper)
    return (Area(left + 12, 4, right - 12, top + 3),)


def crate(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    """Draw the neutral open crate that stands for a receptacle without a drawing."""
    width, height, wood = brush.width, brush.height, brush.theme.wood
    brush.box(4, 4, width - 4, height * 0.7, brush.theme.inside, 2, shade=False)
    for top in (height * 0.66, height * 0.82):
        brush.box(3, top, width - 3, top + height * 0.15, wood, 1)
    for left in (3, width - 13):
        brush.box(left, 3, left + 10, height - 3, wood, 1)
    return (Area(16, 7, width - 16, height * 0.66),)


KITCHEN_FRONTS: Final[dict[str, FrontRecipe]] = {
    "coffeemachine": _coffee_machine,
    "stoveburner": _stove_burner,
    "toaster": _toaster,
}
