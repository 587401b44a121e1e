"""What opens: cabinets, drawers, the fridge, the microwave, the safe; and bins and hampers, which are always open."""

from typing import Final

from vlm_gym.render.canvas import WHITE, Color, mix, rgb
from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.brush import Brush, arc, ring
from vlm_gym.render.household.recipe import FrontRecipe

_COLD: Final = rgb("#e6f3fb")
_WICKER: Final = rgb("#cda568")
_WARM: Final = rgb("#fff2c9")


def _shelves(brush: Brush, inside: Area, count: int, color: Color) -> tuple[Area, ...]:
    """Draw boards across an opening, and return the room above each."""
    step = inside.height / count
    bottoms = [inside.top + step * (index + 1) for index in range(count)]
    for bottom in bottoms[:-1]:
        brush.box(inside.left, bottom - 3, inside.right, bottom, color, shade=False)
    tops = [inside.top, *bottoms[:-1]]
    ends = [*(bottom - 3 for bottom in bottoms[:-1]), inside.bottom]
    return tuple(Area(inside.left + 3, t + 1, inside.right - 3, e) for t, e in zip(tops, ends, strict=True))


def _leaf(brush: Brush, hinge: float, edge: float, top: float, bottom: float, color: Color) -> None:
    """Draw a door that is swung out: its free edge is nearer and so looks taller."""
    brush.shape([(hinge, top), (edge, top - 1), (edge, bottom + 1), (hinge, bottom)], color)


def _cabinet(brush: Brush, is_open: bool) -> tuple[Area, ...]:
    width, height, wood = brush.width, brush.height, brush.theme.wood
    door = width * 0.13
    if not is_open:
        brush.box(3, 3, width - 3, height - 3, brush.theme.dark_wood, 2, shade=False)
        for left, right, knob in ((7, width / 2 - 1, width / 2 - 8), (width / 2 + 1, width - 7, width / 2 + 8)):
            brush.box(left, 8, right, height - 8, wood, 2)
            brush.box(left + 8, 17, right - 8, height - 17, mix(wood, WHITE, 0.15), 1)
            brush.oval(knob, height / 2, 3.4, None, brush.theme.metal)
        return ()
    brush.box(door, 3, width - door, height - 3, brush.theme.dark_wood, 1, shade=False)
    inside = Area(door + 4, 7, width - door - 4, height - 7)
    brush.box(inside.left, inside.top, inside.right, inside.bottom, brush.theme.inside, shade=False)
    areas = _shelves(brush, inside, 3 if height > 130 else 2, wood)
    for hinge, edge in ((door, 2), (width - door, width - 2)):
        _leaf(brush, hinge, edge, 3, height - 3, wood)
        brush.oval(edge + (hinge - edge) * 0.3, height / 2, 2.4, 3.4, brush.theme.metal)
    return areas


def _drawer(brush: Brush, is_open: bool) -> tuple[Area, ...]:
    width, height, wood = brush.width, brush.height, brush.theme.wood
    brush.box(3, 3, width - 3, height - 3, brush.theme.dark_wood, 2, shade=False)
    if not is_open:
        for top, bottom in ((7, height * 0.2), (height * 0.8, height - 7)):
            brush.box(8, top, width - 8, bottom, mix(wood, brush.theme.dark_wood, 0.55), 2, shade=False)
        brush.box(6, height * 0.2 + 3, width - 6, height * 0.8 - 3, mix(wood, WHITE, 0.15), 3)
        brush.box(14, height * 0.2 + 11, width - 14, height * 0.8 - 11, mix(wood, WHITE, 0.15), 2, shade=False)
        _handle(brush, width / 2, height / 2)
        return ()
    inside = Area(11, height * 0.09, width - 11, height * 0.74)
    brush.shape([(14, 6), (width - 14, 6), (width - 5, inside.bottom), (5, inside.bottom)], wood, shade=False)
    brush.shape(
        [(19, 10), (width - 19, 10), (width - 11, inside.bottom), (11, inside.bottom)], brush.theme.inside, shade=False
    )
    brush.shape(
        [(19, 10), (width - 19, 10), (width - 20, 17), (20, 17)],
        mix(brush.theme.inside, brush.theme.ink, 0.3),
        edge=False,
    )
    brush.box(2, inside.bottom - 1, width - 2, height - 2, mix(wood, WHITE, 0.15), 2)
    _handle(brush, width / 2, (inside.bottom + height) / 2 - 2)
    return (Area(17, 11, width - 17, inside.bottom - 2),)


