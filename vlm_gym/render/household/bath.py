"""Icons of what lies and stands in bathrooms, and of cloths, sponges and paper."""

from typing import Final

from vlm_gym.render.canvas import WHITE, mix, rgb
from vlm_gym.render.household.brush import Brush, arc, ring, smooth
from vlm_gym.render.household.recipe import Recipe

_SOAP: Final = rgb("#f4a3b9")
_SPONGE: Final = rgb("#f8d34a")
_SCOUR: Final = rgb("#3f9a52")
_PORE: Final = rgb("#cf9f1d")
_CARDBOARD: Final = rgb("#c99a63")
_RUBBER: Final = rgb("#c4372f")
_WATER: Final = rgb("#bfe3f2")
_BLUE: Final = rgb("#4a86c8")
_SHEET: Final = rgb("#fdfdfb")
_GREY: Final = rgb("#c9ccd2")


def _soap_bar(brush: Brush) -> None:
    brush.box(6, 42, 94, 88, _SOAP, 18)
    brush.box(18, 52, 82, 76, mix(_SOAP, WHITE, 0.45), 10, edge=False)
    for x, y, radius in ((30, 28, 12), (52, 18, 8), (66, 32, 9)):
        brush.oval(x, y, radius, None, _WATER)
        brush.dot(x - radius * 0.3, y - radius * 0.3, radius * 0.28, WHITE)


def _dish_sponge(brush: Brush) -> None:
    brush.shape([(6, 40), (24, 24), (96, 24), (94, 62), (78, 80), (6, 80)], _SPONGE)
    brush.shape([(6, 40), (24, 24), (96, 24), (80, 40)], _SCOUR)
    brush.shape([(6, 40), (80, 40), (80, 52), (6, 52)], _SCOUR, shade=False)
    for x, y, radius in ((18, 62, 4), (32, 70, 5), (44, 60, 4), (58, 70, 4.5), (68, 61, 3.5)):
        brush.shape(ring(x, y, radius, radius * 0.8), _PORE, edge=False)


def _cloth(brush: Brush) -> None:
    brush.shape(
        smooth((12, 20), (30, 14), (50, 20), (70, 14), (90, 20), (86, 50),
               (92, 80), (70, 88), (50, 82), (30, 90), (10, 82), (15, 50)),
        brush.theme.paper,
    )  # fmt: skip
    for t in (30, 50, 70):
        brush.line(smooth((t, 19), (t + 2, 50), (t, 83), is_closed=False), 6, brush.theme.accent, edge=False)
        brush.line(smooth((16, t), (50, t + 3), (85, t), is_closed=False), 6, brush.theme.accent, edge=False)


def _towel(brush: Brush) -> None:
    color = brush.theme.fabric
    brush.shape([(58, 14), (82, 14), (82, 72), (58, 72)], mix(color, brush.theme.ink, 0.25))
    brush.line([(6, 14), (94, 14)], 9, brush.theme.metal)
    brush.shape([(18, 18), (24, 8), (76, 8), (70, 18), (70, 94), (18, 94)], color)
    for top in (62, 76):
        brush.box(19, top, 69, top + 7, brush.theme.paper, edge=False)
    for x in (4, 96):
        brush.oval(x + (50 - x) * 0.06, 14, 6, None, brush.theme.metal)


def _hand_towel(brush: Brush) -> None:
    color = brush.theme.second_accent
    outline = (
        (44, 16),
        (56, 16),
        (64, 40),
        (86, 78),
        (72, 90),
        (62, 82),
        (54, 95),
        (40, 86),
        (26, 94),
        (14, 82),
        (34, 40),
    )
    brush.shape(outline, color)
    brush.shape([(20, 72), (38, 76), (54, 84), (66, 72), (80, 68), (83, 74), (62, 80), (54, 92), (40, 83), (17, 79)],
                brush.theme.paper, edge=False)  # fmt: skip
    for x in (40, 60):
        brush.ink([(50 + (x - 50) * 0.3, 26), (x, 66)])
    brush.line([(50, 4), (50, 16)], 12, brush.theme.metal)
    brush.oval(50, 18, 9, 7, brush.theme.metal)


def _toilet_paper(brush: Brush) -> None:
    brush.shape([(50, 26), (92, 26), (92, 84), (85, 90), (78, 84), (71, 90), (64, 84), (57, 90), (50, 84)], _SHEET)
    brush.box(26, 10, 78, 68, _SHEET, 2)
    brush.shape([(50, 30), (89, 30), (89, 60), (50, 66)], _SHEET, edge=False)
    brush.oval(27, 39, 22, 29, _SHEET)
    brush.oval(27, 39, 9, 11, _CARDBOARD)
    brush.ink([(58, 58), (86, 58)], 2.5, _GREY)


def _toilet_paper_roll(brush: Brush) -> None:
    tube = brush.turned(-24)
    tube.box(16, 30, 84, 72, _CARDBOARD)
    tube.oval(84, 51, 10, 21, _CARDBOARD)
    tube.oval(16, 51, 10, 21, mix(_CARDBOARD, brush.theme.ink, 0.55))
    tube.ink([(40, 32), (58, 71)], color=mix(_CARDBOARD, brush.theme.ink, 0.5))


def _paper_towel_roll(brush: Brush) -> None:
    brush.oval(46, 91, 34, 7, brush.theme.wood)
    brush.line([(46, 12), (46, 6)], 8, brush.theme.wood)
    brush.shape([(60, 24), (88, 26), (88, 82), (82, 78), (74, 84), (60, 80)], _SHEET)
    brush.box(20, 18, 72, 88, _SHEET, 3)
    brush.oval(46, 18, 26, 8, _SHEET)
    brush.oval(46, 18, 9, 3.4, _CARDBOARD)
    for y in (40, 62):
        brush.ink([(26, y), (66, y)], 3, mix(_BLUE, WHITE, 0.35))


