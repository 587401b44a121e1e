"""What lies above the cards of a points game: the target, or two plates with numbers; and how many tokens are left."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image

from vlm_gym.games.plates import PLATE_COLORS, PlateColor, plate_numbers
from vlm_gym.games.points import Deal, PointsView
from vlm_gym.render.canvas import (
    WHITE,
    Color,
    Patch,
    Picture,
    Sketch,
    fitting_size,
    ink_on,
    rgb,
    text_width,
    to_picture,
    write,
)
from vlm_gym.render.table import Label
from vlm_gym.render.theme import PALETTE, Theme

MAX_HEADERS: Final = 1024  # kept per size and theme; each is a strip of about 20 kB at 300 pixels
_WIDEST_COUNT: Final = 88


@dataclass(frozen=True)
class _Sign:
    """A word or number on a pill, and the pill's colour; the cloth's own label if there is none."""

    text: str
    widest: str
    color: PlateColor | None = None


class Header:
    """Draws the signs, centred in a row.

    Args:
        image_size: Width of the picture in pixels.
        top: Where the row begins.
        height: Of the row.
        margin: What stays free to the left and the right.
        theme: The colours.
    """

    def __init__(self, image_size: int, top: int, height: int, margin: int, theme: Theme) -> None:
        self._size, self._top, self._height, self._margin, self._theme = image_size, top, height, margin, theme
        self._scale = Sketch(image_size, image_size, WHITE).scale
        self._fixed: Callable[..., tuple[Patch, ...]] = lru_cache(maxsize=MAX_HEADERS)(self._draw_fixed)
        self._plate: Callable[[PlateColor, int], Patch] = lru_cache(maxsize=MAX_HEADERS)(self._draw_one_plate)
        self._count: Callable[[int, int], Patch] = lru_cache(maxsize=MAX_HEADERS)(self._draw_count)

    def signs(self, target: int, is_counted: bool) -> tuple[Patch, ...]:
        """Return the target's sign, with room beside it for that of the tokens left if they are counted."""
        return self._fixed(target, None, None, is_counted)

    def patches(self, target: int, deal: Deal | None) -> tuple[Patch, ...]:
        """Return what stays as it is throughout an episode."""
        if deal is None:
            return self._fixed(target, None, None, False)
        return self._fixed(target, deal.color, deal.other_target, deal.presses is not None)

    def count(self, view: PointsView) -> tuple[Patch, ...]:
        """Return the sign of the tokens that are left; none where they are not counted."""
        return () if view.presses_left is None else (self._count(view.target, view.presses_left),)

    def _draw_fixed(
        self, target: int, color: PlateColor | None, other: int | None, is_counted: bool
    ) -> tuple[Patch, ...]:
        if color is None or other is None:
            signs = self._signs(target, 0 if is_counted else None)
            return (self._draw(signs[0], *self._boxes(signs)[0]),)
        return tuple(self._plate(name, number) for name, number in plate_numbers(color, target, other).items())

    def _draw_one_plate(self, color: PlateColor, number: int) -> Patch:
        """Draw one of the two plates: both are as wide as three digits need."""
        boxes = self._boxes((_Sign("", "888"), _Sign("", "888")))
        return self._draw(_Sign(str(number), "888", color), *boxes[PLATE_COLORS.index(color)])

    def _draw_count(self, target: int, presses_left: int) -> Patch:
        signs = self._signs(target, presses_left)
        return self._draw(signs[1], *self._boxes(signs)[1])

    def _signs(self, target: int, presses_left: int | None) -> tuple[_Sign, ...]:
        text = f"Target: {target}".replace("-", "−")
        sign = _Sign(text, text)
        if presses_left is None:
            return (sign,)
        return sign, _Sign(f"Left: {presses_left}", f"Left: {_WIDEST_COUNT}")

    def _boxes(self, signs: tuple[_Sign, ...]) -> tuple[tuple[int, int], ...]:
        """Return left and width of every sign."""
        height, gap = self._height, round(0.35 * self._height) if len(signs) > 1 else 0
        room = (self._size - 2 * self._margin - gap * (len(signs) - 1)) // len(signs)
        font, size = self._theme.font, round(0.75 * height)
        widths = [min(room, text_width(sign.widest, font, size) + round(1.1 * height)) for sign in signs]
        left = (self._size - sum(widths) - gap * (len(signs) - 1)) // 2
        boxes = []
        for width in widths:
            boxes.append((left, width))
            left += width + gap
        return tuple(boxes)

    def _draw(self, sign: _Sign, left: int, width: int) -> Patch:
        cloth = rgb(self._theme.table)
        sketch = Sketch(width, self._height, cloth, self._scale)
        if sign.color is None:
            label = Label(sign.text, 0, 0, width, self._height)
            label.draw_ground(sketch, self._theme)
            image = sketch.finish()
            label.write(image, self._theme)
            return to_picture(image), left, self._top
        return self._draw_plate(sketch, sign.text, rgb(PALETTE[sign.color]), width), left, self._top

    def _draw_plate(self, sketch: Sketch, text: str, color: Color, width: int) -> Picture:
        """Draw a plate with a white edge: its colour stands out from every cloth."""
        height, edge, radius = self._height, max(1.0, 0.07 * self._height), 0.28 * self._height
        sketch.box(0, 0, width, height, radius, WHITE)
        sketch.box(edge, edge, width - edge, height - edge, radius - edge, color)
        image: Image.Image = sketch.finish()
        size = fitting_size(text, self._theme.font, width - 0.6 * height, 0.58 * height)
        write(image, (width / 2, height / 2), text, self._theme.font, size, ink_on(color))
        return to_picture(image)