def _handle(brush: Brush, x: float, y: float) -> None:
    brush.line([(x - 14, y), (x + 14, y)], 5, brush.theme.metal)


def _fridge(brush: Brush, is_open: bool) -> tuple[Area, ...]:
    width, height, color = brush.width, brush.height, brush.theme.appliance
    if not is_open:
        left, right, split = 3.0, width - 3.0, height * 0.34
        for x in (left + 10, right - 10):
            brush.line([(x, height - 5), (x, height - 3)], 6, brush.theme.dark_metal)
        brush.box(left, 3, right, split, color, 6)
        brush.box(left, split, right, height - 4, color, 6)
        brush.line([(left + 11, split - 22), (left + 11, split - 8)], 6, brush.theme.dark_metal)
        brush.line([(left + 11, split + 9), (left + 11, split + 36)], 6, brush.theme.dark_metal)
        brush.box(right - 34, 14, right - 14, 22, brush.theme.metal, 2, shade=False)
        return ()
    door = width * 0.2
    right = width - door
    brush.box(3, 3, right, height - 3, color, 4, shade=False)
    inside = Area(8, 8, right - 4, height - 9)
    brush.box(inside.left, inside.top, inside.right, inside.bottom, _COLD, 2, shade=False)
    areas = _shelves(brush, inside, 3, rgb("#a9d3ea"))
    brush.shape([(right, 3), (width - 2, 1), (width - 2, height - 1), (right, height - 3)], color, shade=False)
    for share in (0.3, 0.6, 0.9):
        brush.box(right + 3, height * share - 7, width - 4, height * share, rgb("#a9d3ea"), 1, shade=False)
    brush.oval((inside.left + inside.right) / 2, 9, 7, 3, _WARM)
    return areas


def _keypad(brush: Brush, left: float, right: float, height: float) -> None:
    brush.box(left + 3, height * 0.16, right - 3, height * 0.28, rgb("#20352c"), 1, shade=False)
    brush.ink([(left + 6, height * 0.22), (right - 6, height * 0.22)], 2.4, rgb("#6ff0a2"))
    for row in range(3):
        for share in (0.3, 0.7):
            brush.dot(left + (right - left) * share, height * (0.4 + 0.13 * row), 2.6, brush.theme.metal)
    brush.box(left + 4, height * 0.76, right - 4, height * 0.85, brush.theme.accent, 2, shade=False)


def _microwave(brush: Brush, is_open: bool) -> tuple[Area, ...]:
    width, height, dark = brush.width, brush.height, brush.theme.dark_metal
    keys = width - max(20.0, width * 0.2)
    for x in (14, width - 14):
        brush.line([(x, height - 6), (x, height - 4)], 8, brush.theme.ink)
    door = width * 0.14 if is_open else 0
    brush.box(3 + door, 4, width - 3, height - 6, brush.theme.appliance, 4, shade=False)
    brush.box(keys, 8, width - 6, height - 10, dark, 2, shade=False)
    _keypad(brush, keys, width - 6, height)
    if not is_open:
        brush.box(7, 9, keys - 2, height - 11, mix(dark, WHITE, 0.25), 3, shade=False)
        brush.box(14, 18, keys - 16, height - 20, rgb("#1d2733"), 4, shade=False)
        brush.ink([(22, height * 0.62), (44, height * 0.3)], 4, rgb("#4f6377"))
        brush.line([(keys - 9, 20), (keys - 9, height - 22)], 5, brush.theme.metal)
        return ()
    inside = Area(door + 8, 9, keys - 3, height - 12)
    brush.box(inside.left, inside.top, inside.right, inside.bottom, _WARM, 3, shade=False)
    brush.oval((inside.left + inside.right) / 2, inside.bottom - 6, inside.width * 0.42, 5, rgb("#cfe2ea"))
    brush.shape([(door + 4, 5), (2, 1), (2, height - 1), (door + 4, height - 7)], mix(dark, WHITE, 0.25), shade=False)
    brush.shape([(door, 14), (6, 12), (6, height - 12), (door, height - 16)], rgb("#1d2733"), edge=False)
    return (Area(inside.left + 4, inside.top + 3, inside.right - 4, inside.bottom - 4),)