def _paper_towel(brush: Brush) -> None:
    brush.turned(-8).shape(
        [(14, 12), (86, 12), (86, 84), (76, 90), (66, 84), (56, 90), (46, 84), (36, 90), (26, 84), (14, 90)], _SHEET
    )
    for x, y in ((30, 28), (52, 25), (72, 22), (34, 48), (55, 45), (76, 42), (38, 68), (58, 65), (79, 62)):
        brush.dot(x, y, 4.2, mix(_BLUE, WHITE, 0.3))


def _plunger(brush: Brush) -> None:
    brush.line([(50, 8), (50, 60)], 14, brush.theme.wood)
    right, left = arc(50, 84, 30, 24, -65, 0, 12), arc(50, 84, 30, 24, 180, 245, 12)
    brush.shape([(40, 54), (60, 54), (62, 60), *right, (84, 95), (16, 95), *left, (38, 60)], _RUBBER)
    brush.box(14, 84, 86, 95, _RUBBER, 5)


def _scrub_brush(brush: Brush) -> None:
    tool = brush.turned(-28, 0.9)
    for x in range(4, 56, 9):
        tool.line([(x + 2, 54), (x, 84)], 10, mix(_BLUE, WHITE, 0.6))
    tool.line([(50, 46), (104, 46)], 15, brush.theme.wood)
    tool.box(-4, 36, 60, 58, brush.theme.wood, 9)


def _tissue_box(brush: Brush) -> None:
    brush.shape(smooth((32, 52), (26, 28), (38, 20), (46, 6), (56, 20), (72, 14), (70, 34), (66, 52)), _SHEET)
    brush.ink([(48, 24), (50, 44)], color=_GREY)
    brush.shape([(4, 54), (20, 40), (80, 40), (96, 54)], mix(_BLUE, WHITE, 0.4))
    brush.shape(smooth((30, 50), (34, 28), (50, 22), (66, 28), (68, 50)), _SHEET, edge=False)
    brush.box(4, 54, 96, 92, _BLUE, 3)
    for x in (20, 50, 80):
        brush.placed(x, 73, 1.0).shape([(50, 39), (61, 50), (50, 61), (39, 50)], mix(_BLUE, WHITE, 0.55), edge=False)


def _shower_door(brush: Brush) -> None:
    brush.box(16, 4, 84, 96, brush.theme.metal, 4)
    brush.box(25, 13, 75, 88, _WATER, 1, shade=False)
    brush.ink([(36, 66), (62, 24)], 5, WHITE)
    brush.line([(66, 46), (66, 62)], 8, brush.theme.dark_metal)
    for x, y in ((34, 32), (44, 76), (58, 78)):
        brush.shape(smooth((x, y - 7), (x + 4, y + 2), (x, y + 5), (x - 4, y + 2)), _BLUE, edge=False)


def _shower_glass(brush: Brush) -> None:
    brush.box(40, 16, 92, 95, _WATER, 3, shade=False)
    brush.ink([(56, 72), (80, 36)], 5, WHITE)
    brush.line([(12, 96), (12, 12), (24, 6), (36, 14)], 8, brush.theme.metal)
    brush.shape([(26, 22), (46, 22), (42, 12), (30, 12)], brush.theme.metal)
    for x, y in ((24, 36), (36, 42), (46, 34), (28, 56), (40, 62)):
        brush.ink([(x, y), (x - 1, y + 8)], 4.5, _BLUE)


def _sink(brush: Brush) -> None:
    brush.line([(50, 42), (50, 16), (62, 10), (70, 18), (70, 28)], 10, brush.theme.metal)
    brush.box(40, 86, 60, 97, brush.theme.ceramic)
    brush.shape([(8, 46), (92, 46), *arc(50, 50, 40, 40, 8, 172)], brush.theme.ceramic)
    brush.box(3, 38, 97, 52, brush.theme.ceramic, 6)
    brush.line([(34, 36), (34, 28)], 8, brush.theme.metal)


def _bathtub(brush: Brush) -> None:
    for x in (20, 80):
        brush.line([(x, 84), (x, 93)], 10, brush.theme.metal)
    brush.line([(84, 48), (84, 22), (70, 20), (70, 30)], 9, brush.theme.metal)
    brush.shape([(8, 50), (92, 50), *arc(50, 50, 40, 38, 4, 176)], brush.theme.ceramic)
    brush.box(2, 44, 98, 56, brush.theme.ceramic, 6)
    for x, y, radius in ((24, 38, 10), (40, 34, 12), (55, 40, 8)):
        brush.oval(x, y, radius, None, WHITE)


BATH: Final[dict[str, Recipe]] = {
    "bathtub": _bathtub,
    "cloth": _cloth,
    "dishsponge": _dish_sponge,
    "handtowel": _hand_towel,
    "papertowel": _paper_towel,
    "papertowelroll": _paper_towel_roll,
    "plunger": _plunger,
    "scrubbrush": _scrub_brush,
    "showerdoor": _shower_door,
    "showerglass": _shower_glass,
    "sink": _sink,
    "soapbar": _soap_bar,
    "tissuebox": _tissue_box,
    "toiletpaper": _toilet_paper,
    "toiletpaperroll": _toilet_paper_roll,
    "towel": _towel,
}
