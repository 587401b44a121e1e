"""Icons of cutlery and dishes."""

from typing import Final

from vlm_gym.render.canvas import WHITE, mix, rgb
from vlm_gym.render.household.brush import Brush, arc, ring, smooth
from vlm_gym.render.household.recipe import Recipe

_BLACK_GRIP: Final = rgb("#3a3d45")
_COPPER: Final = rgb("#c26b3a")
_IRON: Final = rgb("#4a4f58")
_IVORY: Final = rgb("#f1dfb4")
_LONG: Final = 1.04  # a thing that lies on the diagonal may be longer than the side
_WIDE: Final = 0.9
_SLANT: Final = 45.0


def _knife(brush: Brush) -> None:
    tool = brush.turned(_SLANT, _LONG)
    tool.shape(smooth((44, 58), (41, -8), (52, 6), (64, 34), (66, 58), is_closed=False), brush.theme.metal)
    tool.box(40, 58, 60, 108, _BLACK_GRIP, 7)
    tool.box(38, 56, 66, 65, brush.theme.dark_metal, 2, shade=False)
    for y in (76, 94):
        tool.dot(50, y, 3.4, brush.theme.metal)


def _butter_knife(brush: Brush) -> None:
    tool = brush.turned(_SLANT, _LONG)
    tool.shape(smooth((46, 50), (43, 40), (40, 8), (44, -6), (54, -8), (59, 2), (58, 38), (54, 50)), brush.theme.metal)
    tool.line([(50, 48), (50, 58)], 10, brush.theme.metal)
    tool.shape(smooth((46, 56), (54, 56), (58, 80), (57, 102), (50, 108), (43, 102), (42, 80)), _IVORY)


def _fork(brush: Brush) -> None:
    tool = brush.turned(_SLANT, _WIDE)
    tool.shape(smooth((47, 40), (53, 40), (56, 80), (55, 104), (50, 108), (45, 104), (44, 80)), brush.theme.metal)
    head = [(31, -8), (38, -8), (40, 18), (45, 18), (46, -8), (54, -8), (55, 18), (60, 18), (62, -8), (69, -8)]
    tool.shape([*head, (68, 30), (62, 42), (54, 48), (46, 48), (38, 42), (32, 30)], brush.theme.metal, shade=False)


def _spoon(brush: Brush) -> None:
    tool = brush.turned(_SLANT, _WIDE)
    tool.shape(smooth((47, 34), (53, 34), (56, 80), (55, 104), (50, 108), (45, 104), (44, 80)), brush.theme.metal)
    tool.oval(50, 14, 18, 24, brush.theme.metal)
    tool.shape(ring(47, 11, 9, 14), WHITE, edge=False)


def _ladle(brush: Brush) -> None:
    hook = [(30, 66), (30, 16), *arc(40, 16, 10, 10, 180, 330, 10)]
    brush.line(hook, 11, brush.theme.metal)
    brush.shape([*arc(56, 58, 36, 36, 0, 180), (20, 58)], brush.theme.metal)
    brush.oval(56, 58, 36, 11, mix(brush.theme.dark_metal, WHITE, 0.2))


def _spatula(brush: Brush) -> None:
    tool = brush.turned(_SLANT, _WIDE)
    tool.line([(50, 40), (50, 70)], 10, brush.theme.metal)
    tool.line([(50, 70), (50, 102)], 17, _BLACK_GRIP)
    tool.shape([(26, -8), (74, -8), (70, 34), (58, 46), (42, 46), (30, 34)], _IRON)
    for x in (38, 50, 62):
        tool.ink([(x, 2), (x, 28)], 5.5, brush.theme.paper)


def _mug(brush: Brush) -> None:
    brush.line(arc(70, 54, 20, 20, -95, 95, 20), 13, brush.theme.accent)
    brush.shape([(14, 20), (70, 20), (70, 84), (66, 92), (18, 92), (14, 84)], brush.theme.accent)
    brush.oval(42, 20, 28, 8, mix(brush.theme.accent, WHITE, 0.55))
    brush.box(23, 38, 30, 76, mix(brush.theme.accent, WHITE, 0.5), 3, edge=False)


