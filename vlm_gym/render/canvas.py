"""Drawing primitives: colours, fonts, and a sketch that is drawn large and reduced once, so that edges are smooth."""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Picture: TypeAlias = npt.NDArray[np.uint8]  # (height, width, 3), RGB
Color: TypeAlias = tuple[int, int, int]
Point: TypeAlias = tuple[float, float]

BLACK: Final[Color] = (24, 26, 31)
WHITE: Final[Color] = (255, 255, 255)
CURVE_STEPS: Final = 16
SCALES: Final = ((8, 128), (4, 600), (2, 4096))  # how much larger sketches up to so many pixels are drawn
CAP_HEIGHT: Final = 0.72  # of the font size, nearly the same in all fonts that are shipped
SMALLEST_FONT: Final = 5

_FONT_FOLDER: Final = Path(__file__).parent / "fonts"
_FONT_FILES: Final = {  # below the size, the small font is used: its hinting keeps thin strokes apart
    "sans": ("DejaVuSansCondensed-Bold.ttf", 14, "Lato-Heavy.ttf"),
    "serif": ("DejaVuSerifCondensed-Bold.ttf", 13, "Caladea-Bold.ttf"),
}


def rgb(color: str) -> Color:
    """Return the three channels of "#rrggbb"."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def mix(first: Color, second: Color, share: float) -> Color:
    """Return `first` with `share` (0 to 1) of `second` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def luminance(color: Color) -> float:
    """Return the relative luminance, 0 to 1, as WCAG 2 defines it."""
    red, green, blue = (_linear(channel / 255) for channel in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: Color, second: Color) -> float:
    """Return the contrast ratio of two colours, 1 to 21, as WCAG 2 defines it."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(color: Color) -> Color:
    """Return black or white, whichever reads better on `color`."""
    return max(BLACK, WHITE, key=lambda ink: contrast(ink, color))


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def bezier(start: Point, *curves: tuple[Point, Point, Point]) -> list[Point]:
    """Return points along cubic curves, each given by two control points and its end."""
    points = [start]
    for first, second, end in curves:
        origin = points[-1]
        points += [_on_curve(origin, first, second, end, step / CURVE_STEPS) for step in range(1, CURVE_STEPS + 1)]
    return points


def _on_curve(start: Point, first: Point, second: Point, end: Point, t: float) -> Point:
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    return (
        a * start[0] + b * first[0] + c * second[0] + d * end[0],
        a * start[1] + b * first[1] + c * second[1] + d * end[1],
    )


def mirrored(points: Sequence[Point]) -> list[Point]:
    """Close a left half, drawn from the axis x = 0 and back to it, with its mirror image."""
    return [*points, *((-x, y) for x, y in reversed(points))]


@lru_cache(maxsize=128)
def load_font(family: str, size: int) -> ImageFont.FreeTypeFont:
    """Load a font of the package; `size` is in pixels."""
    small, first_large_size, large = _FONT_FILES[family]
    name = small if size < first_large_size else large
    return ImageFont.truetype(str(_FONT_FOLDER / name), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=8192)  # names are measured for several sizes, and again when they are written
def ink_box(text: str, family: str, size: int) -> tuple[float, float, float, float]:
    """Return where the ink of `text` is, in pixels from the left end of its baseline: left, top, right and bottom."""
    return load_font(family, size).getbbox(text, anchor="ls")


def text_width(text: str, family: str, size: int) -> int:
    """Return how many pixels wide the ink of `text` is."""
    left, _, right, _ = ink_box(text, family, size)
    return math.ceil(right) - math.floor(left)


def fitting_size(text: str, family: str, width: float, highest: float) -> int:
    """Return the largest font size whose ink is at most `width` wide and whose capitals are at most `highest` high."""
    size = max(SMALLEST_FONT, math.ceil(highest / CAP_HEIGHT))
    while size > SMALLEST_FONT and not _fits(text, family, size, width, highest):
        size -= 1
    return size


def _fits(text: str, family: str, size: int, width: float, highest: float) -> bool:
    return text_width(text, family, size) <= width and cap_height(family, size) <= round(highest)


def text_mask(text: str, family: str, size: int) -> Image.Image:
    """Return the ink of `text` in grey: from its left to its right edge, from the top of a capital down."""
    font = load_font(family, size)
    left, top, right, bottom = ink_box(text, family, size)
    top = min(ink_box("H0", family, size)[1], top)
    mask = Image.new("L", (max(1, math.ceil(right - left)), max(1, math.ceil(bottom - top))))
    ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=font, anchor="ls")
    return mask


@lru_cache(maxsize=512)
def cap_height(family: str, size: int) -> int:
    """Return the height of a capital in pixels."""
    return -math.floor(ink_box("H", family, size)[1])


def write(image: Image.Image, center: Point, text: str, family: str, size: int, color: Color) -> None:
    """Write `text` so that its ink is centred in x and its capitals in y."""
    mask = text_mask(text, family, size)
    ascent = max(cap_height(family, size), -math.floor(ink_box(text, family, size)[1]))
    x, y = center[0] - mask.width / 2, center[1] + cap_height(family, size) / 2 - ascent
    image.paste(color, (int(x + 0.5), int(y + 0.5)), mask)  # round() takes halves to even: uneven gaps


class Sketch:
    """A surface in pixels of the final picture, drawn `scale` times as large: the larger it is, the less."""

    def __init__(self, width: int, height: int, background: Color, scale: int | None = None) -> None:
        self.size = (width, height)
        longest = max(width, height)
        self.scale = scale or next(scale for scale, limit in SCALES if longest <= limit)
        self._image = Image.new("RGB", (width * self.scale, height * self.scale), background)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Iterable[Point], color: Color) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=color)

    def disc(self, center: Point, radius: float, color: Color, height: float | None = None) -> None:
        """Fill a circle, or an ellipse whose vertical radius is `height`."""
        (x, y), ry = center, radius if height is None else height
        box = [(value * self.scale) for value in (x - radius, y - ry, x + radius, y + ry)]
        self._draw.ellipse([box[0], box[1], box[2] - 1, box[3] - 1], fill=color)

    def circle(self, center: Point, radius: float, width: float, color: Color) -> None:
        """Draw a circle's line."""
        box = [(value * self.scale) for value in (*(c - radius for c in center), *(c + radius for c in center))]
        self._draw.ellipse(box, outline=color, width=max(1, round(width * self.scale)))

    def box(self, left: float, top: float, right: float, bottom: float, radius: float, color: Color) -> None:
        """Fill a rectangle with round corners."""
        corners = [value * self.scale for value in (left, top, right, bottom)]
        box = [corners[0], corners[1], corners[2] - 1, corners[3] - 1]
        self._draw.rounded_rectangle(box, radius * self.scale, fill=color)

    def line(self, points: Sequence[Point], width: float, color: Color) -> None:
        """Draw a line with round ends and joints."""
        scaled = [(x * self.scale, y * self.scale) for x, y in points]
        self._draw.line(scaled, fill=color, width=max(1, round(width * self.scale)), joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc((x, y), width / 2, color)

    def finish(self) -> Image.Image:
        """Return the picture in its final size."""
        return self._image.reduce(self.scale)


def placed(points: Iterable[Point], center: Point, width: float, height: float | None = None) -> list[Point]:
    """Scale points of the unit square around the origin and move them to `center`."""
    (x, y), tall = center, width if height is None else height
    return [(x + px * width, y + py * tall) for px, py in points]


def to_picture(image: Image.Image) -> Picture:
    """Return the pixels of an image."""
    return np.array(image, dtype=np.uint8)


Patch: TypeAlias = tuple[Picture, int, int]  # an opaque sprite, its left and its top


class Canvas:
    """A place for the pictures of one env, as a part of a larger array, which remembers what lies on it.

    Of a picture on the same ground only what differs is drawn again, so nobody else may write on the place.
    """

    __slots__ = ("_ground", "_patches", "place")

    def __init__(self, place: Picture) -> None:
        self.place = place
        self._ground: Picture | None = None
        self._patches: tuple[Patch, ...] = ()

    def fill(self, picture: Picture) -> Picture:
        """Copy a picture onto the place, unless it is the place, and return the place, to be drawn on further."""
        if picture is not self.place:
            self.place[...] = picture
            self._ground, self._patches = None, ()
        return self.place

    def lay(self, ground: Picture, patches: tuple[Patch, ...]) -> Picture:
        """Draw patches that do not overlap on a ground, and return the place."""
        kept = 0
        if ground is self._ground:
            for old, new in zip(self._patches, patches, strict=False):
                if old[0] is not new[0] or old[1:] != new[1:]:
                    break
                kept += 1
            for sprite, left, top in self._patches[kept:]:
                height, width = sprite.shape[:2]
                box = slice(top, top + height), slice(left, left + width)
                self.place[box] = ground[box]
        else:
            self.place[...] = ground
        for patch in patches[kept:]:
            paste(self.place, *patch)
        self._ground, self._patches = ground, patches
        return self.place


def lay(ground: Picture, patches: tuple[Patch, ...], onto: Canvas | None) -> Picture:
    """Return a picture of patches that do not overlap on a ground: a fresh one, or drawn onto a canvas."""
    if onto is not None:
        return onto.lay(ground, patches)
    picture = ground.copy()
    for patch in patches:
        paste(picture, *patch)
    return picture


def paste(picture: Picture, sprite: Picture, left: int, top: int) -> None:
    """Copy an opaque sprite into a picture; the caller keeps it inside."""
    height, width = sprite.shape[:2]
    picture[top : top + height, left : left + width] = sprite