def _safe(brush: Brush, is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    steel, dark = brush.theme.dark_metal, mix(brush.theme.dark_metal, brush.theme.ink, 0.5)
    for x in (14, width - 14):
        brush.line([(x, height - 6), (x, height - 4)], 9, dark)
    brush.box(3, 3, width - 3, height - 6, dark, 4, shade=False)
    if not is_open:
        brush.box(10, 10, width - 10, height - 13, steel, 3)
        x, y = width / 2, height / 2 - 2
        for degrees in (0, 60, 120):
            brush.line(arc(x, y, 24, 24, degrees, degrees + 180, 2), 5, brush.theme.metal)
        brush.oval(x, y, 14, None, brush.theme.metal)
        brush.oval(x, y, 6, None, steel)
        for top in (20, height - 34):
            brush.box(5, top, 13, top + 11, brush.theme.metal, 2)
        return ()
    door = width * 0.2
    inside = Area(9, 9, width - door - 3, height - 12)
    brush.box(inside.left, inside.top, inside.right, inside.bottom, mix(steel, WHITE, 0.55), 1, shade=False)
    areas = _shelves(brush, inside, 2, steel)
    brush.shape([(width - door, 4), (width - 2, 1), (width - 2, height - 2), (width - door, height - 8)], steel)
    x, y = width - door * 0.45, height / 2 - 2
    brush.oval(x, y, door * 0.3, door * 0.6, brush.theme.metal)
    brush.line([(x, y - 16), (x, y + 16)], 4, brush.theme.metal)
    return areas


def _mouth(brush: Brush, color: Color, top: float) -> Area:
    """Draw the wide open top of a bin and its dark inside, and return where things lie in it."""
    width = brush.width
    bottom = brush.height * 0.68
    brush.box(4, top, width - 4, bottom, color, 26, shade=False)
    brush.box(10, top + 5, width - 10, bottom - 4, mix(color, brush.theme.ink, 0.55), 21, shade=False)
    return Area(15, top + 8, width - 15, bottom - 6)


def _garbage_can(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    color = mix(brush.theme.dark_metal, rgb("#4f7f63"), 0.6)
    brush.shape([(8, height * 0.5), (width - 8, height * 0.5), (width - 18, height - 3), (18, height - 3)], color)
    for share in (0.3, 0.5, 0.7):
        x = width * share
        brush.line([(x, height * 0.75), (x + (width / 2 - x) * 0.12, height - 11)], 5, mix(color, WHITE, 0.3))
    return (_mouth(brush, color, 4),)


def _laundry_hamper(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    brush.box(9, height * 0.4, width - 9, height - 3, _WICKER, 6)
    weave = mix(_WICKER, brush.theme.ink, 0.4)
    y = height * 0.74
    while y < height - 8:
        for x in range(16, int(width) - 20, 14):
            brush.ink([(x, y), (x + 8, y)], 2.2, weave)
        y += 7
    area = _mouth(brush, _WICKER, 4)
    brush.shape(ring(width / 2, height * 0.83, 11, 4), mix(_WICKER, brush.theme.ink, 0.7), edge=False)
    return (area,)


STORAGE: Final[dict[str, FrontRecipe]] = {
    "cabinet": _cabinet,
    "drawer": _drawer,
    "fridge": _fridge,
    "garbagecan": _garbage_can,
    "laundryhamper": _laundry_hamper,
    "microwave": _microwave,
    "safe": _safe,
}
