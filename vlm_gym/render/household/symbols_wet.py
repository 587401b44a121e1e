"""Floor-plan symbols of what stands in kitchens and bathrooms."""

from typing import Final

from vlm_gym.render.canvas import rgb
from vlm_gym.render.household.brush import Brush, ring
from vlm_gym.render.household.recipe import SymbolRecipe

_WATER: Final = rgb("#8fd0ee")
_DARK: Final = rgb("#3a3f49")
_WICKER: Final = rgb("#cda568")
_GLOW: Final = rgb("#ffe9a3")
_COLD: Final = rgb("#d4ecf9")


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


WET_SYMBOLS: Final[dict[str, SymbolRecipe]] = {
    "bathtubbasin": _bathtub_basin,
    "coffeemachine": _coffee_machine,
    "fridge": _fridge,
    "garbagecan": _garbage_can,
    "handtowelholder": _hand_towel_holder,
    "laundryhamper": _laundry_hamper,
    "microwave": _microwave,
    "paintinghanger": _painting_hanger,
    "sinkbasin": _sink_basin,
    "stoveburner": _stove_burner,
    "toaster": _toaster,
    "toilet": _toilet,
    "toiletpaperhanger": _toilet_paper_hanger,
    "towelholder": _towel_holder,
}
