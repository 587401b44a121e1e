"""The marks of a number line, flags and a pointer, and the signs that say in writing where they stand."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from PIL import Image

from vlm_gym.games.plates import PLATE_COLORS, PlateColor
from vlm_gym.render.canvas import (
    Color,
    Picture,
    Sketch,
    bezier,
    cap_height,
    contrast,
    fitting_size,
    ink_on,
    mirrored,
    mix,
    placed,
    rgb,
    text_mask,
    to_picture,
)
from vlm_gym.render.table import draw_panel
from vlm_gym.render.theme import LEAST_CONTRAST, PALETTE, Theme

TARGET_WORD: Final = "Target:"
CURRENT_WORD: Final = "Current:"
LEFT_WORD: Final = "Left:"
OLD_WORD: Final = "Old:"
OLD_GREY: Final = (128, 128, 128)
PANEL_RADIUS: Final = 0.03  # of the picture
MAX_SIGNS: Final = 256
FLAG_ASPECT: Final = 0.58
_PENNANT: Final = ((0.0, 0.0), (0.56, 0.29), (0.0, 0.58))  # in shares of the flag's height, from the pole's top
_POINTER: Final = mirrored(
    bezier(
        (0.0, 0.04),
        ((-0.05, 0.04), (-0.08, 0.07), (-0.11, 0.12)),
        ((-0.22, 0.31), (-0.36, 0.57), (-0.48, 0.79)),
        ((-0.55, 0.92), (-0.52, 1.0), (-0.38, 1.0)),
        ((-0.25, 1.0), (-0.12, 1.0), (0.0, 1.0)),
    )
)


def word_of(color: PlateColor) -> str:
    """Return what the sign of a coloured flag calls it."""
    return f"{color.capitalize()}:"


def pole_half(flag_height: int) -> int:
    """Return half the width of a flag's pole, in pixels."""
    return max(1, round(0.035 * flag_height))


class LineMarks:
    """Draws the marks on the ground of a theme's panels."""

    def __init__(self, theme: Theme) -> None:
        self._panel = rgb(theme.panel)
        self._ink = ink_on(self._panel)
        self._pole = mix(self._panel, self._ink, 0.8)
        self._current = rgb(theme.current)
        colors = {word_of(color): rgb(PALETTE[color]) for color in PLATE_COLORS}
        self._flags: dict[str, Color] = {TARGET_WORD: rgb(theme.target), OLD_WORD: OLD_GREY, **colors}

    def flag(self, height: int, word: str = TARGET_WORD) -> Picture:
        """Draw the flag of a sign; its pole is the middle of the first columns."""
        pole = pole_half(height)
        sketch = Sketch(math.ceil(FLAG_ASPECT * height) + pole, height, self._panel)
        self._plant(sketch, pole, height, word)
        return to_picture(sketch.finish())

    def flags(self, width: int, height: int, places: tuple[tuple[str, int], ...]) -> Picture:
        """Draw the flags of some signs on a strip, each with its pole at an x; later ones lie on earlier ones."""
        sketch = Sketch(width, height, self._panel)
        for word, x in places:
            self._plant(sketch, x, height, word)
        return to_picture(sketch.finish())

    def pointer(self, height: int) -> Picture:
        """Draw the pointer, whose tip is up."""
        width = 2 * math.ceil(0.53 * height) + 1
        sketch = Sketch(width, height, self._panel)
        sketch.polygon(placed(_POINTER, (width / 2, 0), height), self._current)
        return to_picture(sketch.finish())

    def of(self, word: str, height: int) -> Image.Image | None:
        """Return the mark that a sign is about; None if it is about none."""
        if word == LEFT_WORD:
            return None
        return Image.fromarray(self.pointer(height) if word == CURRENT_WORD else self.flag(height, word))

    def _plant(self, sketch: Sketch, x: float, height: int, word: str) -> None:
        pole, color = pole_half(height), self._flags[word]
        if contrast(color, self._panel) < LEAST_CONTRAST:
            color = mix(color, self._ink, 0.4)
        sketch.polygon(placed(_PENNANT, (x, 0.02 * height), height), color)
        sketch.box(x - pole, 0, x + pole, height, 0, self._pole)


class LineSigns:
    """Draws the signs, each a mark, its name and its number on a panel of its own.

    Args:
        image_size: Width of the picture in pixels.
        width: Of a sign that has a row for itself.
        height: Of a sign.
        theme: The colours.
    """

    def __init__(self, image_size: int, width: int, height: int, theme: Theme) -> None:
        self._radius = PANEL_RADIUS * image_size
        self._width, self._height, self._theme = width, height, theme
        self._marks = LineMarks(theme)
        self._ink = ink_on(rgb(theme.panel))
        self._colors = {TARGET_WORD: rgb(theme.target), CURRENT_WORD: rgb(theme.current)}
        self.alone: Callable[[str, int], Picture] = lru_cache(maxsize=2 * MAX_SIGNS)(self._draw_alone)
        self.beside: Callable[[str, int, int, int], Picture] = lru_cache(maxsize=2 * MAX_SIGNS)(self._draw_beside)

    def _draw_alone(self, word: str, number: int) -> Picture:
        """Draw a sign that has a row for itself."""
        icon, space = self._marks.of(word, round(0.64 * self._height)), round(0.24 * self._height)
        size = fitting_size(f"{word} 100", self._theme.font, 0.7 * self._width, 0.4 * self._height)
        return self._draw(word, number, self._width, icon, size, space)

    def _draw_beside(self, word: str, number: int, last: int, width: int) -> Picture:
        """Draw one of two signs in a row, of some width; all numbers up to the last are as large."""
        icon, space = self._marks.of(word, round(0.48 * self._height)), round(0.16 * self._height)
        room = width - 2 * space - (icon.width + space if icon else 0)
        size = fitting_size(f"{word} {'8' * len(str(last))}", self._theme.font, room, 0.34 * self._height)
        return self._draw(word, number, width, icon, size, space)

    def _draw(self, word: str, number: int, width: int, icon: Image.Image | None, size: int, space: int) -> Picture:
        height, family = self._height, self._theme.font
        sketch = Sketch(width, height, rgb(self._theme.table))
        draw_panel(sketch, (0, 0, width, height), self._radius, self._theme)
        image = sketch.finish()
        words = (text_mask(word, family, size), text_mask(str(number), family, size))
        room = icon.width + space if icon else 0
        left = (width - room - words[0].width - words[1].width - space) // 2
        if icon:
            image.paste(icon, (left, (height - icon.height) // 2))
        top = (height - cap_height(family, size)) // 2
        image.paste(self._ink, (left + room, top), words[0])
        image.paste(self._colors.get(word, self._ink), (left + room + words[0].width + space, top), words[1])
        return to_picture(image)
