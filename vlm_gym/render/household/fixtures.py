"""Icons of lamps, plants, seats and what hangs on walls."""

from typing import Final

from vlm_gym.render.canvas import WHITE, Color, mix, rgb
from vlm_gym.render.household.brush import Brush, arc, ring, smooth
from vlm_gym.render.household.recipe import Recipe

_LIGHT: Final = rgb("#ffe36b")
_BULB_OFF: Final = rgb("#f2f1ea")
_SHADE_OFF: Final = rgb("#c9b48d")
_POT: Final = rgb("#c9683f")
_LEAF: Final = rgb("#4fa044")
_SKY: Final = rgb("#9fd6f5")
_GOLD: Final = rgb("#d9a83c")
_MIRROR: Final = rgb("#cfe6ef")
_WICKER: Final = rgb("#cda568")


def _desk_lamp_in(brush: Brush, is_lit: bool) -> None:
    if is_lit:
        brush.shape([(30, 46), (66, 38), (96, 90), (36, 90)], mix(_LIGHT, WHITE, 0.35), edge=False)
    brush.line([(24, 86), (18, 52), (46, 24)], 8, brush.theme.dark_metal)
    brush.box(4, 84, 46, 96, brush.theme.dark_metal, 5)
    head = brush.placed(50, 30, 1.0, -20)
    head.oval(52, 58, 13, 10, _LIGHT if is_lit else _BULB_OFF)
    head.shape([(40, 24), (60, 24), (80, 58), (22, 58)], brush.theme.accent)
    brush.dot(18, 52, 5.5)


def _desk_lamp(brush: Brush) -> None:
    _desk_lamp_in(brush, is_lit=False)


def _lit_desk_lamp(brush: Brush) -> None:
    _desk_lamp_in(brush, is_lit=True)


def _floor_lamp_in(brush: Brush, shade: Color) -> None:
    brush.line([(50, 38), (50, 92)], 8, brush.theme.dark_metal)
    brush.oval(50, 93, 22, 5, brush.theme.dark_metal)
    brush.line([(62, 38), (62, 54)], 4, brush.theme.dark_metal, edge=False)
    brush.shape([(36, 6), (64, 6), (80, 40), (20, 40)], shade)


def _floor_lamp(brush: Brush) -> None:
    _floor_lamp_in(brush, _SHADE_OFF)


def _lit_floor_lamp(brush: Brush) -> None:
    for x, end in ((6, 0), (94, 100)):
        brush.ink([(x + (50 - x) * 0.18, 14), (end + (50 - end) * 0.06, 6)], 6, _LIGHT)
        brush.ink([(x + (50 - x) * 0.1, 30), (end + (50 - end) * 0.02, 30)], 6, _LIGHT)
    brush.shape([(22, 40), (78, 40), (98, 88), (2, 88)], mix(_LIGHT, WHITE, 0.35), edge=False)
    _floor_lamp_in(brush, _LIGHT)


def _house_plant(brush: Brush) -> None:
    for x, turn in ((38, -58), (62, 58), (42, -26), (58, 26), (50, 0)):
        leaf = brush.placed(x, 46, 0.84, turn)
        leaf.shape(smooth((50, 62), (38, 34), (42, 10), (50, 0), (58, 10), (62, 34)), _LEAF)
        leaf.ink([(50, 54), (50, 14)], 2.6, mix(_LEAF, brush.theme.ink, 0.4))
    brush.shape([(28, 66), (72, 66), (66, 96), (34, 96)], _POT)
    brush.box(24, 60, 76, 72, _POT, 2)


def _window(brush: Brush) -> None:
    brush.box(8, 6, 92, 88, brush.theme.paper, 2)
    brush.box(15, 13, 85, 81, _SKY, shade=False)
    brush.shape([*arc(34, 80, 26, 22, 180, 360), (16, 80)], rgb("#7cbf63"), edge=False)
    brush.shape([*arc(66, 80, 20, 14, 180, 360), (46, 80)], rgb("#5da84e"), edge=False)
    brush.dot(70, 28, 8, _LIGHT)
    brush.ink([(50, 14), (50, 80)], 4.5)
    brush.ink([(16, 46), (84, 46)], 4.5)
    brush.box(2, 86, 98, 95, brush.theme.paper, 2)


def _blinds(brush: Brush) -> None:
    brush.box(6, 4, 94, 16, brush.theme.dark_metal, 3)
    for index in range(6):
        top = 18 + index * 12.5
        brush.shape([(12, top), (88, top), (92, top + 9), (8, top + 9)], brush.theme.paper)
    brush.ink([(78, 16), (78, 94)], 3)
    brush.dot(78, 94, 4.5)


def _curtains(brush: Brush) -> None:
    brush.line([(2, 9), (98, 9)], 8, brush.theme.dark_wood)
    for side in (-1, 1):
        outline = [(50 + side * x, y) for x, y in ((46, 12), (6, 12), (10, 40), (28, 60), (24, 94), (46, 94))]
        brush.shape(outline, brush.theme.accent)
        brush.ink([(50 + side * 34, 16), (50 + side * 34, 54)])
        brush.ink([(50 + side * 20, 16), (50 + side * 26, 46)])
        brush.ink([(50 + side * 36, 66), (50 + side * 36, 90)])
        brush.line([(50 + side * 26, 60), (50 + side * 45, 56)], 8, _LIGHT)


