"""Icons of what lies on desks and in pockets."""

from typing import Final

from vlm_gym.render.canvas import WHITE, mix, rgb
from vlm_gym.render.household.brush import Brush, arc, ring
from vlm_gym.render.household.recipe import Recipe

_BODY: Final = rgb("#33373f")
_SCREEN: Final = rgb("#7cc4ee")
_PENCIL: Final = rgb("#f6b92b")
_ERASER: Final = rgb("#ef8f9c")
_SHAVED: Final = rgb("#f4d9ab")
_CARD: Final = rgb("#2f66b4")
_GOLD: Final = rgb("#e9b93a")
_PRINT: Final = rgb("#8d9199")
_CARDBOARD: Final = rgb("#cf9c62")
_STRAP: Final = rgb("#7b4a2b")
_BRASS: Final = rgb("#d9a53a")
_SHEEN: Final = ("#f7b6d2", "#b9e3c0", "#b5c9f4", "#f8e6a0")


def _book(brush: Brush) -> None:
    color = brush.theme.accent
    brush.shape([(16, 16), (24, 8), (86, 8), (86, 84), (16, 84)], color)
    brush.box(22, 78, 88, 91, brush.theme.paper, shade=False)
    brush.ink([(28, 85), (84, 85)], 2, _PRINT)
    brush.line([(88, 94), (22, 94), (15, 86), (15, 20)], 6, color)
    brush.box(36, 22, 76, 40, brush.theme.paper, 2, shade=False)
    brush.ink([(43, 31), (69, 31)], 4)


def _newspaper(brush: Brush) -> None:
    brush.shape([(82, 22), (97, 22), (97, 84), (90, 90), (82, 84)], mix(brush.theme.paper, brush.theme.ink, 0.18))
    brush.box(6, 10, 84, 90, brush.theme.paper, 2)
    brush.ink([(15, 22), (75, 22)], 9)
    brush.box(14, 36, 44, 60, _PRINT, edge=False)
    for y in (38, 48, 58):
        brush.ink([(52, y), (75, y)], 4, _PRINT)
    for y in (70, 80):
        brush.ink([(16, y), (75, y)], 4, _PRINT)


def _pen(brush: Brush) -> None:
    tool = brush.turned(45, 1.02)
    tool.shape([(43, 86), (57, 86), (52, 106), (48, 106)], brush.theme.metal)
    tool.box(40, 40, 60, 88, _CARD, 2)
    tool.box(40, -6, 60, 42, mix(_CARD, brush.theme.ink, 0.45), 6)
    tool.line([(61, 0), (64, 4), (64, 30)], 6, brush.theme.metal)
    tool.box(39, 37, 61, 44, brush.theme.metal, shade=False)


def _pencil(brush: Brush) -> None:
    tool = brush.turned(45, 1.02)
    tool.shape([(39, 80), (61, 80), (50, 108)], _SHAVED)
    tool.shape([(46, 97), (54, 97), (50, 108)], _BODY, shade=False)
    tool.box(39, 10, 61, 82, _PENCIL)
    tool.ink([(46, 14), (46, 80)], 3, mix(_PENCIL, WHITE, 0.5))
    tool.box(39, -8, 61, 6, _ERASER, 5)
    tool.box(38, 2, 62, 13, brush.theme.metal, shade=False)


def _credit_card(brush: Brush) -> None:
    card = brush.turned(-10)
    card.box(4, 22, 96, 80, _CARD, 7)
    card.box(5, 32, 95, 45, brush.theme.ink, edge=False)
    card.box(14, 53, 34, 67, _GOLD, 3, shade=False)
    card.ink([(44, 70), (58, 70)], 5, WHITE)
    card.dot(72, 64, 8, brush.theme.accent)
    card.dot(82, 64, 8, _GOLD)


def _cd(brush: Brush) -> None:
    brush.shape(ring(50, 50, 46), rgb("#dfe5ee"), holes=(ring(50, 50, 7),), shade=False)
    for start, color in zip((200, 235, 20, 55), _SHEEN, strict=True):
        brush.shape(
            [*arc(50, 50, 40, None, start, start + 35), *arc(50, 50, 19, None, start + 35, start)],
            rgb(color),
            edge=False,
        )
    brush.shape(ring(50, 50, 17), rgb("#f4f6f9"), holes=(ring(50, 50, 7),), shade=False)


def _cell_phone(brush: Brush) -> None:
    brush.box(24, 4, 76, 96, _BODY, 10)
    brush.box(31, 15, 69, 82, _SCREEN, 2, edge=False)
    icons = ("#ef5b5b", "#f6c945", "#5cc06a", "#ffffff", "#8a6fd1", "#ff9a4d")
    for index, color in enumerate(icons):
        x, y = 36 + index % 2 * 16, 22 + index // 2 * 16
        brush.box(x, y, x + 11, y + 11, rgb(color), 3, edge=False)
    brush.ink([(43, 9.5), (57, 9.5)], 3, WHITE)
    brush.dot(50, 89, 3.6, WHITE)


