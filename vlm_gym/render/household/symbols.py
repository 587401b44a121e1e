"""Symbols of furniture for the floor plan: few bold shapes, told apart at 16 pixels."""

from typing import Final

from vlm_gym.render.canvas import WHITE, mix, rgb
from vlm_gym.render.household.brush import Brush, ring
from vlm_gym.render.household.recipe import SymbolRecipe

_WATER: Final = rgb("#8fd0ee")
_DARK: Final = rgb("#3a3f49")
_WICKER: Final = rgb("#cda568")
_GLOW: Final = rgb("#ffe9a3")
_COLD: Final = rgb("#d4ecf9")


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


def _fridge(brush: Brush, is_open: bool) -> None:
    color = brush.theme.appliance
    if not is_open:
        brush.box(22, 4, 78, 96, color, 6)
        brush.ink([(24, 36), (76, 36)])
        for top, bottom in ((16, 28), (46, 66)):
            brush.ink([(34, top), (34, bottom)], 8)
        return
    brush.box(8, 4, 62, 96, color, 6)
    brush.box(16, 12, 56, 88, _COLD, shade=False)
    for y in (36, 62):
        brush.ink([(16, y), (56, y)], 5, brush.theme.dark_metal)
    brush.shape([(62, 6), (92, 2), (92, 98), (62, 94)], color)


def _microwave(brush: Brush, is_open: bool) -> None:
    brush.box(3, 20, 97, 84, brush.theme.appliance, 6)
    brush.box(11, 30, 68, 74, _GLOW if is_open else _DARK, 3, shade=False)
    for y in (36, 52, 68):
        brush.dot(82, y, 5)
    if is_open:
        brush.shape([(12, 26), (2, 34), (2, 98), (12, 80)], _DARK, shade=False)
        brush.ink([(26, 68), (56, 68)], 6, _WATER)


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


def _sink_basin(brush: Brush, _is_open: bool) -> None:
    brush.box(4, 14, 96, 92, brush.theme.metal, 10)
    brush.box(15, 34, 85, 83, _WATER, 10, shade=False)
    brush.line([(50, 18), (50, 50)], 13, brush.theme.ceramic)
    brush.dot(50, 68, 6)


def _bathtub_basin(brush: Brush, _is_open: bool) -> None:
    brush.box(20, 3, 80, 97, brush.theme.ceramic, 14)
    brush.box(30, 22, 70, 88, _WATER, 16, shade=False)
    brush.line([(50, 9), (50, 28)], 12, brush.theme.metal)


def _toilet(brush: Brush, _is_open: bool) -> None:
    brush.shape(ring(50, 66, 29, 30), brush.theme.ceramic)
    brush.oval(50, 65, 16, 18, _WATER)
    brush.box(18, 5, 82, 36, brush.theme.ceramic, 5)
    brush.dot(50, 20, 6)


def _stove_burner(brush: Brush, _is_open: bool) -> None:
    brush.box(6, 6, 94, 94, _DARK, 8)
    for radius in (32, 16):
        brush.ink([*ring(50, 50, radius), (50 + radius, 50)], 8, rgb("#ff7a45"))


def _coffee_machine(brush: Brush, _is_open: bool) -> None:
    brush.box(18, 30, 82, 90, brush.theme.metal, shade=False)
    brush.box(14, 5, 86, 40, _DARK, 5, shade=False)
    brush.box(62, 34, 86, 94, _DARK, 2, shade=False)
    brush.box(10, 82, 90, 96, _DARK, 3, shade=False)
    brush.shape([(26, 38), (50, 38), (44, 50), (32, 50)], _DARK, shade=False)
    brush.shape([(38, 54), (43, 66), (38, 71), (33, 66)], rgb("#7a4526"), edge=False)
    brush.dot(68, 21, 7, rgb("#f0564a"))


def _toaster(brush: Brush, _is_open: bool) -> None:
    brush.line([(90, 48), (95, 48)], 12, _DARK)
    brush.box(6, 34, 88, 90, brush.theme.metal, 14)
    brush.box(12, 22, 82, 44, brush.theme.metal, 10, shade=False)
    brush.ink([(24, 33), (70, 33)], 9)
    brush.dot(26, 68, 7, brush.theme.accent)


