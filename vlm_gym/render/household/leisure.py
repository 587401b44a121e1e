"""Icons of toys, sports, ornaments and clothes."""

from typing import Final

from vlm_gym.render.canvas import WHITE, mix, rgb
from vlm_gym.render.household.brush import Brush, arc, ring, smooth
from vlm_gym.render.household.recipe import Recipe

_BODY: Final = rgb("#3a3e47")
_ORANGE: Final = rgb("#ee8630")
_FUR: Final = rgb("#b5793f")
_MUZZLE: Final = rgb("#ecc891")
_MARBLE: Final = rgb("#d5d3cc")
_WAX: Final = rgb("#f7ead0")
_FLAME: Final = rgb("#ffb52e")
_LEATHER: Final = rgb("#8f5a2e")
_STRINGS: Final = rgb("#e9eef2")
_SCREEN: Final = rgb("#24344d")


def _remote_control(brush: Brush) -> None:
    tool = brush.turned(24)
    tool.box(32, 2, 68, 98, _BODY, 10)
    tool.dot(50, 15, 6.5, rgb("#f0473e"))
    for index in range(6):
        tool.dot(42 + index % 2 * 16, 32 + index // 2 * 14, 4.6, WHITE)
    tool.shape(ring(50, 80, 11), brush.theme.metal, holes=(ring(50, 80, 5),), edge=False)


def _television(brush: Brush) -> None:
    brush.box(32, 82, 68, 91, brush.theme.dark_metal, 3)
    brush.box(44, 72, 56, 86, brush.theme.dark_metal)
    brush.box(2, 12, 98, 76, _BODY, 5)
    brush.box(9, 19, 91, 69, _SCREEN, 1, edge=False)
    brush.shape([(9, 69), (50, 19), (72, 19), (31, 69)], mix(_SCREEN, WHITE, 0.25), edge=False)


def _baseball_bat(brush: Brush) -> None:
    tool = brush.turned(42, 1.04)
    tool.shape(
        smooth((46, 100), (46, 66), (39, 24), (40, 0), (50, -9), (60, 0), (61, 24), (54, 66), (54, 100)),
        brush.theme.wood,
    )
    tool.box(45, 72, 55, 100, _BODY)
    tool.box(41, 99, 59, 106, brush.theme.wood, 3)


def _basketball(brush: Brush) -> None:
    brush.oval(50, 50, 46, None, _ORANGE)
    brush.ink([(50, 5), (50, 95)])
    brush.ink([(5, 50), (95, 50)])
    brush.ink(arc(2, 50, 30, 42, -62, 62))
    brush.ink(arc(98, 50, 30, 42, 118, 242))


def _tennis_racket(brush: Brush) -> None:
    tool = brush.turned(40, 0.94)
    tool.line([(40, 52), (50, 70), (60, 52)], 8, brush.theme.accent)
    tool.shape(ring(50, 22, 25, 33), _STRINGS, shade=False)
    for t in (-14, 0, 14):
        tool.ink([(50 + t, -6), (50 + t, 50)], 2.4, rgb("#8b97a3"))
        tool.ink([(28, 22 + t * 1.2), (72, 22 + t * 1.2)], 2.4, rgb("#8b97a3"))
    tool.line([*ring(50, 22, 25, 33), (75, 22)], 9, brush.theme.accent)
    tool.line([(50, 68), (50, 106)], 13, _BODY)
    brush.oval(84, 84, 12, None, rgb("#cfe23c"))


def _teddy_bear(brush: Brush) -> None:
    for x in (22, 78):
        brush.oval(x, 88, 14, 10, _FUR)
        brush.placed(x, 64, 1.0, 30 if x < 50 else -30).oval(50, 50, 9, 17, _FUR)
        brush.oval(50 + (x - 50) * 0.86, 15, 12, None, _FUR)
    brush.oval(50, 74, 27, 23, _FUR)
    brush.oval(50, 76, 15, 14, _MUZZLE, edge=False)
    brush.oval(50, 33, 31, 28, _FUR)
    brush.oval(50, 43, 14, 11, _MUZZLE, edge=False)
    for x in (38, 62):
        brush.dot(x, 29, 4.4)
    brush.shape(ring(50, 38, 6, 4.4), brush.theme.ink, edge=False)


def _statue(brush: Brush) -> None:
    brush.box(24, 84, 76, 97, mix(_MARBLE, brush.theme.ink, 0.25), 2)
    brush.box(38, 72, 62, 86, mix(_MARBLE, brush.theme.ink, 0.12))
    brush.shape(
        smooth((41, 46), (59, 46), (64, 56), (84, 64), (86, 76), (50, 80), (14, 76), (16, 64), (36, 56)), _MARBLE
    )
    brush.shape(smooth((50, 6), (66, 12), (70, 28), (64, 46), (50, 54), (36, 46), (30, 28), (34, 12)), _MARBLE)
    brush.shape(
        smooth((30, 28), (30, 10), (50, 2), (70, 10), (70, 28), (60, 18), (50, 16), (40, 18)),
        mix(_MARBLE, brush.theme.ink, 0.2),
    )
    for x in (42, 58):
        brush.ink([(x - 4, 29), (x + 4, 29)], 3.4, mix(_MARBLE, brush.theme.ink, 0.7))
    brush.ink([(50, 28), (48, 38), (52, 38)], 2.6, mix(_MARBLE, brush.theme.ink, 0.55))


def _pillow(brush: Brush) -> None:
    color = brush.theme.fabric
    brush.shape(
        smooth((6, 20), (30, 24), (50, 20), (70, 24), (94, 20), (88, 50),
               (95, 82), (70, 78), (50, 82), (30, 78), (5, 82), (12, 50)),
        mix(color, WHITE, 0.35),
    )  # fmt: skip
    brush.shape(
        smooth((38, 36), (52, 34), (66, 38), (60, 50), (64, 64), (48, 62), (34, 64), (40, 50)),
        mix(color, WHITE, 0.6),
        edge=False,
    )
    for x, y, dx, dy in ((12, 26, 12, 9), (88, 26, -12, 9), (12, 77, 12, -8), (88, 77, -12, -8)):
        brush.ink([(x + 2, y), (x + dx, y + dy)])


def _candle(brush: Brush) -> None:
    brush.shape(smooth((50, 2), (60, 18), (58, 28), (50, 32), (42, 28), (41, 18)), _FLAME)
    brush.shape(smooth((50, 14), (54, 24), (50, 29), (46, 24)), rgb("#fff3b0"), edge=False)
    brush.ink([(50, 30), (50, 40)])
    brush.oval(50, 86, 38, 10, brush.theme.metal)
    brush.box(34, 40, 66, 86, _WAX, 4)
    brush.shape(
        smooth((35, 41), (50, 39), (65, 41), (62, 56), (58, 48), (50, 50), (44, 62), (38, 50)), WHITE, edge=False
    )


def _boots(brush: Brush) -> None:
    for dx, scale in ((8, 0.8), (-8, 0.84)):
        boot = brush.placed(50 + dx, 54 - dx * 0.4, scale)
        boot.shape(
            smooth((26, 6), (56, 4), (56, 54), (70, 62), (92, 70), (94, 86), (60, 88), (24, 88), (24, 50)), _LEATHER
        )
        boot.box(22, 84, 95, 95, _BODY, 4)
        boot.box(23, 4, 59, 16, mix(_LEATHER, WHITE, 0.35), 3)
        for y in (34, 46):
            boot.ink([(44, y), (55, y + 2)], 4, rgb("#f2d9a2"))


LEISURE: Final[dict[str, Recipe]] = {
    "baseballbat": _baseball_bat,
    "basketball": _basketball,
    "boots": _boots,
    "candle": _candle,
    "pillow": _pillow,
    "remotecontrol": _remote_control,
    "statue": _statue,
    "teddybear": _teddy_bear,
    "television": _television,
    "tennisracket": _tennis_racket,
}
