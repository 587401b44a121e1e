"""The picture of NumberLine: a flag on the target, a pointer under the current position, and both in writing.

Where moves are counted, it says how many are left; a day that is different may have a second flag.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from PIL import Image

from vlm_gym.games.number_line import LineDay, NumberLineState
from vlm_gym.games.plates import PLATE_COLORS, PlateColor, plate_numbers
from vlm_gym.render.canvas import (
    Canvas,
    Color,
    Patch,
    Picture,
    Sketch,
    bezier,
    cap_height,
    contrast,
    fitting_size,
    ink_on,
    lay,
    mirrored,
    mix,
    placed,
    rgb,
    text_mask,
    text_width,
    to_picture,
    write,
)
from vlm_gym.render.seeing.look import Look
from vlm_gym.render.table import MAX_TABLES, draw_panel, felt
from vlm_gym.render.theme import LEAST_CONTRAST, PALETTE, Theme

if TYPE_CHECKING:
    from vlm_gym.render.seeing.bend import Ruled
    from vlm_gym.render.seeing.line import RuledSheet

TICK_STEPS: Final = (1, 2, 5, 10, 20, 25, 50, 100)
TARGET_WORD: Final = "Target:"
CURRENT_WORD: Final = "Current:"
LEFT_WORD: Final = "Left:"
OLD_WORD: Final = "Old:"
OLD_GREY: Final = (128, 128, 128)
FIRST_SHARES: Final = {CURRENT_WORD: 0.62, TARGET_WORD: 0.56, "Blue:": 0.46}
"""Of two signs beside each other, the share of their width that the first one takes."""
PANEL_RADIUS: Final = 0.03  # of the picture
MAX_LINES: Final = 8  # line lengths in use at once, per size and theme
MAX_SIGNS: Final = 256
MAX_FLAGS: Final = 128  # pairs of flags, per size and theme; each about 40 kB at 300 pixels
_PENNANT: Final = ((0.0, 0.0), (0.56, 0.29), (0.0, 0.58))  # in shares of the flag's height, from the pole's top
_FLAG_ASPECT: Final = 0.58
_POINTER: Final = mirrored(
    bezier(
        (0.0, 0.04),
        ((-0.05, 0.04), (-0.08, 0.07), (-0.11, 0.12)),
        ((-0.22, 0.31), (-0.36, 0.57), (-0.48, 0.79)),
        ((-0.55, 0.92), (-0.52, 1.0), (-0.38, 1.0)),
        ((-0.25, 1.0), (-0.12, 1.0), (0.0, 1.0)),
    )
)


def draw_number_line(
    view: NumberLineState, image_size: int, theme: Theme, onto: Canvas | None = None, look: Look | None = None
) -> Picture:
    """Return a picture, (image_size, image_size, 3): a fresh one, or drawn onto a canvas; harder with a look."""
    if look is None:
        return _sheet(image_size, theme).draw(view, onto)
    return _ruled_sheet(image_size, theme).draw(view, look, onto)


def seen_number_line(view: NumberLineState, image_size: int, theme: Theme, look: Look) -> "Ruled":
    """Return where everything is on the line of a picture with a look."""
    return _ruled_sheet(image_size, theme).ruled(view.max_position, look)


@lru_cache(maxsize=MAX_TABLES)
def _sheet(image_size: int, theme: Theme) -> "_Sheet":
    return _Sheet(image_size, theme)


@lru_cache(maxsize=MAX_TABLES)
def _ruled_sheet(image_size: int, theme: Theme) -> "RuledSheet":
    from vlm_gym.render.seeing.line import RuledSheet  # it needs OpenCV, which level 0 does not

    return RuledSheet(image_size, theme)


class _Measures:
    """Where everything lies, in pixels, from top to bottom."""

    def __init__(self, size: int) -> None:
        self.left = max(3, round(0.045 * size))
        self.right = size - self.left
        self.sign_height = max(16, round(0.165 * size))
        self.sign_gap = gap = max(2, round(0.035 * size))
        self.target_top = self.left
        self.panel_top = self.target_top + self.sign_height + gap
        self.current_top = size - self.left - self.sign_height
        self.panel_bottom = self.current_top - gap
        room = self.panel_bottom - self.panel_top
        self.flag_height, self.pointer_height = round(0.34 * room), round(0.25 * room)
        self.line_width = max(2, round(0.011 * size))
        self.tick = max(2, round(0.055 * room))
        label, gap = max(6, round(0.1 * room)), max(1, round(0.035 * room))
        under_line = self.line_width + self.tick + gap + label + gap + self.pointer_height
        self.flag_top = self.panel_top + (room - self.flag_height - under_line) // 2
        self.line_y = self.flag_top + self.flag_height
        self.label_y = self.line_y + self.line_width + self.tick + gap + label / 2
        self.pointer_top = self.line_y + under_line - self.pointer_height
        self.whole = self.right - self.left
        inset = round(0.115 * size)
        self.first_x, self.last_x = self.left + inset, self.right - inset
        pole = _pole_half(self.flag_height)
        self.flags_left, flags_right = self.first_x - pole, self.last_x + math.ceil(_FLAG_ASPECT * self.flag_height)
        self.flags_width = flags_right - self.flags_left

    def x_of(self, number: int, max_position: int) -> int:
        """Return the x of a number on the line."""
        return self.first_x + round(number * (self.last_x - self.first_x) / max_position)


class _Sheet:
    """Everything that pictures of one size and theme share."""

    def __init__(self, image_size: int, theme: Theme) -> None:
        self._size = image_size
        self._theme = theme
        self._panel = rgb(theme.panel)
        self._ink = ink_on(self._panel)
        self._at = _Measures(image_size)
        self._background: Callable[[int], Picture] = lru_cache(maxsize=MAX_LINES)(self._draw_background)
        self._target: Callable[[int], Picture] = lru_cache(maxsize=MAX_SIGNS)(self._draw_target)
        self._current: Callable[[int], Picture] = lru_cache(maxsize=MAX_SIGNS)(self._draw_current)
        self._part: Callable[[str, int, int, int], Picture] = lru_cache(maxsize=2 * MAX_SIGNS)(self._draw_part)
        self._pair: Callable[[int, int, PlateColor | None, int], Picture] = lru_cache(maxsize=MAX_FLAGS)(
            self._draw_pair
        )
        self._flag = self._draw_flag(self._at.flag_height)
        self._pointer = self._draw_pointer(self._at.pointer_height)

    def draw(self, view: NumberLineState, onto: Canvas | None = None) -> Picture:
        """Draw the signs and the marks."""
        at, last = self._at, view.max_position
        pointer = self._pointer, at.x_of(view.pointer, last) - self._pointer.shape[1] // 2, at.pointer_top
        above = self._flag_alone(view) if view.day is None or view.day.other is None else self._two_flags(view, view.day)
        return lay(self._background(last), (*above, *self._below(view), pointer), onto)  # what seldom changes is first

    def _flag_alone(self, view: NumberLineState) -> tuple[Patch, ...]:
        at = self._at
        left = at.x_of(view.flag, view.max_position) - _pole_half(at.flag_height)
        return (self._target(view.flag), at.left, at.target_top), (self._flag, left, at.flag_top)

    def _two_flags(self, view: NumberLineState, day: LineDay) -> tuple[Patch, ...]:
        """Draw two flags, each with a sign: the target's and an old one, or a blue and an orange one."""
        at, other = self._at, day.other or 0
        if day.color is None:
            signs = {TARGET_WORD: view.flag, OLD_WORD: other}
        else:
            signs = {_word_of(color): number for color, number in plate_numbers(day.color, view.flag, other).items()}
        flags = self._pair(view.flag, other, day.color, view.max_position)
        return *self._beside(tuple(signs.items()), view.max_position, at.target_top), (flags, at.flags_left, at.flag_top)

    def _below(self, view: NumberLineState) -> tuple[Patch, ...]:
        """Draw the sign of the current number, and beside it that of the moves that are left, if they are counted."""
        at = self._at
        if view.moves_left is None:
            return ((self._current(view.pointer), at.left, at.current_top),)
        signs = ((CURRENT_WORD, view.pointer), (LEFT_WORD, view.moves_left))
        return self._beside(signs, view.max_position, at.current_top)

    def _beside(self, signs: tuple[tuple[str, int], ...], last: int, top: int) -> tuple[Patch, ...]:
        """Return two signs beside each other, each as wide as its word and the largest number need."""
        at = self._at
        (word, number), (other_word, other) = signs
        width = round(FIRST_SHARES[word] * (at.whole - at.sign_gap))
        other_width = at.whole - at.sign_gap - width
        first, second = self._part(word, number, last, width), self._part(other_word, other, last, other_width)
        return (first, at.left, top), (second, at.right - other_width, top)

    def _draw_background(self, last: int) -> Picture:
        """Draw the panel, the line and its ticks, and the numbers under them."""
        at, size = self._at, self._size
        sketch = felt(size, self._theme)
        draw_panel(sketch, (at.left, at.panel_top, at.right, at.panel_bottom), PANEL_RADIUS * size, self._theme)
        font_size = max(8, round(0.068 * size))
        labels = _labelled(last, at, self._theme.font, font_size)
        ink = mix(self._panel, self._ink, 0.8)
        for number in _ticked(last, at, labels):
            reach = at.tick if number in labels else 0.55 * at.tick
            x, half = at.x_of(number, last), at.line_width / (2 if number in labels else 3)
            sketch.box(x - half, at.line_y, x + half, at.line_y + at.line_width + reach, 0, ink)
        first, last_end, bottom = at.first_x - 0.04 * size, at.last_x + 0.04 * size, at.line_y + at.line_width
        sketch.box(first, at.line_y, last_end, bottom, at.line_width / 2, ink)
        image = sketch.finish()
        for number in labels:
            write(image, (at.x_of(number, last), at.label_y), str(number), self._theme.font, font_size, self._ink)
        return to_picture(image)

    def _draw_target(self, number: int) -> Picture:
        return self._draw_sign(TARGET_WORD, number)

    def _draw_current(self, number: int) -> Picture:
        return self._draw_sign(CURRENT_WORD, number)

    def _draw_sign(self, word: str, number: int) -> Picture:
        """Draw a mark, its name and its number on a panel as wide as the line's."""
        width, height = self._at.whole, self._at.sign_height
        icon, space = self._icon(word, round(0.64 * height)), round(0.24 * height)
        size = fitting_size(f"{word} 100", self._theme.font, 0.7 * width, 0.4 * height)
        return self._write_sign(word, number, width, icon, size, space)

    def _draw_part(self, word: str, number: int, last: int, width: int) -> Picture:
        """Draw the same on one of two panels that share this width; all numbers up to the last are as large."""
        height = self._at.sign_height
        icon, space = self._icon(word, round(0.48 * height)), round(0.16 * height)
        room = width - 2 * space - (icon.width + space if icon else 0)
        size = fitting_size(f"{word} {'8' * len(str(last))}", self._theme.font, room, 0.34 * height)
        return self._write_sign(word, number, width, icon, size, space)

    def _write_sign(
        self, word: str, number: int, width: int, icon: Image.Image | None, size: int, space: int
    ) -> Picture:
        height, family = self._at.sign_height, self._theme.font
        sketch = Sketch(width, height, rgb(self._theme.table))
        draw_panel(sketch, (0, 0, width, height), PANEL_RADIUS * self._size, self._theme)
        image = sketch.finish()
        words = (text_mask(word, family, size), text_mask(str(number), family, size))
        room = icon.width + space if icon else 0
        left = (width - room - words[0].width - words[1].width - space) // 2
        if icon:
            image.paste(icon, (left, (height - icon.height) // 2))
        top = (height - cap_height(family, size)) // 2
        image.paste(self._ink, (left + room, top), words[0])
        image.paste(self._number_color(word), (left + room + words[0].width + space, top), words[1])
        return to_picture(image)

    def _icon(self, word: str, height: int) -> Image.Image | None:
        """Return the mark that a sign is about."""
        if word == LEFT_WORD:
            return None
        if word == CURRENT_WORD:
            return Image.fromarray(self._draw_pointer(height))
        return Image.fromarray(self._draw_flag(height, self._flag_color(word)))

    def _number_color(self, word: str) -> Color:
        colors = {TARGET_WORD: rgb(self._theme.target), CURRENT_WORD: rgb(self._theme.current)}
        return colors.get(word, self._ink)

    def _flag_color(self, word: str) -> Color:
        colors = {_word_of(color): rgb(PALETTE[color]) for color in PLATE_COLORS}
        color = {TARGET_WORD: rgb(self._theme.target), OLD_WORD: OLD_GREY, **colors}[word]
        return color if contrast(color, self._panel) >= LEAST_CONTRAST else mix(color, self._ink, 0.4)

    def _draw_pair(self, flag: int, other: int, color: PlateColor | None, last: int) -> Picture:
        """Draw two flags on a strip as wide as the panel, the one that counts last."""
        at = self._at
        sketch = Sketch(at.flags_width, at.flag_height, self._panel)
        words = (OLD_WORD, TARGET_WORD) if color is None else tuple(_word_of(each) for each in _other_first(color))
        for number, word in zip((other, flag), words, strict=True):
            self._plant(sketch, at.x_of(number, last) - at.flags_left, at.flag_height, self._flag_color(word))
        return to_picture(sketch.finish())

    def _draw_flag(self, height: int, color: Color | None = None) -> Picture:
        """Draw the target's flag, or one of another colour; its pole is the middle of the first columns."""
        pole = _pole_half(height)
        sketch = Sketch(math.ceil(_FLAG_ASPECT * height) + pole, height, self._panel)
        self._plant(sketch, pole, height, rgb(self._theme.target) if color is None else color)
        return to_picture(sketch.finish())

    def _plant(self, sketch: Sketch, x: float, height: int, color: Color) -> None:
        """Draw a flag whose pole stands at x."""
        pole = _pole_half(height)
        sketch.polygon(placed(_PENNANT, (x, 0.02 * height), height), color)
        sketch.box(x - pole, 0, x + pole, height, 0, mix(self._panel, self._ink, 0.8))

    def _draw_pointer(self, height: int) -> Picture:
        """Draw the pointer, whose tip is up."""
        width = 2 * math.ceil(0.53 * height) + 1
        sketch = Sketch(width, height, self._panel)
        sketch.polygon(placed(_POINTER, (width / 2, 0), height), rgb(self._theme.current))
        return to_picture(sketch.finish())


def _word_of(color: PlateColor) -> str:
    return f"{color.capitalize()}:"


def _other_first(color: PlateColor) -> tuple[PlateColor, ...]:
    return tuple(sorted(PLATE_COLORS, key=lambda each: each == color))


def _pole_half(flag_height: int) -> int:
    return max(1, round(0.035 * flag_height))


def _labelled(last: int, at: _Measures, family: str, font_size: int) -> tuple[int, ...]:
    """Choose which numbers are written: both ends, and between them what leaves air between two labels."""
    widest = text_width(str(last), family, font_size) + 0.45 * font_size
    scale = (at.last_x - at.first_x) / last
    step = next((step for step in TICK_STEPS if step * scale >= widest), last)
    inner = [number for number in range(step, last, step) if (last - number) * scale >= widest]
    return (0, *inner, last)


def _ticked(last: int, at: _Measures, labels: tuple[int, ...]) -> tuple[int, ...]:
    """Choose which numbers get a tick: every one if their ticks stay apart, otherwise the labelled ones."""
    is_wide = (at.last_x - at.first_x) / last >= 2 * at.line_width + 1
    return tuple(range(last + 1)) if is_wide else labels
