"""A brush for icons and furniture: shapes with an outline and a shaded side, drawn large and reduced once."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from vlm_gym.render.canvas import BLACK, WHITE, Color, Point, mix
from vlm_gym.render.household.palette import HomeTheme
from vlm_gym.render.opencv import cv2

Sprite: TypeAlias = npt.NDArray[np.uint8]  # (height, width, 4), RGBA, not premultiplied
Matrix: TypeAlias = npt.NDArray[np.float64]  # (2, 3), from hundredths to pixels of the large drawing

SHADE: Final = 0.20  # of black on the side away from the light, which comes from the upper left
SHADE_WIDTH: Final = 7.0  # hundredths
SHADE_SLOPE: Final = 0.6  # of the light, which comes more from the left than from above
OVAL_STEPS: Final = 40
SMOOTH_STEPS: Final = 8
SUBPIXEL_BITS: Final = 3
TINT: Final = 0.7  # of black in a tinted outline
WHOLE: Final = 100.0
OPAQUE: Final = 255
WITH_BORDER: Final = 0.92  # of the size of an icon that has a white border


def smooth(*points: Point, is_closed: bool = True) -> list[Point]:
    """Return a curve through all points (Catmull-Rom)."""
    spread = [points[-1], *points, points[0], points[1]] if is_closed else [points[0], *points, points[-1]]
    steps = [step / SMOOTH_STEPS for step in range(SMOOTH_STEPS)]
    curve = [_between(spread[i : i + 4], t) for i in range(len(spread) - 3) for t in steps]
    return curve if is_closed else [*curve, points[-1]]


def _between(four: Sequence[Point], t: float) -> Point:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = four
    return _spline(ax, bx, cx, dx, t), _spline(ay, by, cy, dy, t)


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3)


def ring(x: float, y: float, radius: float, height: float | None = None) -> list[Point]:
    """Return the outline of a circle, or of an ellipse whose vertical radius is `height`."""
    return arc(x, y, radius, height, 0.0, 360.0 * (1 - 1 / OVAL_STEPS))


def arc(
    x: float, y: float, radius: float, height: float | None, start: float, end: float, steps: int = OVAL_STEPS
) -> list[Point]:
    """Return a part of an ellipse, by angles in degrees: 0 is right, 90 is down."""
    tall = radius if height is None else height
    return [(x + radius * cosine, y + tall * sine) for cosine, sine in _unit_arc(start, end, steps)]


@lru_cache(maxsize=512)  # drawings share most of them
def _unit_arc(start: float, end: float, steps: int) -> list[Point]:
    angles = [math.radians(start + (end - start) * step / (steps - 1)) for step in range(steps)]
    return [(math.cos(angle), math.sin(angle)) for angle in angles]


def rounded(left: float, top: float, right: float, bottom: float, radius: float) -> list[Point]:
    """Return the outline of a rectangle with round corners."""
    if radius <= 0:
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    corners = ((right, top, -90), (right, bottom, 0), (left, bottom, 90), (left, top, 180))
    points: list[Point] = []
    for x, y, start in corners:
        center = x + math.copysign(radius, left - x + right - x), y + math.copysign(radius, top - y + bottom - y)
        points += arc(*center, radius, radius, start, start + 90, 8)
    return points


class Brush:
    """A transparent surface whose smaller side measures 100, and the theme it is painted in."""

    def __init__(self, width: int, height: int, theme: HomeTheme, edge: float | None = None) -> None:
        """`edge` is the width of outlines in pixels; by default it fits an icon, which then gets its border too."""
        self.theme = theme
        self.size = (width, height)
        small = min(width, height)
        self.width, self.height = WHOLE * width / small, WHOLE * height / small
        self.factor = 8 if small <= 64 else 4 if small <= 160 else 3
        self._unit = self.factor * small / WHOLE
        self._edge = self.factor * (0.55 + 0.022 * small if edge is None else edge)  # pixels of the large drawing
        self._matrix: Matrix = np.array([[self._unit, 0.0, 0.0], [0.0, self._unit, 0.0]])
        self._has_border = theme.icon_style == "sticker" and edge is None
        if self._has_border:
            self._matrix = self.placed(50.0, 50.0, WITH_BORDER)._matrix
        self.pixels: Sprite = np.zeros((height * self.factor, width * self.factor, 4), np.uint8)

    @property
    def edge(self) -> float:
        """Width of an outline in hundredths."""
        return self._edge / self._unit

    def placed(self, x: float, y: float, scale: float = 1.0, degrees: float = 0.0, stretch: float = 1.0) -> "Brush":
        """Return a brush on the same surface whose point (50, 50) lies at (x, y), scaled and turned clockwise."""
        cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        turn = scale * np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([stretch, 1.0])
        shift = np.array([x, y]) - turn @ np.array([50.0, 50.0])
        brush = Brush.__new__(Brush)
        brush.__dict__.update(self.__dict__)
        brush._matrix = self._matrix[:, :2] @ np.column_stack([turn, shift])
        brush._matrix[:, 2] += self._matrix[:, 2]
        return brush

    def turned(self, degrees: float, scale: float = 1.0) -> "Brush":
        """Return a brush on the same surface, turned clockwise around the middle."""
        return self.placed(50.0, 50.0, scale, degrees)

    def shape(
        self,
        points: Sequence[Point],
        color: Color,
        *,
        edge: bool = True,
        shade: bool = True,
        holes: Sequence[Sequence[Point]] = (),
    ) -> None:
        """Fill an outline, darker on the side away from the light, and draw its edge."""
        rings = [self._to_pixels(points), *(self._to_pixels(hole) for hole in holes)]
        cv2.fillPoly(self.pixels, rings, (*color, 255), shift=SUBPIXEL_BITS)
        if shade and edge:
            self._shade(rings, color)
        if edge:
            cv2.polylines(self.pixels, rings, True, self._edge_color(color), self._edge_width(), shift=SUBPIXEL_BITS)

    def oval(self, x: float, y: float, radius: float, height: float | None, color: Color, *, edge: bool = True) -> None:
        """Fill a circle, or an ellipse whose vertical radius is `height`."""
        self.shape(ring(x, y, radius, height), color, edge=edge)

    def box(
        self, left: float, top: float, right: float, bottom: float, color: Color, radius: float = 0, *,
        edge: bool = True, shade: bool = True,
    ) -> None:  # fmt: skip
        """Fill a rectangle with round corners."""
        self.shape(rounded(left, top, right, bottom, radius), color, edge=edge, shade=shade)

    def line(self, points: Sequence[Point], width: float, color: Color, *, edge: bool = True) -> None:
        """Draw a line with round ends, as a bar with an edge or as bare ink."""
        scale = math.sqrt(abs(float(np.linalg.det(self._matrix[:, :2]))))
        ends, thick = [self._to_pixels(points)], max(1, round(width * scale))
        if edge:
            wide = thick + self._edge_width()
            cv2.polylines(self.pixels, ends, False, self._edge_color(color), wide, shift=SUBPIXEL_BITS)
            thick = max(1, thick - self._edge_width())
        cv2.polylines(self.pixels, ends, False, (*color, 255), thick, shift=SUBPIXEL_BITS)

    def ink(self, points: Sequence[Point], width: float | None = None, color: Color | None = None) -> None:
        """Draw a bare line: by default as wide and as dark as an outline."""
        self.line(points, self.edge if width is None else width, color or self.theme.ink, edge=False)

    def dot(self, x: float, y: float, radius: float, color: Color | None = None) -> None:
        """Draw a small bare disc."""
        self.shape(ring(x, y, radius), color or self.theme.ink, edge=False)

    def erase(self, points: Sequence[Point]) -> None:
        """Make an area transparent again."""
        cv2.fillPoly(self.pixels, [self._to_pixels(points)], (0, 0, 0, 0), shift=SUBPIXEL_BITS)

    def finish(self) -> Sprite:
        """Return the drawing in its final size."""
        if self._has_border:
            self._add_border()
        reduced: Sprite = np.asarray(cv2.resize(self.pixels, self.size, interpolation=cv2.INTER_AREA), np.uint8)
        alpha = cv2.extractChannel(reduced, 3)
        rows, columns = np.nonzero((alpha > 0) & (alpha < OPAQUE))  # the rest stays as it is
        edges = reduced[rows, columns].astype(np.float64)
        edges[:, :3] = np.minimum(edges[:, :3] * OPAQUE / edges[:, 3:], OPAQUE)
        reduced[rows, columns] = np.rint(edges)
        return reduced

    def _shade(self, rings: list[npt.NDArray[np.int32]], color: Color) -> None:
        height, width = self.pixels.shape[:2]
        left, top = np.maximum(rings[0].min(0) >> SUBPIXEL_BITS, 0)
        right, bottom = np.minimum((rings[0].max(0) >> SUBPIXEL_BITS) + 2, (width, height))
        if right <= left or bottom <= top:
            return
        origin = np.array([left, top], np.int32) << SUBPIXEL_BITS
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(mask, [points - origin for points in rings], 1, shift=SUBPIXEL_BITS)
        shift = SHADE_WIDTH * self._unit * 2**SUBPIXEL_BITS
        moved = rings[0] - origin - np.rint([shift, shift * SHADE_SLOPE]).astype(np.int32)
        cv2.fillPoly(mask, [moved], 0, shift=SUBPIXEL_BITS)
        shade = np.array((*mix(color, BLACK, SHADE), OPAQUE), np.uint8).view(np.uint32)  # filled as one number: faster
        area = np.full(mask.shape, shade[0]).view(np.uint8).reshape(*mask.shape, 4)
        cv2.copyTo(area, mask, self.pixels[top:bottom, left:right])

    def _add_border(self) -> None:
        alpha = self.pixels[:, :, 3]
        width = 2 * self._edge_width() + 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        border = (cv2.dilate(alpha, kernel) > 0) & (alpha == 0)
        self.pixels[border] = (*WHITE, 255)

    def _edge_width(self) -> int:
        return max(1, round(self._edge))

    def _edge_color(self, color: Color) -> tuple[int, int, int, int]:
        if self.theme.icon_style != "tinted":
            return (*self.theme.ink, 255)
        return (*mix(color, self.theme.ink, TINT), 255)

    def _to_pixels(self, points: Sequence[Point]) -> npt.NDArray[np.int32]:
        moved = np.asarray(points, np.float64) @ self._matrix[:, :2].T + self._matrix[:, 2]
        return np.rint(moved * 2**SUBPIXEL_BITS).astype(np.int32)
