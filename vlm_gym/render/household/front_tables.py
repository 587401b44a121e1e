"""Tables, desks and counters seen from the front and above: most of the drawing is the top, where things lie."""

from typing import Final

from vlm_gym.render.canvas import WHITE, Color, mix, rgb
from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.brush import Brush, ring
from vlm_gym.render.household.recipe import FrontRecipe

_INSET: Final = 7.0  # how much narrower the far edge of a top is on each side
_THICK: Final = 5.0


def _top(brush: Brush, color: Color, far: float, near: float, left: float = 2.0) -> Area:
    """Draw a table top with its front edge, and return where things lie on it."""
    right = brush.width - left
    brush.box(left, near - 1, right, near + _THICK, mix(color, brush.theme.ink, 0.25), 1.5)
    brush.shape([(left + _INSET, far), (right - _INSET, far), (right, near), (left, near)], color, shade=False)
    for share in (0.3, 0.62):
        y, inset = far + (near - far) * share, _INSET * (1 - share)
        brush.ink([(left + inset + 6, y), (right - inset - 6, y)], 0.9, mix(color, brush.theme.ink, 0.16))
    return Area(left + _INSET, far + 2, right - _INSET, near - 1.5)


def _panel(brush: Brush, left: float, top: float, right: float, bottom: float, color: Color, knobs: int = 1) -> None:
    """Draw a drawer front or a door with knobs."""
    brush.box(left, top, right, bottom, color, 1.5)
    for index in range(knobs):
        x = left + (right - left) * (index + 1) / (knobs + 1)
        brush.oval(x, (top + bottom) / 2, 2.2, None, brush.theme.metal)


