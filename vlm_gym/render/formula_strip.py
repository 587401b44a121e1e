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
from vlm_gym.render.theme import Theme

SIGNS: Final = {"*": "×", "-": "−"}
"""How a token is written. Division stays "/": in small print ÷ looks like +."""

CAPTION: Final = "Formula"
SHRINK: Final = 0.86  # from one font size to the next
LEGIBLE_FONT: Final = 8  # pixels: a formula that needs less gets a taller strip
MAX_TOKEN_SPRITES: Final = 128

Line = tuple[Picture, ...]


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
        caption_height = round(1.15 * self._caption_size)
        inner = max(1, round(0.02 * width))
        self._text_top = top + inner + caption_height
        self._text_height = height - 2 * inner - caption_height
        self._types = self._make_types(max(11, round(0.1 * width)))

    def draw_ground(self, sketch: Sketch) -> None:
        """Draw the panel."""
        right, bottom, radius = self.left + self.width, self.top + self.height, 0.035 * self.width
        panel = rgb(self._theme.panel)
        line = max(0.7, self.width / 280)
        sketch.box(self.left, self.top, right, bottom, radius, mix(panel, ink_on(panel), 0.35))
        sketch.box(self.left + line, self.top + line, right - line, bottom - line, radius - line, panel)

    def write_caption(self, image: Image.Image) -> None:
        """Write the word over the formula, if there is room for it."""
        if not self._caption_size:
            return
        panel = rgb(self._theme.panel)
        mask = text_mask(CAPTION, self._theme.font, self._caption_size)
        position = (self._text_left, self.top + max(3, round(0.028 * self.width)))
        image.paste(mix(panel, ink_on(panel), 0.6), position, mask)

    def fit(self, tokens: Sequence[str], value: str | None) -> Lines | None:
        """Return the formula in the largest type that it fits in, or None if that would be too small to read."""
        for setting in self._types:
            if setting.size < LEGIBLE_FONT:
                return None
            lines = self._break(setting, tokens, value)
            if len(lines) * setting.line_height <= self._text_height and _widest(setting, lines) <= self._text_width:
                return Lines(setting, lines)
        return None

    def write(self, picture: Picture, formula: Lines) -> None:
        """Paste the lines, left-aligned and centred in height."""
        setting, lines = formula.setting, formula.lines
        top = self._text_top + (self._text_height - len(lines) * setting.line_height) // 2
        for line in lines:
            left = self._text_left
            for sprite in line:
                width = sprite.shape[1]
                picture[top : top + setting.line_height, left : left + width] = sprite
                left += width + setting.gap
            top += setting.line_height

    def write_all(self, picture: Picture, tokens: Sequence[str], value: str | None) -> None:
        """Write a formula of any length, in the smallest type and then reduced if nothing else helps."""
        for setting in self._types:
            lines = self._break(setting, tokens, value)
            if len(lines) * setting.line_height <= self._text_height and _widest(setting, lines) <= self._text_width:
                self.write(picture, Lines(setting, lines))
                return
        self._write_reduced(picture, self._types[-1], tokens, value)

    def _write_reduced(self, picture: Picture, setting: "_Type", tokens: Sequence[str], value: str | None) -> None:
        """Set the formula on a sheet of the same shape that is large enough, and reduce the sheet."""
        scale = 1.1
        lines = self._break(setting, tokens, value, scale)
        while (
            len(lines) * setting.line_height > scale * self._text_height
            or _widest(setting, lines) > scale * self._text_width
        ):
            scale *= 1.1
            lines = self._break(setting, tokens, value, scale)
        size = (round(scale * self._text_width), round(scale * self._text_height))
        sheet = to_picture(Image.new("RGB", size, rgb(self._theme.panel)))
        for row, line in enumerate(lines):
            left = 0
            for sprite in line:
                paste(sheet, sprite, left, row * setting.line_height)
                left += sprite.shape[1] + setting.gap
        reduced = Image.fromarray(sheet).resize((self._text_width, self._text_height), Image.Resampling.BOX)
        paste(picture, to_picture(reduced), self._text_left, self._text_top)

    def _make_types(self, largest: int) -> tuple["_Type", ...]:
        sizes = [largest]
        while sizes[-1] > SMALLEST_FONT:
            sizes.append(max(SMALLEST_FONT, min(sizes[-1] - 1, round(sizes[-1] * SHRINK))))
        return tuple(_Type(size, self._theme) for size in sizes)

    def _break(
        self, setting: "_Type", tokens: Sequence[str], value: str | None, scale: float = 1.0
    ) -> tuple[Line, ...]:
        """Break a formula into lines at most `scale` times as wide as the strip."""
        sprites = [setting.token(token) for token in tokens] or [setting.blank]
        if value is not None:
            sprites.append(setting.chip(value))
        limit, lines, used = scale * self._text_width, [], 0
        line: list[Picture] = []
        for sprite in sprites:
            width = sprite.shape[1]
            if line and used + width > limit:
                lines.append(tuple(line))
                line, used = [], 0
            line.append(sprite)
            used += width + setting.gap
        return (*lines, tuple(line))


def _widest(setting: "_Type", lines: tuple[Line, ...]) -> int:
    return max(sum(len(sprite[0]) for sprite in line) + setting.gap * (len(line) - 1) for line in lines)


class _Type:
    """One font size: its sprites are opaque and all as high as a line."""

    def __init__(self, size: int, theme: Theme) -> None:
        self.size = size
        self.gap = max(1, round(0.2 * size))
        self.line_height = math.ceil(1.15 * size)
        self._theme = theme
        self.token: Callable[[str], Picture] = lru_cache(maxsize=MAX_TOKEN_SPRITES)(self._draw_token)
        self.chip: Callable[[str], Picture] = lru_cache(maxsize=MAX_TOKEN_SPRITES)(self._draw_chip)
        self.blank = self._draw_blank()

    def _draw_token(self, token: str) -> Picture:
        panel = rgb(self._theme.panel)
        return self._write(SIGNS.get(token, token), panel, ink_on(panel), 0)

    def _draw_chip(self, value: str) -> Picture:
        panel = rgb(self._theme.panel)
        return self._write(f"= {value}", mix(panel, ink_on(panel), 0.85), panel, max(2, round(0.3 * self.size)))

    def _write(self, text: str, ground: Color, ink: Color, padding: int) -> Picture:
        font = load_font(self._theme.font, self.size)
        left, _, right, _ = font.getbbox(text, anchor="ls")
        image = Image.new("RGB", (int(right - left) + 2 * padding, self.line_height), ground)
        baseline = (self.line_height + cap_height(self._theme.font, self.size)) // 2
        ImageDraw.Draw(image).text((padding - left, baseline), text, fill=ink, font=font, anchor="ls")
        return to_picture(image)

    def _draw_blank(self) -> Picture:
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
        return to_picture(sketch.finish())
