"""Icons of food, whole and sliced."""

from typing import Final

from vlm_gym.render.canvas import WHITE, Color, rgb
from vlm_gym.render.household.brush import Brush, arc, ring, smooth
from vlm_gym.render.household.recipe import Recipe

_RED: Final = rgb("#d92f36")
_TOMATO: Final = rgb("#ef5a2f")
_CREAM: Final = rgb("#fff3cf")
_LEAF: Final = rgb("#57a63a")
_DARK_LEAF: Final = rgb("#2f7a2c")
_LETTUCE: Final = rgb("#8ecb4a")
_PALE_LETTUCE: Final = rgb("#d9efa0")
_BARK: Final = rgb("#7a4b25")
_SKIN: Final = rgb("#c4935a")
_POTATO: Final = rgb("#f3dc96")
_CRUST: Final = rgb("#c9822f")
_CRUMB: Final = rgb("#f6dca6")
_SHELL: Final = rgb("#fbe6cf")
_YOLK: Final = rgb("#f9b41f")

_APPLE: Final = smooth(
    (50, 34), (64, 26), (82, 30), (92, 50), (84, 78), (66, 95),
    (50, 91), (34, 95), (16, 78), (8, 50), (18, 30), (36, 26),
)  # fmt: skip
_APPLE_FLESH: Final = smooth(
    (50, 42), (66, 34), (82, 50), (76, 74), (62, 86), (50, 82), (38, 86), (24, 74), (18, 50), (34, 34)
)
_TUBER: Final = smooth((12, 62), (22, 36), (48, 26), (76, 18), (93, 36), (88, 60), (66, 76), (34, 88), (16, 80))
_LOAF: Final = smooth((6, 70), (6, 44), (20, 32), (50, 28), (80, 32), (94, 44), (94, 70), (86, 80), (50, 82), (14, 80))
_TOAST: Final = smooth(
    (22, 92), (20, 62), (8, 46), (18, 26), (50, 18), (82, 26), (92, 46), (80, 62), (78, 92), (50, 95)
)


def _apple(brush: Brush) -> None:
    brush.line([(50, 36), (53, 20), (58, 10)], 8, _BARK)
    brush.shape(smooth((56, 24), (66, 8), (88, 6), (80, 22)), _LEAF)
    brush.shape(_APPLE, _RED)
    brush.shape(smooth((22, 52), (26, 38), (36, 36), (32, 48), (26, 58)), rgb("#ff9d95"), edge=False)


def _sliced_apple(brush: Brush) -> None:
    brush.line([(46, 32), (50, 14)], 7, _BARK)
    half = brush.placed(44, 50, 0.86)
    half.shape(_APPLE, _RED)
    half.shape(_APPLE_FLESH, _CREAM, edge=False)
    for x, turn in ((41, 12), (59, -12)):
        half.placed(x, 60, 1.0, turn).shape(ring(50, 50, 5, 10), _BARK, edge=False)
    wedge = brush.placed(72, 74, 0.62, -14)
    wedge.shape([*arc(50, 40, 46, None, 10, 170), (4, 48)], _RED)
    wedge.shape(arc(50, 40, 34, None, 2, 178), _CREAM, edge=False)


def _tomato(brush: Brush) -> None:
    brush.shape(smooth((50, 26), (78, 26), (95, 52), (86, 82), (50, 93), (14, 82), (5, 52), (22, 26)), _TOMATO)
    brush.shape(smooth((16, 58), (20, 44), (30, 38), (26, 50), (20, 62)), rgb("#ffb39a"), edge=False)
    star = [(50, 30), (72, 44), (64, 30), (84, 24), (62, 20), (54, 6), (44, 19), (18, 22), (36, 30), (30, 44)]
    brush.shape(star, _DARK_LEAF, shade=False)


def _sliced_tomato(brush: Brush) -> None:
    for x, y, size in ((36, 38, 0.66), (62, 62, 0.72)):
        slice_ = brush.placed(x, y, size)
        slice_.oval(50, 50, 46, None, _TOMATO)
        slice_.shape(ring(50, 50, 36), rgb("#ffb08c"), edge=False)
        for turn in (30, 150, 270):
            lobe = slice_.placed(50, 50, 1.0, turn)
            lobe.shape(smooth((58, 50), (68, 36), (80, 50), (68, 64)), _RED, edge=False)
            lobe.dot(68, 50, 5, rgb("#ffe08a"))


