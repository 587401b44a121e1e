"""The picture of NumberLine: a flag on the target, a pointer under the current position, and both in writing.

Where moves are counted, it says how many are left; a day that is different may have a second flag.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from vlm_gym.games.number_line import LineDay, NumberLineState
from vlm_gym.games.plates import PLATE_COLORS, PlateColor, plate_numbers
from vlm_gym.render.canvas import Canvas, Patch, Picture, ink_on, lay, mix, rgb, text_width, to_picture, write
from vlm_gym.render.line_signs import (
    CURRENT_WORD,
    FLAG_ASPECT,
    LEFT_WORD,
    OLD_WORD,
    PANEL_RADIUS,
    TARGET_WORD,
    LineMarks,
    LineSigns,
    pole_half,
    word_of,
)
from vlm_gym.render.seeing.look import Look
from vlm_gym.render.table import MAX_TABLES, draw_panel, felt
from vlm_gym.render.theme import Theme

if TYPE_CHECKING:
    from vlm_gym.render.seeing.bend import Ruled
    from vlm_gym.render.seeing.line import RuledSheet

TICK_STEPS: Final = (1, 2, 5, 10, 20, 25, 50, 100)
FIRST_SHARES: Final = {CURRENT_WORD: 0.62, TARGET_WORD: 0.56, word_of(PLATE_COLORS[0]): 0.46}
"""Of two signs beside each other, the share of their width that the first one takes."""
MAX_LINES: Final = 8  # line lengths in use at once, per size and theme
MAX_PAIRS: Final = 128  # of flags, per size and theme; each about 40 kB at 300 pixels


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
        pole = pole_half(self.flag_height)
        self.flags_left, flags_right = self.first_x - pole, self.last_x + math.ceil(FLAG_ASPECT * self.flag_height)
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
        self._pair: Callable[[int, int, PlateColor | None, int], Picture] = lru_cache(maxsize=MAX_PAIRS)(
            self._draw_pair
        )
        self._signs = LineSigns(image_size, self._at.whole, self._at.sign_height, theme)
        self._marks = LineMarks(theme)
        self._flag = self._marks.flag(self._at.flag_height)
        self._pointer = self._marks.pointer(self._at.pointer_height)

    def draw(self, view: NumberLineState, onto: Canvas | None = None) -> Picture:
        """Draw the signs and the marks."""
        at, last, day = self._at, view.max_position, view.day
        above = self._one_flag(view) if day is None or day.other is None else self._two_flags(view, day, day.other)
        pointer = self._pointer, at.x_of(view.pointer, last) - self._pointer.shape[1] // 2, at.pointer_top
        return lay(self._background(last), (*above, *self._below(view), pointer), onto)  # what seldom changes is first

    def _one_flag(self, view: NumberLineState) -> tuple[Patch, ...]:
        at = self._at
        left = at.x_of(view.flag, view.max_position) - pole_half(at.flag_height)
        sign = self._signs.alone(TARGET_WORD, view.flag)
        return (sign, at.left, at.target_top), (self._flag, left, at.flag_top)

    def _two_flags(self, view: NumberLineState, day: LineDay, other: int) -> tuple[Patch, ...]:
        """Draw two flags, each with a sign: the target's and an old one, or a blue and an orange one."""
        at, last = self._at, view.max_position
        flags = self._pair(view.flag, other, day.color, last), at.flags_left, at.flag_top
        if day.color is None:
            signs: tuple[tuple[str, int], ...] = ((TARGET_WORD, view.flag), (OLD_WORD, other))
        else:
            numbers = plate_numbers(day.color, view.flag, other)
            signs = tuple((word_of(color), number) for color, number in numbers.items())
        return *self._beside(signs, last, at.target_top), flags

    def _below(self, view: NumberLineState) -> tuple[Patch, ...]:
        """Draw the sign of the current number, and beside it that of the moves that are left, if they are counted."""
        at = self._at
        if view.moves_left is None:
            return ((self._signs.alone(CURRENT_WORD, view.pointer), at.left, at.current_top),)
        signs = ((CURRENT_WORD, view.pointer), (LEFT_WORD, view.moves_left))
        return self._beside(signs, view.max_position, at.current_top)

    def _beside(self, signs: tuple[tuple[str, int], ...], last: int, top: int) -> tuple[Patch, ...]:
        """Return two signs beside each other, the first one with its share of the width."""
        at = self._at
        (word, number), (other_word, other) = signs
        width = round(FIRST_SHARES[word] * (at.whole - at.sign_gap))
        other_width = at.whole - at.sign_gap - width
        first = self._signs.beside(word, number, last, width)
        second = self._signs.beside(other_word, other, last, other_width)
        return (first, at.left, top), (second, at.right - other_width, top)

    def _draw_pair(self, flag: int, other: int, color: PlateColor | None, last: int) -> Picture:
        """Draw two flags on a strip, the one that counts last."""
        at = self._at
        words = (OLD_WORD, TARGET_WORD)
        if color is not None:
            first, second = sorted(PLATE_COLORS, key=lambda each: each == color)
            words = word_of(first), word_of(second)
        places = (words[0], at.x_of(other, last) - at.flags_left), (words[1], at.x_of(flag, last) - at.flags_left)
        return self._marks.flags(at.flags_width, at.flag_height, places)

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