def _countertop(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    far, near = height * 0.13, height * 0.66
    brush.box(2 + _INSET, 2, width - 2 - _INSET, far + 3, brush.theme.paper, shade=False)
    for index in range(1, 9):
        x = 2 + _INSET + (width - 4 - 2 * _INSET) * index / 9
        brush.ink([(x, 3), (x, far)], 1.2, brush.theme.metal)
    brush.ink([(4 + _INSET, far / 2 + 1), (width - 4 - _INSET, far / 2 + 1)], 1.2, brush.theme.metal)
    brush.box(5, near, width - 5, height - 6, brush.theme.wood, shade=False)
    brush.box(8, height - 7, width - 8, height - 1, brush.theme.dark_wood, shade=False)
    doors = 4 if width > 160 else 3
    step = (width - 14) / doors
    for index in range(doors):
        left = 7 + step * index
        _panel(brush, left + 1, near + 8, left + step - 1, height - 9, brush.theme.wood)
    return (_top(brush, brush.theme.stone, far, near),)


def _dining_table(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    wood, dark, cloth = brush.theme.wood, brush.theme.dark_wood, brush.theme.paper
    far, near = height * 0.15, height * 0.72
    for x in (width * 0.3, width * 0.7):
        brush.box(x - 17, 2, x + 17, far + 6, dark, 5)
        brush.box(x - 11, 8, x + 11, far + 6, brush.theme.inside, 2, shade=False)
        brush.line([(x, 8), (x, far)], 5, dark)
    for x in (11, width - 11):
        brush.line([(x, near), (x, height - 4)], 9, dark)
    brush.box(2, near - 1, width - 2, near + _THICK, wood, 1.5)
    area = _top(brush, wood, far, near)
    brush.shape([(18, far), (width - 18, far), (width - 13, near + 2), (13, near + 2)], cloth, shade=False)
    brush.shape([(13, near + 2), (width - 13, near + 2), (width - 14, near + 16), (14, near + 16)], cloth)
    brush.ink([(15, near + 11), (width - 15, near + 11)], 2.5, brush.theme.accent)
    return (area,)


def _coffee_table(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height, wood = brush.width, brush.height, brush.theme.dark_wood
    far, near = height * 0.12, height * 0.8
    brush.oval(width / 2, height * 0.84, width * 0.49, height * 0.14, brush.theme.accent)
    brush.shape(
        ring(width / 2, height * 0.84, width * 0.42, height * 0.1), mix(brush.theme.accent, WHITE, 0.4), edge=False
    )
    for x in (width * 0.16, width * 0.84):
        brush.line([(x, near - 6), (x, height * 0.93)], 8, wood)
    brush.box(2, far + 6, width - 2, near + 6, mix(wood, brush.theme.ink, 0.3), 26)
    brush.box(2, far, width - 2, near, wood, 26, shade=False)
    brush.box(9, far + 7, width - 9, near - 7, rgb("#cfe5e8"), 20, shade=False)
    for x in (0.24, 0.3):
        brush.ink([(width * x, near - 16), (width * x + 20, far + 16)], 2.5, WHITE)
    return (Area(13, far + 9, width - 13, near - 8),)


def _side_table(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height, wood = brush.width, brush.height, mix(brush.theme.wood, brush.theme.paper, 0.25)
    for x in (13, width - 13):
        brush.line([(x, height * 0.6), (x + (x - width / 2) * 0.08, height - 4)], 7, wood)
    brush.box(10, height * 0.9, width - 10, height * 0.95, wood, 1)
    _panel(brush, 8, height * 0.6, width - 8, height * 0.8, wood)
    return (_top(brush, wood, height * 0.05, height * 0.6),)


def _desk(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    near, dark = height * 0.62, brush.theme.dark_wood
    brush.box(6, near, width - 6, height * 0.78, mix(dark, brush.theme.ink, 0.45), shade=False)
    brush.box(5, near, 14, height - 2, dark, 1)
    split = width * 0.56
    brush.box(split, near, width - 5, height - 2, dark, 1)
    step = (height - 4 - near - 6) / 3
    for index in range(3):
        top = near + 6 + step * index
        _panel(brush, split + 3, top, width - 8, top + step - 1, brush.theme.wood)
    area = _top(brush, brush.theme.wood, height * 0.04, near)
    mat = [
        (width * 0.3, height * 0.16),
        (width * 0.7, height * 0.16),
        (width * 0.76, near - 5),
        (width * 0.24, near - 5),
    ]
    brush.shape(mat, mix(brush.theme.second_accent, brush.theme.ink, 0.25), shade=False)
    return (area,)


def _dresser(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    far, near = height * 0.13, height * 0.58
    for x in (10, width - 10):
        brush.line([(x, height - 8), (x, height - 3)], 6, brush.theme.dark_wood)
    brush.box(width * 0.2, 1, width * 0.8, far + 5, brush.theme.dark_wood, 5)
    brush.box(width * 0.2 + 5, 5, width * 0.8 - 5, far + 5, rgb("#cfe6ef"), 2, shade=False)
    brush.box(4, near, width - 4, height - 5, brush.theme.dark_wood, 1, shade=False)
    middle = (near + height) / 2 + 1
    for left, right in ((7, width / 2 - 1.5), (width / 2 + 1.5, width - 7)):
        _panel(brush, left, near + 7, right, middle - 1, brush.theme.wood, 2)
        _panel(brush, left, middle + 1, right, height - 8, brush.theme.wood, 2)
    return (_top(brush, brush.theme.wood, far, near),)


def _tv_stand(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    near, dark = height * 0.6, brush.theme.dark_metal
    brush.box(4, near, width - 4, height - 3, dark, 1, shade=False)
    for left, right in ((9, width / 2 - 2), (width / 2 + 2, width - 9)):
        brush.box(left, near + 8, right, height - 8, mix(dark, brush.theme.ink, 0.7), shade=False)
    brush.box(14, height - 17, width / 2 - 8, height - 9, brush.theme.ink, 1)
    brush.dot(20, height - 13, 1.6, brush.theme.accent)
    brush.box(width / 2 + 10, height - 16, width - 18, height - 9, brush.theme.metal, 1)
    return (_top(brush, mix(dark, WHITE, 0.3), height * 0.06, near),)


def _cart(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    metal = brush.theme.metal
    for x in (12, width - 12):
        brush.line([(x, height * 0.06), (x, height - 10)], 5, metal)
        brush.oval(x, height - 6, 5.5, None, brush.theme.dark_metal)
    brush.line([(12, height * 0.06), (3, height * 0.06)], 5, metal)
    areas = []
    for bottom in (height * 0.46, height * 0.86):
        brush.box(7, bottom, width - 7, bottom + 6, brush.theme.accent, 2)
        brush.ink([(14, bottom - 8), (width - 14, bottom - 8)], 1.8, brush.theme.dark_metal)
        areas.append(Area(17, bottom - height * 0.36, width - 17, bottom))
    return tuple(areas)


def _shelf(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    brush.box(3, 2, width - 3, height - 2, mix(brush.theme.dark_wood, brush.theme.paper, 0.55), 2, shade=False)
    boards = 3 if height > 130 else 2
    step = (height - 9) / boards
    areas = []
    for index in range(boards):
        bottom = 4 + step * (index + 1) - 4
        brush.box(3, bottom, width - 3, bottom + 6, brush.theme.wood)
        areas.append(Area(12, bottom - step + 7, width - 12, bottom))
    for left in (2, width - 9):
        brush.box(left, 2, left + 7, height - 2, brush.theme.wood, 1)
    brush.box(2, 1, width - 2, 7, brush.theme.wood, 1)
    return tuple(areas)


def _round_dots(brush: Brush, points: list[tuple[float, float]], color: Color) -> None:
    for x, y in points:
        brush.shape(ring(x, y, 1.7), color, edge=False)


def _ottoman(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    fabric, near = brush.theme.fabric, height * 0.66
    for x in (14, width - 14):
        brush.line([(x, height - 12), (x, height - 4)], 8, brush.theme.dark_wood)
    brush.box(5, near - 8, width - 5, height - 9, mix(fabric, brush.theme.ink, 0.2), 6)
    brush.shape([(13, height * 0.1), (width - 13, height * 0.1), (width - 3, near), (3, near)], fabric, shade=False)
    brush.line([(5, near), (width - 5, near)], 6, fabric)
    _round_dots(
        brush,
        [(width * x, height * y) for x in (0.2, 0.4, 0.6, 0.8) for y in (0.22, 0.48)],
        mix(fabric, brush.theme.ink, 0.35),
    )
    return (Area(13, height * 0.12, width - 13, near - 3),)


TABLES: Final[dict[str, FrontRecipe]] = {
    "cart": _cart,
    "coffeetable": _coffee_table,
    "countertop": _countertop,
    "desk": _desk,
    "diningtable": _dining_table,
    "dresser": _dresser,
    "ottoman": _ottoman,
    "shelf": _shelf,
    "sidetable": _side_table,
    "tvstand": _tv_stand,
}