def _garbage_can(brush: Brush, _is_open: bool) -> None:
    color = rgb("#64876f")
    brush.shape([(18, 30), (82, 30), (74, 95), (26, 95)], color)
    for x in (38, 50, 62):
        brush.ink([(x, 44), (50 + (x - 50) * 0.8, 84)], 5)
    brush.box(10, 18, 90, 32, color, 4)
    brush.box(38, 7, 62, 18, color, 4)


def _laundry_hamper(brush: Brush, _is_open: bool) -> None:
    brush.shape([(14, 30), (86, 30), (78, 95), (22, 95)], _WICKER)
    for y, shift in ((50, 0), (66, 10), (82, 0)):
        for x in (30, 50, 70):
            brush.ink([(x - 4 + shift * 0.6, y), (x + 4 + shift * 0.6, y)], 5)
    brush.oval(50, 26, 44, 17, _WICKER)
    brush.oval(50, 26, 32, 9, _DARK)


def _towel_holder(brush: Brush, _is_open: bool) -> None:
    for x in (14, 86):
        brush.line([(x, 26), (x, 64)], 12, brush.theme.metal)
        brush.box(x - 12, 18, x + 12, 36, brush.theme.dark_metal, 4)
    brush.line([(8, 66), (92, 66)], 14, brush.theme.metal)


def _hand_towel_holder(brush: Brush, _is_open: bool) -> None:
    brush.box(38, 4, 62, 22, brush.theme.metal, 4)
    brush.line([*ring(50, 56, 30), (80, 56)], 13, brush.theme.metal)


def _toilet_paper_hanger(brush: Brush, _is_open: bool) -> None:
    for x in (24, 76):
        brush.line([(x, 26), (x, 70)], 11, brush.theme.metal)
    brush.box(34, 8, 66, 32, brush.theme.metal, 6)
    brush.line([(24, 26), (76, 26)], 11, brush.theme.metal)
    brush.box(22, 56, 78, 84, rgb("#d9a76a"), 8)


def _painting_hanger(brush: Brush, _is_open: bool) -> None:
    brush.ink([(8, 92), (50, 52), (92, 92)], 6, brush.theme.dark_metal)
    brush.box(32, 6, 68, 46, brush.theme.metal, 5)
    brush.dot(50, 20, 6)
    brush.line([(50, 40), (50, 58), (64, 60), (68, 50)], 11, brush.theme.metal)


def unknown_symbol(brush: Brush, _is_open: bool) -> None:
    """Draw the neutral crate that stands for a receptacle without a symbol."""
    brush.box(10, 14, 90, 88, brush.theme.wood, 3)
    brush.ink([(14, 18), (86, 84)], 7)
    brush.ink([(86, 18), (14, 84)], 7)


SYMBOLS: Final[dict[str, SymbolRecipe]] = {
    "armchair": _arm_chair,
    "bathtubbasin": _bathtub_basin,
    "bed": _bed,
    "cabinet": _cabinet,
    "cart": _cart,
    "coffeemachine": _coffee_machine,
    "coffeetable": _coffee_table,
    "countertop": _counter_top,
    "desk": _desk,
    "diningtable": _dining_table,
    "drawer": _drawer,
    "dresser": _dresser,
    "fridge": _fridge,
    "garbagecan": _garbage_can,
    "handtowelholder": _hand_towel_holder,
    "laundryhamper": _laundry_hamper,
    "microwave": _microwave,
    "ottoman": _ottoman,
    "paintinghanger": _painting_hanger,
    "safe": _safe,
    "shelf": _shelf,
    "sidetable": _side_table,
    "sinkbasin": _sink_basin,
    "sofa": _sofa,
    "stoveburner": _stove_burner,
    "toaster": _toaster,
    "toilet": _toilet,
    "toiletpaperhanger": _toilet_paper_hanger,
    "towelholder": _towel_holder,
    "tvstand": _tv_stand,
}