def _potato(brush: Brush) -> None:
    brush.shape(_TUBER, _SKIN)
    for x, y, turn in ((34, 56, 20), (58, 42, -20), (74, 52, 30), (48, 70, 0), (76, 32, 0)):
        brush.placed(x, y, 1.0, turn).shape(ring(50, 50, 4.5, 2.6), rgb("#7f5628"), edge=False)


def _sliced_potato(brush: Brush) -> None:
    brush.placed(60, 38, 0.86).shape(_TUBER, _SKIN)
    for x, y in ((50, 58), (30, 70)):
        disc = brush.placed(x, y, 0.5, -20)
        disc.oval(50, 50, 38, 50, _SKIN)
        disc.shape(ring(50, 50, 28, 40), _POTATO, edge=False)


def _egg(brush: Brush) -> None:
    brush.shape(smooth((50, 6), (70, 20), (84, 58), (74, 86), (50, 95), (26, 86), (16, 58), (30, 20)), _SHELL)
    brush.shape(smooth((30, 50), (36, 28), (44, 24), (40, 40), (34, 56)), WHITE, edge=False)


def _sliced_egg(brush: Brush) -> None:
    for x, y, turn in ((36, 40, -28), (64, 60, -28)):
        half = brush.placed(x, y, 0.74, turn)
        half.shape(smooth((50, 6), (70, 22), (82, 58), (74, 86), (50, 95), (26, 86), (18, 58), (30, 22)), WHITE)
        half.oval(50, 62, 21, None, _YOLK)


def _bread(brush: Brush) -> None:
    brush.shape(_LOAF, _CRUST)
    for x in (26, 44, 62, 80):
        brush.shape(smooth((x - 6, 60), (x - 4, 48), (x + 6, 38), (x + 5, 50)), _CRUMB, edge=False)


def _sliced_bread(brush: Brush) -> None:
    for x, y in ((70, 42), (56, 48), (38, 56)):
        toast = brush.placed(x, y, 0.68)
        toast.shape(_TOAST, _CRUST)
        toast.placed(50, 54, 0.78).shape(_TOAST, _CRUMB, edge=False)


def _ruffle(brush: Brush, size: float, color: Color) -> None:
    points = [(p if i % 2 else q) for i, (p, q) in enumerate(zip(_circle(46 * size), _circle(39 * size), strict=True))]
    brush.shape(smooth(*points), color)


def _circle(radius: float) -> list[tuple[float, float]]:
    return arc(50, 52, radius, radius * 0.94, 0, 337.5, 16)


def _lettuce(brush: Brush) -> None:
    _ruffle(brush, 1.0, _LEAF)
    brush.shape(smooth((50, 20), (74, 24), (84, 46), (74, 74), (50, 88), (26, 74), (16, 46), (26, 24)), _LETTUCE)
    brush.line([(50, 86), (50, 34)], 6, _PALE_LETTUCE, edge=False)
    for y, reach in ((44, 14), (58, 20), (72, 16)):
        brush.line([(50 - reach, y - 14), (50, y), (50 + reach, y - 14)], 4, _PALE_LETTUCE, edge=False)


def _sliced_lettuce(brush: Brush) -> None:
    _ruffle(brush, 1.0, _LEAF)
    brush.shape(smooth((50, 16), (76, 24), (86, 52), (70, 84), (50, 92), (30, 84), (14, 52), (24, 24)), _PALE_LETTUCE)
    for radius in (26, 14):
        brush.line(arc(50, 56, radius, radius * 1.05, 150, 390), 4, _LETTUCE, edge=False)
    brush.shape([(42, 92), (47, 56), (53, 56), (58, 92)], _CREAM, edge=False)


FOOD: Final[dict[str, Recipe]] = {
    "apple": _apple,
    "bread": _bread,
    "egg": _egg,
    "lettuce": _lettuce,
    "potato": _potato,
    "tomato": _tomato,
}
SLICED_FOOD: Final[dict[str, Recipe]] = {
    "apple": _sliced_apple,
    "bread": _sliced_bread,
    "egg": _sliced_egg,
    "lettuce": _sliced_lettuce,
    "potato": _sliced_potato,
    "tomato": _sliced_tomato,
}