def _cup(brush: Brush) -> None:
    brush.oval(46, 84, 42, 9, brush.theme.ceramic)
    brush.line(arc(76, 46, 14, 14, -100, 110, 20), 10, brush.theme.ceramic)
    brush.shape([(10, 28), (80, 28), *arc(45, 40, 33, 46, 10, 170, 20)], brush.theme.ceramic)
    brush.shape([(13, 44), (77, 44), (75, 55), (15, 55)], brush.theme.second_accent, edge=False)
    brush.oval(45, 28, 35, 10, mix(brush.theme.ceramic, brush.theme.ink, 0.22))


def _bowl(brush: Brush) -> None:
    color = brush.theme.second_accent
    brush.box(34, 80, 66, 92, color, 2)
    brush.shape([(4, 40), (96, 40), *arc(50, 40, 46, 46, 0, 180)], color)
    brush.oval(50, 40, 46, 13, mix(color, WHITE, 0.65))
    brush.line(arc(50, 40, 34, 34, 110, 165, 12), 5, mix(color, WHITE, 0.45), edge=False)


def _plate(brush: Brush) -> None:
    brush.oval(50, 50, 46, None, brush.theme.ceramic)
    brush.shape(ring(50, 50, 40), brush.theme.second_accent, edge=False)
    brush.shape(ring(50, 50, 35), brush.theme.ceramic, edge=False)
    brush.shape(ring(50, 50, 26), mix(brush.theme.ceramic, brush.theme.ink, 0.16), edge=False)
    brush.shape(ring(51.5, 51.5, 24), brush.theme.ceramic, edge=False)


def _pot(brush: Brush) -> None:
    for left, right in ((2, 22), (78, 98)):
        brush.line([(left + 5, 52), (right - 5, 52)], 12, _BLACK_GRIP)
    brush.box(14, 36, 86, 92, brush.theme.metal, 9)
    brush.box(24, 50, 32, 80, WHITE, 4, edge=False)
    brush.shape([(10, 36), *arc(50, 36, 40, 18, 180, 360), (90, 36)], brush.theme.metal)
    brush.box(8, 34, 92, 42, brush.theme.dark_metal, 4, shade=False)
    brush.oval(50, 13, 9, 7, _BLACK_GRIP)


def _pan(brush: Brush) -> None:
    brush.line([(60, 54), (91, 22)], 14, _COPPER)
    brush.shape([(3, 55), (77, 55), *arc(40, 64, 32, 26, 10, 170)], mix(brush.theme.metal, brush.theme.ink, 0.25))
    brush.oval(40, 54, 38, 22, brush.theme.metal)
    brush.oval(40, 55, 30, 15, _IRON)
    brush.line(arc(40, 56, 20, 8, 180, 260, 14), 4, mix(_IRON, WHITE, 0.4), edge=False)


def _kettle(brush: Brush) -> None:
    brush.line(arc(48, 44, 27, 34, 180, 360, 24), 10, _BLACK_GRIP)
    brush.shape([(74, 60), (84, 44), (86, 34), (98, 34), (95, 46), (82, 76)], brush.theme.accent)
    brush.shape(
        smooth((48, 40), (70, 46), (84, 76), (80, 93), (48, 94), (16, 93), (12, 76), (26, 46)), brush.theme.accent
    )
    brush.oval(48, 42, 17, 6, brush.theme.accent)
    brush.oval(48, 34, 6, None, _BLACK_GRIP)
    brush.line([(27, 62), (23, 80)], 6, mix(brush.theme.accent, WHITE, 0.55), edge=False)


KITCHENWARE: Final[dict[str, Recipe]] = {
    "bowl": _bowl,
    "butterknife": _butter_knife,
    "cup": _cup,
    "fork": _fork,
    "kettle": _kettle,
    "knife": _knife,
    "ladle": _ladle,
    "mug": _mug,
    "pan": _pan,
    "plate": _plate,
    "pot": _pot,
    "spatula": _spatula,
    "spoon": _spoon,
}
