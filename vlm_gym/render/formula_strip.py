"""The strip under the cards that shows a whole formula: it wraps, and shrinks when it must."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw

from vlm_gym.render.canvas import (
    SMALLEST_FONT,
    Color,
    Patch,
    Picture,
    Sketch,
    cap_height,
    ink_on,
    load_font,
    mix,
    paste,
    rgb,
    text_mask,
    to_picture,
)
from vlm_gym.render.table import draw_panel
from vlm_gym.render.theme import Theme

SIGNS: Final = {"*": "×", "-": "−"}
"""How a token is written. Division stays "/": in small print ÷ looks like +."""

CAPTION: Final = "Formula"
SHRINK: Final = 0.86  # from one font size to the next
LEGIBLE_FONT: Final = 8  # pixels: a formula that needs less gets a taller strip
MAX_TOKEN_SPRITES: Final = 128
MAX_FORMULAS: Final = 256  # whose lines are remembered
GROWTH: Final = 1.1  # of the sheet on which a formula is set that no type is small enough for

Sprite = tuple[Picture, int]  # and its width
Line = tuple[Sprite, ...]


@dataclass(frozen=True)
class Lines:
    """A formula broken into lines, and the type that they are set in."""

    setting: "_Type"
    lines: tuple[Line, ...]


class FormulaStrip:
    """A panel of a fixed size that formulas are written on."""

    def __init__(self, left: int, top: int, width: int, height: int, has_caption: bool, theme: Theme) -> None:
        self.left, self.top, self.width, self.height = left, top, width, height
        self._theme = theme
        self._caption_size = max(10, round(width * 0.045)) if has_caption else 0
        padding = max(3, round(0.035 * width))
        self._text_left = left + padding
        self._text_width = width - 2 * padding
        caption_height = round(1.35 * self._caption_size)
        inner = max(1, round(0.02 * width))
        self._text_top = top + inner + caption_height
        self._text_height = height - 2 * inner - caption_height
        self._types = self._make_types(max(11, round(0.11 * width)))
        self.fit: Callable[[tuple[str, ...], str | None], Lines | None] = lru_cache(maxsize=MAX_FORMULAS)(self._fit)
        """The formula in the largest type that it fits in, or None if that would be too small to read."""

    @property
    def box(self) -> tuple[slice, slice]:
        """The rows and columns of the panel."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def draw_ground(self, sketch: Sketch) -> None:
        """Draw the panel."""
        box = (self.left, self.top, self.left + self.width, self.top + self.height)
        draw_panel(sketch, box, 0.033 * self.width, self._theme)

    def write_caption(self, image: Image.Image) -> None:
        """Write the word over the formula, if there is room for it."""
        if not self._caption_size:
            return
        panel = rgb(self._theme.panel)
        mask = text_mask(CAPTION, self._theme.font, self._caption_size)
        position = (self._text_left, self.top + max(3, round(0.028 * self.width)))
        image.paste(mix(panel, ink_on(panel), 0.6), position, mask)

    def _fit(self, tokens: tuple[str, ...], value: str | None) -> Lines | None:
        for setting in self._types:
            lines = self._set(setting, tokens, value)
            if lines is not None or setting.size <= LEGIBLE_FONT:
                return lines
        return None

    def patches(self, formula: Lines) -> tuple[Patch, ...]:
        """Return where which sprites lie in the picture: lines that are left-aligned and centred in height."""
        setting, lines = formula.setting, formula.lines
        top = self._text_top + (self._text_height - len(lines) * setting.line_height) // 2
        found: list[Patch] = []
        for line in lines:
            left = self._text_left
            for sprite, width in line:
                found.append((sprite, left, top))
                left += width + setting.gap
            top += setting.line_height
        return tuple(found)

    def write_all(self, picture: Picture, tokens: Sequence[str], value: str | None) -> None:
        """Write a formula of any length, in the smallest type and then reduced if nothing else helps."""
        for setting in self._types:
            lines = self._set(setting, tokens, value)
            if lines is not None:
                for patch in self.patches(lines):
                    paste(picture, *patch)
                return
        self._write_reduced(picture, self._types[-1], tokens, value)

    def _set(self, setting: "_Type", tokens: Sequence[str], value: str | None) -> Lines | None:
        """Set the formula in one type, or return None if it does not fit."""
        lines = _break(setting, setting.sprites(tokens, value), self._text_width)
        if lines is None or len(lines) * setting.line_height > self._text_height:
            return None
        return Lines(setting, lines)

    def _write_reduced(self, picture: Picture, setting: "_Type", tokens: Sequence[str], value: str | None) -> None:
        """Set the formula on a sheet of the same shape that is large enough, and reduce the sheet."""
        sprites, lines, scale = setting.sprites(tokens, value), None, 1.0
        while lines is None or len(lines) * setting.line_height > int(scale * self._text_height):
            scale *= GROWTH
            lines = _break(setting, sprites, int(scale * self._text_width))
        size = (int(scale * self._text_width), int(scale * self._text_height))
        sheet = to_picture(Image.new("RGB", size, rgb(self._theme.panel)))
        for row, line in enumerate(lines):
            _paste_line(sheet, line, 0, row * setting.line_height, setting)
        reduced = Image.fromarray(sheet).resize((self._text_width, self._text_height), Image.Resampling.BOX)
        paste(picture, to_picture(reduced), self._text_left, self._text_top)

    def _make_types(self, largest: int) -> tuple["_Type", ...]:
        sizes = [largest]
        while sizes[-1] > SMALLEST_FONT:
            sizes.append(max(SMALLEST_FONT, min(sizes[-1] - 1, round(sizes[-1] * SHRINK))))
        return tuple(_Type(size, self._theme) for size in sizes)