def _laptop(brush: Brush) -> None:
    brush.box(14, 14, 86, 70, _BODY, 5)
    brush.box(21, 21, 79, 63, _SCREEN, 1, edge=False)
    brush.shape([(21, 63), (50, 21), (66, 21), (37, 63)], mix(_SCREEN, WHITE, 0.4), edge=False)
    brush.shape([(14, 70), (86, 70), (98, 86), (94, 90), (6, 90), (2, 86)], brush.theme.metal)
    brush.shape([(20, 74), (80, 74), (84, 80), (16, 80)], brush.theme.dark_metal, edge=False)


def _alarm_clock(brush: Brush) -> None:
    red = brush.theme.accent
    for x in (24, 76):
        brush.line([(50 + (x - 50) * 0.8, 82), (x, 95)], 10, brush.theme.dark_metal)
        brush.placed(x + (50 - x) * 0.04, 19, 1.0, -35 if x < 50 else 35).shape(
            [*arc(50, 56, 16, 15, 180, 360), (34, 56)], _BRASS
        )
    brush.oval(50, 56, 38, None, red)
    brush.oval(50, 56, 28, None, brush.theme.paper)
    brush.ink([(50, 37), (50, 57), (64, 64)], 5.5)
    brush.line([(50, 10), (50, 15)], 9, brush.theme.dark_metal)


def _watch(brush: Brush) -> None:
    for top, bottom, narrow in ((4, 34, 4), (96, 66, 96)):
        brush.shape([(36, bottom), (64, bottom), (60, narrow), (40, narrow)], _STRAP)
        brush.ink([(50, (top * 3 + bottom) / 4), (50, (top * 2 + bottom * 2) / 4)], 4, rgb("#c89468"))
    brush.box(74, 45, 83, 55, _GOLD, 2)
    brush.oval(50, 50, 28, None, _GOLD)
    brush.oval(50, 50, 20, None, brush.theme.paper)
    brush.ink([(50, 38), (50, 51), (59, 55)], 5)


def _key_chain(brush: Brush) -> None:
    brush.line(ring(34, 26, 20), 8, brush.theme.metal)
    for turn, color in ((-52, _BRASS), (-8, brush.theme.metal)):
        key = brush.placed(40, 40, 0.86, turn)
        key.shape([(45, 66), (55, 66), (55, 114), (50, 119), (45, 114)], color)
        key.box(53, 90, 66, 98, color)
        key.box(53, 104, 64, 112, color)
        key.shape(ring(50, 52, 17), color, holes=(ring(50, 46, 5),), shade=False)


def _box(brush: Brush) -> None:
    brush.shape([(12, 38), (50, 28), (88, 38), (50, 48)], mix(_CARDBOARD, brush.theme.ink, 0.5), shade=False)
    brush.shape([(12, 38), (50, 48), (50, 96), (12, 82)], _CARDBOARD, shade=False)
    brush.shape([(50, 48), (88, 38), (88, 82), (50, 96)], mix(_CARDBOARD, brush.theme.ink, 0.2), shade=False)
    brush.shape([(12, 38), (50, 48), (36, 62), (1, 50)], mix(_CARDBOARD, WHITE, 0.3), shade=False)
    brush.shape([(88, 38), (50, 48), (64, 62), (99, 50)], mix(_CARDBOARD, WHITE, 0.15), shade=False)
    brush.shape([(12, 38), (50, 28), (38, 14), (4, 24)], mix(_CARDBOARD, WHITE, 0.15), shade=False)
    brush.shape([(88, 38), (50, 28), (62, 14), (96, 24)], mix(_CARDBOARD, WHITE, 0.3), shade=False)


def parcel(brush: Brush) -> None:
    """Draw the neutral parcel that stands for a kind without an icon."""
    grey = rgb("#b9b2a6")
    brush.box(10, 22, 90, 92, grey, 4)
    brush.box(10, 22, 90, 40, mix(grey, WHITE, 0.3), 4)
    brush.ink([(42, 58), (44, 50), (52, 48), (58, 54), (56, 62), (50, 68), (50, 74)], 7)
    brush.dot(50, 84, 4)


DESK: Final[dict[str, Recipe]] = {
    "alarmclock": _alarm_clock,
    "book": _book,
    "box": _box,
    "cd": _cd,
    "cellphone": _cell_phone,
    "creditcard": _credit_card,
    "keychain": _key_chain,
    "laptop": _laptop,
    "newspaper": _newspaper,
    "pen": _pen,
    "pencil": _pencil,
    "watch": _watch,
}