def _mirror(brush: Brush) -> None:
    brush.oval(50, 42, 36, 38, _GOLD)
    brush.oval(50, 42, 27, 29, _MIRROR)
    brush.ink([(38, 48), (54, 26)], 6, WHITE)
    brush.ink([(50, 54), (62, 38)], 4, WHITE)
    brush.shape([(38, 78), (62, 78), (68, 95), (32, 95)], _GOLD)


def _painting(brush: Brush) -> None:
    brush.box(4, 12, 96, 90, _GOLD, 2)
    brush.box(15, 23, 85, 79, _SKY, shade=False)
    brush.shape([(16, 78), (16, 66), (38, 36), (54, 60), (66, 46), (84, 68), (84, 78)], rgb("#6f8fb0"), edge=False)
    brush.shape([(16, 78), (16, 70), (50, 62), (84, 72), (84, 78)], rgb("#5fae5a"), edge=False)
    brush.dot(70, 36, 7, rgb("#ffd84d"))


def _poster(brush: Brush) -> None:
    brush.shape([(16, 8), (84, 8), (84, 78), (70, 94), (16, 94)], brush.theme.second_accent)
    brush.shape([(70, 94), (70, 79), (84, 78)], WHITE)
    star = [(50 + r * x, 40 + r * y) for r, (x, y) in zip((26, 11) * 5, _unit_star(), strict=True)]
    brush.shape(star, _LIGHT, edge=False)
    brush.ink([(30, 76), (58, 76)], 7, WHITE)
    for x in (22, 78):
        brush.dot(x, 14, 4.5, brush.theme.accent)


def _unit_star() -> list[tuple[float, float]]:
    return arc(0, 0, 1, 1, -90, 234, 10)


def _light_switch(brush: Brush) -> None:
    brush.box(20, 6, 80, 94, brush.theme.ceramic, 7)
    brush.box(36, 30, 64, 70, mix(brush.theme.ceramic, brush.theme.ink, 0.12), 3, shade=False)
    brush.box(40, 20, 60, 52, brush.theme.ceramic, 3)
    for y in (14, 86):
        brush.dot(50, y, 3.4, brush.theme.dark_metal)


def _stove_knob(brush: Brush) -> None:
    for angle in (150, 195, 240, 285, 330, 375):
        x, y = arc(50, 54, 43, 43, angle, angle + 1, 2)[0]
        brush.dot(x, y, 3.6, brush.theme.accent)
    brush.oval(50, 54, 34, None, brush.theme.dark_metal)
    brush.placed(50, 54, 1.0, 35).box(41, 12, 59, 88, brush.theme.metal, 8)
    brush.placed(50, 54, 1.0, 35).ink([(50, 18), (50, 36)], 5, brush.theme.accent)


def _footstool(brush: Brush) -> None:
    for x in (18, 82):
        brush.line([(50 + (x - 50) * 0.8, 58), (x, 92)], 10, brush.theme.wood)
    brush.line([(22, 76), (78, 76)], 7, brush.theme.wood)
    brush.box(4, 34, 96, 62, brush.theme.fabric, 13)
    brush.ink([(16, 48), (84, 48)], 4, mix(brush.theme.fabric, WHITE, 0.45))


def _chair(brush: Brush) -> None:
    for x in (26, 74):
        brush.line([(x, 8), (x, 60)], 9, brush.theme.wood)
        brush.line([(x, 62), (x + (x - 50) * 0.25, 95)], 9, brush.theme.wood)
    for y in (16, 34):
        brush.box(24, y - 7, 76, y + 6, brush.theme.wood, 3)
    brush.shape([(26, 52), (74, 52), (84, 68), (16, 68)], brush.theme.accent)


def _laundry_hamper_lid(brush: Brush) -> None:
    brush.line(arc(50, 42, 14, 16, 180, 360, 16), 8, _WICKER)
    brush.oval(50, 62, 46, 24, mix(_WICKER, brush.theme.ink, 0.3))
    brush.oval(50, 56, 46, 22, _WICKER)
    for scale in (0.72, 0.42):
        brush.ink(
            [*ring(50, 56, 46 * scale, 22 * scale), (50 + 46 * scale, 56)], 3, mix(_WICKER, brush.theme.ink, 0.45)
        )


FIXTURES: Final[dict[str, Recipe]] = {
    "blinds": _blinds,
    "chair": _chair,
    "curtains": _curtains,
    "desklamp": _desk_lamp,
    "floorlamp": _floor_lamp,
    "footstool": _footstool,
    "houseplant": _house_plant,
    "laundryhamperlid": _laundry_hamper_lid,
    "lightswitch": _light_switch,
    "mirror": _mirror,
    "painting": _painting,
    "poster": _poster,
    "stoveknob": _stove_knob,
    "window": _window,
}
LIT_FIXTURES: Final[dict[str, Recipe]] = {"desklamp": _lit_desk_lamp, "floorlamp": _lit_floor_lamp}