def _break(setting: "_Type", sprites: Line, limit: int) -> tuple[Line, ...] | None:
    """Break a formula into lines at most `limit` wide; None if one of its sprites is wider."""
    lines: list[Line] = []
    start = used = 0
    for i, (_, width) in enumerate(sprites):
        if width > limit:
            return None
        if used + width > limit:
            lines.append(sprites[start:i])
            start, used = i, 0
        used += width + setting.gap
    return (*lines, sprites[start:])


def _paste_line(picture: Picture, line: Line, left: int, top: int, setting: "_Type") -> None:
    bottom = top + setting.line_height
    for sprite, width in line:
        picture[top:bottom, left : left + width] = sprite
        left += width + setting.gap


class _Type:
    """One font size: its sprites are opaque and all as high as a line."""

    def __init__(self, size: int, theme: Theme) -> None:
        self.size = size
        self.gap = max(1, round(0.2 * size))
        self.line_height = math.ceil(1.15 * size)
        self._theme = theme
        self._token: Callable[[str], Sprite] = lru_cache(maxsize=MAX_TOKEN_SPRITES)(self._draw_token)
        self._chip: Callable[[str], Sprite] = lru_cache(maxsize=MAX_TOKEN_SPRITES)(self._draw_chip)
        self._blank = self._draw_blank()

    def sprites(self, tokens: Sequence[str], value: str | None) -> Line:
        """Return the sprites of a formula and of what it came to; of a cursor if there is nothing yet."""
        line = tuple([self._token(token) for token in tokens]) or (self._blank,)
        return line if value is None else (*line, self._chip(value))

    def _draw_token(self, token: str) -> Sprite:
        panel = rgb(self._theme.panel)
        return self._write(SIGNS.get(token, token), panel, ink_on(panel), 0)

    def _draw_chip(self, value: str) -> Sprite:
        panel = rgb(self._theme.panel)
        return self._write(
            f"= {value}".replace("-", "−"), mix(panel, ink_on(panel), 0.85), panel, max(2, round(0.3 * self.size))
        )

    def _write(self, text: str, ground: Color, ink: Color, padding: int) -> Sprite:
        font = load_font(self._theme.font, self.size)
        left, _, right, _ = font.getbbox(text, anchor="ls")
        image = Image.new("RGB", (int(right - left) + 2 * padding, self.line_height), ground)
        baseline = (self.line_height + cap_height(self._theme.font, self.size)) // 2
        ImageDraw.Draw(image).text((padding - left, baseline), text, fill=ink, font=font, anchor="ls")
        return to_picture(image), image.width

    def _draw_blank(self) -> Sprite:
        """Draw a cursor over an empty line."""
        panel, cursor = rgb(self._theme.panel), rgb(self._theme.current)
        width, height = 4 * self.size, self.line_height
        sketch = Sketch(width, height, panel)
        sketch.box(0, 0.12 * height, max(1.5, 0.1 * self.size), 0.88 * height, 0, cursor)
        sketch.box(
            0.35 * self.size,
            0.82 * height,
            width,
            0.82 * height + max(1, 0.06 * self.size),
            0,
            mix(panel, ink_on(panel), 0.35),
        )
        return to_picture(sketch.finish()), width
