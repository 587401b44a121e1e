"""Icons of bottles, shakers, vases and other things that are poured from."""

from typing import Final

from vlm_gym.render.canvas import WHITE, Color, Point, mix, rgb
from vlm_gym.render.household.brush import Brush, arc, smooth
from vlm_gym.render.household.recipe import Recipe

_GLASS: Final = rgb("#a8dcd2")
_WINE_GLASS: Final = rgb("#355c3a")
_WINE: Final = rgb("#8c1f35")
_SOAP: Final = rgb("#f2a0bd")
_SPRAY: Final = rgb("#4f9fe0")
_PEPPER: Final = rgb("#3d3733")
_LETTER_S: Final[tuple[Point, ...]] = ((60, 46), (50, 42), (41, 48), (44, 56), (56, 60), (59, 68), (50, 74), (40, 70))
_LETTER_P: Final[tuple[Point, ...]] = ((43, 74), (43, 44), (56, 44), (60, 52), (56, 60), (43, 60))


def _glass_bottle(brush: Brush) -> None:
    outline = smooth((40, 14), (60, 14), (60, 32), (74, 50), (75, 88), (66, 95), (34, 95), (25, 88), (26, 50), (40, 32))
    brush.shape(outline, _GLASS)
    brush.shape(smooth((33, 54), (37, 52), (38, 84), (33, 84)), WHITE, edge=False)
    brush.line([(62, 60), (62, 82)], 4, mix(_GLASS, WHITE, 0.6), edge=False)
    brush.box(36, 5, 64, 17, mix(_GLASS, WHITE, 0.45), 4)


def _wine_bottle(brush: Brush) -> None:
    outline = [
        (42, 6),
        (58, 6),
        (58, 30),
        (66, 40),
        (70, 50),
        (70, 92),
        (66, 96),
        (34, 96),
        (30, 92),
        (30, 50),
        (34, 40),
        (42, 30),
    ]
    brush.shape(outline, _WINE_GLASS)
    brush.box(41, 4, 59, 24, _WINE, 3)
    brush.box(30, 56, 70, 82, rgb("#f4e7c4"), shade=False)
    for x, y in ((45, 64), (55, 64), (50, 71), (45, 64)):
        brush.dot(x, y, 5, _WINE)


def _soap_bottle(brush: Brush) -> None:
    brush.line([(54, 26), (54, 12), (24, 12), (22, 18)], 10, WHITE)
    brush.box(42, 24, 66, 36, WHITE, 3)
    brush.box(22, 36, 84, 95, _SOAP, 14)
    brush.box(32, 54, 74, 82, WHITE, 5, edge=False)
    brush.shape(smooth((53, 56), (62, 70), (53, 80), (44, 70)), _SPRAY, edge=False)


def _spray_bottle(brush: Brush) -> None:
    brush.shape(smooth((44, 40), (60, 40), (80, 62), (80, 90), (70, 95), (34, 95), (24, 90), (24, 62)), _SPRAY)
    brush.box(42, 26, 62, 42, WHITE, 2)
    brush.line([(38, 26), (34, 36), (26, 42)], 7, brush.theme.accent)
    brush.shape([(12, 8), (68, 8), (76, 16), (72, 28), (26, 28), (24, 22), (12, 22)], brush.theme.accent)
    brush.box(32, 66, 72, 82, WHITE, 4, edge=False)


def _shaker(brush: Brush, body: Color, ink: Color, letter: tuple[Point, ...]) -> None:
    brush.shape([(30, 34), (70, 34), (78, 90), (74, 95), (26, 95), (22, 90)], body)
    brush.shape([(30, 36), *arc(50, 30, 20, 24, 180, 360), (70, 36)], brush.theme.metal)
    for x in (42, 50, 58):
        brush.dot(x, 20, 2.6)
    brush.placed(50, 62, 1.1).ink(smooth(*letter, is_closed=False) if letter is _LETTER_S else letter, 7, ink)


def _salt_shaker(brush: Brush) -> None:
    _shaker(brush, rgb("#f7f9fb"), rgb("#2f6fb5"), _LETTER_S)


def _pepper_shaker(brush: Brush) -> None:
    _shaker(brush, _PEPPER, WHITE, _LETTER_P)


def _vase(brush: Brush) -> None:
    color = brush.theme.second_accent
    brush.shape(
        smooth((34, 8), (66, 8), (60, 24), (62, 36), (82, 56), (76, 82),
               (64, 95), (36, 95), (24, 82), (18, 56), (38, 36), (40, 24)),
        color,
    )  # fmt: skip
    brush.oval(50, 9, 18, 5, mix(color, brush.theme.ink, 0.5))
    brush.ink([(22, 62), (34, 54), (44, 66), (56, 54), (66, 66), (78, 56)], 6, rgb("#f6d27a"))
    brush.ink([(28, 80), (72, 80)], 5, rgb("#f6d27a"))


def _watering_can(brush: Brush) -> None:
    color = rgb("#4caf6d")
    brush.line(arc(76, 54, 17, 24, -110, 120, 20), 9, color)
    brush.line(arc(56, 36, 18, 20, 180, 360, 20), 9, color)
    brush.shape([(40, 84), (40, 66), (20, 32), (12, 36), (30, 84)], color)
    brush.shape([(2, 40), (24, 22), (28, 30), (8, 46)], mix(color, WHITE, 0.35))
    brush.shape([(34, 38), (78, 38), (82, 93), (32, 93)], color)
    brush.oval(56, 38, 22, 6, mix(color, brush.theme.ink, 0.45))


BOTTLES: Final[dict[str, Recipe]] = {
    "glassbottle": _glass_bottle,
    "peppershaker": _pepper_shaker,
    "saltshaker": _salt_shaker,
    "soapbottle": _soap_bottle,
    "spraybottle": _spray_bottle,
    "vase": _vase,
    "wateringcan": _watering_can,
    "winebottle": _wine_bottle,
}
