"""Floor-plan symbols of beds, seats, tables and cupboards."""

from typing import Final

from vlm_gym.render.canvas import WHITE, mix, rgb
from vlm_gym.render.household.brush import Brush
from vlm_gym.render.household.recipe import SymbolRecipe

_WATER: Final = rgb("#8fd0ee")
_DARK: Final = rgb("#3a3f49")


def _bed(brush: Brush, _is_open: bool) -> None:
    brush.box(12, 4, 88, 96, brush.theme.wood, 4)
    brush.box(18, 14, 82, 92, brush.theme.paper, 4, shade=False)
    for left in (22, 52):
        brush.box(left, 17, left + 26, 36, WHITE, 5, shade=False)
    brush.box(12, 44, 88, 96, brush.theme.fabric, 4)


def _sofa(brush: Brush, _is_open: bool) -> None:
    fabric = brush.theme.fabric
    brush.box(4, 22, 96, 52, fabric, 8)
    brush.box(14, 44, 86, 78, mix(fabric, WHITE, 0.35), 4)
    brush.ink([(50, 46), (50, 76)])
    for left in (2, 80):
        brush.box(left, 36, left + 18, 82, fabric, 8)


def _arm_chair(brush: Brush, _is_open: bool) -> None:
    fabric = brush.theme.accent
    brush.box(20, 10, 80, 56, fabric, 10)
    brush.box(26, 48, 74, 78, mix(fabric, WHITE, 0.35), 4)
    for left in (10, 70):
        brush.box(left, 40, left + 20, 86, fabric, 8)


def _ottoman(brush: Brush, _is_open: bool) -> None:
    brush.oval(50, 50, 40, None, brush.theme.fabric)
    for x, y in ((35, 35), (65, 35), (35, 65), (65, 65), (50, 50)):
        brush.dot(x, y, 5)


def _dining_table(brush: Brush, _is_open: bool) -> None:
    for x, y in ((50, 12), (50, 88), (12, 50), (88, 50)):
        brush.box(x - 12, y - 10, x + 12, y + 10, brush.theme.dark_wood, 4)
    brush.oval(50, 50, 36, None, brush.theme.wood)


def _coffee_table(brush: Brush, _is_open: bool) -> None:
    brush.oval(50, 46, 46, 20, brush.theme.wood)
    for x in (22, 78):
        brush.line([(x, 58), (x, 86)], 12, brush.theme.dark_wood)


def _side_table(brush: Brush, _is_open: bool) -> None:
    for x in (28, 72):
        brush.line([(x, 40), (x, 92)], 12, brush.theme.dark_wood)
    brush.box(20, 34, 80, 62, brush.theme.wood, 2)
    brush.box(12, 18, 88, 36, brush.theme.wood, 3)
    brush.dot(50, 50, 6)


def _desk(brush: Brush, _is_open: bool) -> None:
    brush.box(4, 20, 96, 36, brush.theme.wood, 2)
    brush.box(8, 36, 20, 92, brush.theme.wood)
    brush.box(54, 36, 92, 92, brush.theme.wood)
    brush.ink([(56, 64), (90, 64)])
    for y in (50, 78):
        brush.dot(73, y, 5)


def _dresser(brush: Brush, _is_open: bool) -> None:
    brush.box(6, 12, 94, 90, brush.theme.wood, 3)
    brush.ink([(50, 14), (50, 88)])
    for y in (38, 64):
        brush.ink([(8, y), (92, y)])
    for y in (26, 51, 77):
        for x in (28, 72):
            brush.dot(x, y, 5)


def _tv_stand(brush: Brush, _is_open: bool) -> None:
    brush.box(12, 8, 88, 58, _DARK, 4)
    brush.box(20, 15, 80, 51, _WATER, edge=False)
    brush.box(4, 64, 96, 92, brush.theme.dark_wood, 3)
    brush.ink([(50, 66), (50, 90)])


def _counter_top(brush: Brush, _is_open: bool) -> None:
    brush.box(8, 34, 92, 92, brush.theme.wood, shade=False)
    brush.ink([(50, 40), (50, 90)])
    for x in (40, 60):
        brush.dot(x, 60, 5)
    brush.box(2, 16, 98, 38, brush.theme.stone, 2)


def _shelf(brush: Brush, _is_open: bool) -> None:
    brush.box(8, 6, 92, 94, brush.theme.inside, shade=False)
    for x in (4, 84):
        brush.box(x, 4, x + 12, 96, brush.theme.wood)
    for y in (4, 44, 84):
        brush.box(4, y, 96, y + 12, brush.theme.wood, 1)


def _cart(brush: Brush, _is_open: bool) -> None:
    for x in (16, 84):
        brush.line([(x, 14), (x, 80)], 9, brush.theme.metal)
        brush.oval(x, 88, 9, None, _DARK)
    for y in (26, 62):
        brush.box(8, y, 92, y + 14, brush.theme.accent, 3)


def _cabinet(brush: Brush, is_open: bool) -> None:
    wood = brush.theme.wood
    brush.box(14, 8, 86, 92, brush.theme.inside if is_open else wood, 2, shade=not is_open)
    if is_open:
        brush.ink([(16, 50), (84, 50)], 7, wood)
        for hinge, edge in ((18, 2), (82, 98)):
            brush.shape([(hinge, 8), (edge, 2), (edge, 98), (hinge, 92)], wood)
        return
    brush.ink([(50, 10), (50, 90)])
    for x in (40, 60):
        brush.dot(x, 50, 6)


def _drawer(brush: Brush, is_open: bool) -> None:
    wood = brush.theme.wood
    if not is_open:
        brush.box(6, 26, 94, 74, wood, 3)
        brush.line([(34, 48), (66, 48)], 12, brush.theme.metal)
        return
    brush.shape([(18, 12), (82, 12), (94, 56), (6, 56)], brush.theme.inside, shade=False)
    brush.box(3, 54, 97, 94, wood, 3)
    brush.line([(34, 73), (66, 73)], 12, brush.theme.metal)


def _safe(brush: Brush, is_open: bool) -> None:
    steel = brush.theme.dark_metal
    brush.box(8, 8, 92, 90, steel, 6)
    if is_open:
        brush.box(16, 17, 66, 80, _DARK, 2, shade=False)
        brush.shape([(66, 14), (98, 6), (98, 96), (66, 84)], steel)
        brush.oval(82, 50, 8, 12, brush.theme.metal)
        return
    brush.oval(50, 49, 24, None, brush.theme.metal)
    brush.ink([(50, 49), (50, 30)], 7)
    brush.dot(50, 49, 7)


DRY_SYMBOLS: Final[dict[str, SymbolRecipe]] = {
    "armchair": _arm_chair,
    "bed": _bed,
    "cabinet": _cabinet,
    "cart": _cart,
    "coffeetable": _coffee_table,
    "countertop": _counter_top,
    "desk": _desk,
    "diningtable": _dining_table,
    "drawer": _drawer,
    "dresser": _dresser,
    "ottoman": _ottoman,
    "safe": _safe,
    "shelf": _shelf,
    "sidetable": _side_table,
    "sofa": _sofa,
    "tvstand": _tv_stand,
}
