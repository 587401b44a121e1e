"""King, queen and jack as small portraits: a crown and a beard, a tiara and long hair, a feathered hat."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vlm_gym.games.cards import Suit
from vlm_gym.render.canvas import BLACK, WHITE, Color, Point, Sketch, bezier, mirrored, mix, placed
from vlm_gym.render.suits import draw_suit

FIGURE_HEIGHT: Final = 2.1  # of its width

_GOLD: Final[Color] = (240, 186, 52)
_DARK_GOLD: Final[Color] = (148, 98, 14)
_SKIN: Final[Color] = (246, 211, 178)
_CREAM: Final[Color] = (255, 246, 224)
_GREY_HAIR: Final[Color] = (150, 142, 136)
_BROWN_HAIR: Final[Color] = (112, 66, 38)
_BLOND_HAIR: Final[Color] = (214, 160, 72)
_LIPS: Final[Color] = (196, 62, 66)

_CROWN: Final = (
    (-0.40, 0.22), (-0.50, -0.26), (-0.24, -0.02), (0.0, -0.42), (0.24, -0.02), (0.50, -0.26), (0.40, 0.22),
)  # fmt: skip
_CROWN_BALLS: Final = ((-0.50, -0.29), (0.0, -0.45), (0.50, -0.29))
_TIARA: Final = mirrored(
    bezier(
        (0.0, -0.34),
        ((-0.06, -0.16), (-0.10, -0.10), (-0.16, -0.10)),
        ((-0.22, -0.10), (-0.3, -0.14), (-0.34, -0.24)),
        ((-0.34, -0.06), (-0.42, 0.02), (-0.46, 0.16)),
        ((-0.3, 0.06), (-0.12, 0.02), (0.0, 0.02)),
    )
)
_HAT: Final = bezier(
    (-0.50, 0.12),
    ((-0.52, -0.16), (-0.20, -0.24), (0.06, -0.22)),
    ((0.34, -0.20), (0.54, -0.06), (0.50, 0.12)),
    ((0.30, 0.06), (-0.30, 0.06), (-0.50, 0.12)),
)
_FEATHER: Final = bezier(
    (0.16, 0.06),
    ((0.14, -0.24), (0.34, -0.50), (0.70, -0.52)),
    ((0.66, -0.36), (0.60, -0.32), (0.52, -0.26)),
    ((0.52, -0.12), (0.34, 0.0), (0.16, 0.06)),
)
_ROBE: Final = mirrored(
    bezier(
        (0.0, 0.05),
        ((-0.14, 0.05), (-0.20, 0.10), (-0.24, 0.16)),
        ((-0.40, 0.22), (-0.50, 0.34), (-0.50, 0.62)),
        ((-0.50, 0.80), (-0.50, 0.95), (-0.50, 1.05)),
    )
)
_BEARD: Final = mirrored(
    bezier((0.0, -0.17), ((-0.10, -0.20), (-0.18, -0.14), (-0.26, -0.30)), ((-0.30, -0.02), (-0.20, 0.20), (0.0, 0.28)))
)
_LONG_HAIR: Final = mirrored(
    bezier(
        (0.0, -0.64),
        ((-0.30, -0.64), (-0.36, -0.40), (-0.36, -0.20)),
        ((-0.36, 0.04), (-0.46, 0.16), (-0.40, 0.38)),
        ((-0.30, 0.44), (-0.12, 0.36), (0.0, 0.20)),
    )
)
_BOB_HAIR: Final = mirrored(
    bezier(
        (0.0, -0.60),
        ((-0.24, -0.60), (-0.33, -0.44), (-0.33, -0.24)),
        ((-0.34, -0.10), (-0.38, 0.0), (-0.40, 0.06)),
        ((-0.30, 0.10), (-0.16, 0.08), (0.0, 0.04)),
    )
)
_FRINGE: Final = bezier(
    (0.0, -0.40),
    ((-0.10, -0.36), (-0.20, -0.30), (-0.25, -0.18)),
    ((-0.32, -0.40), (-0.16, -0.56), (0.0, -0.56)),
    ((0.16, -0.56), (0.32, -0.40), (0.25, -0.18)),
    ((0.20, -0.30), (0.10, -0.36), (0.0, -0.40)),
)


@dataclass(frozen=True)
class Brush:
    """Where a portrait is drawn: the middle and the width of its box, and the colours of its suit."""

    sketch: Sketch
    center: Point
    width: float
    color: Color

    def at(self, x: float, y: float) -> Point:
        """Return a point of the portrait in pixels."""
        return self.center[0] + x * self.width, self.center[1] + y * self.width

    def shape(self, points: list[Point], color: Color) -> None:
        """Fill an outline."""
        self.sketch.polygon(placed(points, self.center, self.width), color)

    def disc(self, x: float, y: float, radius: float, color: Color, height: float | None = None) -> None:
        """Fill a circle or an ellipse."""
        tall = None if height is None else height * self.width
        self.sketch.disc(self.at(x, y), radius * self.width, color, tall)


def draw_figure(sketch: Sketch, rank: str, suit: Suit, center: Point, width: float, color: Color) -> None:
    """Draw the portrait of a J, Q or K in a box `width` wide and `FIGURE_HEIGHT` times as high."""
    brush = Brush(sketch, center, width, color)
    _PORTRAITS[rank](brush)
    draw_suit(sketch, suit, brush.at(0, 0.76), 0.40 * width, _CREAM)


def draw_headgear(sketch: Sketch, rank: str, center: Point, width: float, color: Color) -> None:
    """Draw the crown, tiara or feathered hat alone, about half as high as wide."""
    _HEADGEAR[rank](Brush(sketch, center, width, color))


def _crown(brush: Brush) -> None:
    edge = brush.width * 0.045
    brush.sketch.line(placed((*_CROWN, _CROWN[0]), brush.center, brush.width), 2 * edge, _DARK_GOLD)
    for x, y in _CROWN_BALLS:
        brush.disc(x, y, 0.10, _DARK_GOLD)
        brush.disc(x, y, 0.065, _GOLD)
    brush.shape(list(_CROWN), _GOLD)
    brush.shape([(-0.40, 0.22), (-0.425, 0.09), (0.425, 0.09), (0.40, 0.22)], brush.color)


def _tiara(brush: Brush) -> None:
    edge = brush.width * 0.04
    brush.sketch.line(placed((*_TIARA, _TIARA[0]), brush.center, brush.width), 2 * edge, _DARK_GOLD)
    brush.shape(_TIARA, _GOLD)
    for x, y, radius in ((0.0, -0.36, 0.12), (-0.35, -0.24, 0.09), (0.35, -0.24, 0.09)):
        brush.disc(x, y, radius, _DARK_GOLD)
        brush.disc(x, y, radius - 0.035, brush.color)


def _hat(brush: Brush) -> None:
    brush.sketch.line(placed((*_FEATHER, _FEATHER[0]), brush.center, brush.width), 0.07 * brush.width, _DARK_GOLD)
    brush.shape(_FEATHER, _GOLD)
    brush.shape(_HAT, brush.color)
    brush.sketch.line(
        placed(((-0.46, 0.14), (0.0, 0.09), (0.46, 0.14)), brush.center, brush.width),
        0.1 * brush.width,
        mix(brush.color, BLACK, 0.35),
    )
    brush.disc(0.17, 0.04, 0.08, _GOLD)


def _face(brush: Brush) -> None:
    brush.disc(0, -0.24, 0.235, _SKIN, height=0.28)
    for x in (-0.09, 0.09):
        brush.disc(x, -0.26, 0.028, BLACK)


def _king(brush: Brush) -> None:
    brush.shape(_ROBE, brush.color)
    brush.shape(
        [(-0.44, 0.26), (-0.22, 0.12), (0.22, 0.12), (0.44, 0.26), (0.20, 0.42), (0.0, 0.48), (-0.20, 0.42)], _CREAM
    )
    for x, y in ((-0.29, 0.27), (0.29, 0.27), (-0.15, 0.37), (0.15, 0.37)):
        brush.disc(x, y, 0.026, BLACK)
    brush.disc(0, -0.30, 0.30, _GREY_HAIR, height=0.30)
    _face(brush)
    brush.shape(_BEARD, _GREY_HAIR)
    brush.disc(0, -0.07, 0.07, _LIPS, height=0.024)
    _crown(Brush(brush.sketch, brush.at(0, -0.62), 0.72 * brush.width, brush.color))


def _queen(brush: Brush) -> None:
    brush.shape(_LONG_HAIR, _BROWN_HAIR)
    brush.shape(_ROBE, brush.color)
    brush.shape(
        [(-0.13, 0.0), (0.13, 0.0), (0.15, 0.14), (0.30, 0.20), (0.0, 0.50), (-0.30, 0.20), (-0.15, 0.14)], _SKIN
    )
    for x in (-0.36, 0.36):
        brush.disc(x, 0.16, 0.10, _BROWN_HAIR, height=0.22)
    for x, y in ((-0.17, 0.19), (-0.09, 0.24), (0.0, 0.26), (0.09, 0.24), (0.17, 0.19)):
        brush.disc(x, y, 0.045, _GOLD)
    _face(brush)
    brush.shape(_FRINGE, _BROWN_HAIR)
    brush.disc(0, -0.10, 0.06, _LIPS, height=0.032)
    _tiara(Brush(brush.sketch, brush.at(0, -0.58), 0.66 * brush.width, brush.color))


def _jack(brush: Brush) -> None:
    brush.shape(_ROBE, brush.color)
    brush.shape(
        [(-0.12, 0.04), (0.12, 0.04), (0.36, 0.22), (0.16, 0.42), (0.0, 0.26), (-0.16, 0.42), (-0.36, 0.22)], WHITE
    )
    brush.shape(_BOB_HAIR, _BLOND_HAIR)
    _face(brush)
    brush.shape(
        [(-0.24, -0.36), (-0.22, -0.52), (0.22, -0.52), (0.24, -0.36), (0.10, -0.38), (-0.10, -0.38)], _BLOND_HAIR
    )
    brush.disc(0, -0.10, 0.06, _LIPS, height=0.022)
    _hat(Brush(brush.sketch, brush.at(-0.02, -0.56), 0.84 * brush.width, brush.color))


_PORTRAITS: Final[dict[str, Callable[[Brush], None]]] = {"K": _king, "Q": _queen, "J": _jack}
_HEADGEAR: Final[dict[str, Callable[[Brush], None]]] = {"K": _crown, "Q": _tiara, "J": _hat}
