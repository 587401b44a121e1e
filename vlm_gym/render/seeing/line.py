"""A number line on a sheet of paper that lies on the table: tilted, bent, with few labels and ticks of other units."""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import numpy as np
from PIL import Image

from vlm_gym.games.number_line import NumberLineState
from vlm_gym.render.canvas import (
    Canvas,
    Picture,
    Point,
    Sketch,
    cap_height,
    fitting_size,
    ink_on,
    mix,
    rgb,
    text_mask,
    to_picture,
)
from vlm_gym.render.opencv import cv2
from vlm_gym.render.seeing.bend import LABEL_HEIGHT, Room, Ruled, Spot, bend, choose_numbers, told
from vlm_gym.render.seeing.busy import busy_table
from vlm_gym.render.seeing.light import shine
from vlm_gym.render.seeing.look import Difficulty, Look
from vlm_gym.render.seeing.table import lay_sprite
from vlm_gym.render.seeing.throw import moved
from vlm_gym.render.table import draw_panel, felt
from vlm_gym.render.theme import Theme

LINE_PART: Final = 2  # of a look; hands of cards are 0 and 1
SHIFT: Final = 4  # bits behind the point of coordinates
LINE_BYTES: Final = 20_000_000  # of sheets with a line per size and theme: one of each of 64 environments at 300 pixels
LEAST_LINES: Final = 8
MAX_LABELS: Final = 512
LEAST_UNIT: Final = 0.025  # of the picture's width: where the numbers lie closer, both are told in writing
TARGET_WORD: Final = "Target"
CURRENT_WORD: Final = "Current"
LEFT_WORD: Final = "Left"


class RuledSheet:
    """Everything that the pictures of lines with a look share that have one size and theme."""

    def __init__(self, image_size: int, theme: Theme) -> None:
        self._size = image_size
        self._theme = theme
        self._panel = rgb(theme.panel)
        self._ink = mix(self._panel, ink_on(self._panel), 0.85)
        self._margin = max(3, round(0.03 * image_size))
        self._legend_height = max(15, round(0.11 * image_size))
        self._label: Callable[[str, int], Picture] = lru_cache(maxsize=MAX_LABELS)(self._write)
        self._legend: Callable[..., Picture] = lru_cache(maxsize=MAX_LABELS)(self._draw_legend)
        self._felt = to_picture(felt(image_size, theme).finish())
        most = max(LEAST_LINES, LINE_BYTES // (3 * image_size * image_size))
        self._sheet: Callable[[Look, int], tuple[Picture, Ruled]] = lru_cache(maxsize=most)(self._draw_sheet)

    def draw(self, view: NumberLineState, look: Look, onto: Canvas | None = None) -> Picture:
        """Draw the flag and the bead on the sheet, and say above it which is which."""
        sheet, ruled = self._sheet(look, view.max_position)
        picture = sheet.copy() if onto is None else onto.fill(sheet)
        numbers = (view.flag, view.pointer) if ruled.is_told else (None, None)
        legend, margin = self._legend(*numbers, view.moves_left), self._margin
        picture[margin : margin + legend.shape[0], margin : margin + legend.shape[1]] = legend
        self._plant(picture, ruled.at(view.flag / view.max_position)[0], self._flag_height())
        self._thread(picture, ruled.at(view.pointer / view.max_position)[0], self._bead(ruled))
        if look.difficulty.is_lit:
            shine(picture, look.traits, self._size)
        return picture

    def ruled(self, last: int, look: Look) -> Ruled:
        """Return where everything on the line is."""
        return self._sheet(look, last)[1]

    # The sheet

    def _draw_sheet(self, look: Look, last: int) -> tuple[Picture, Ruled]:
        rng, difficulty = look.rng(LINE_PART), look.difficulty
        picture = busy_table(self._size, look.traits) if difficulty.is_lit else self._felt.copy()
        self._lay_paper(picture, rng)
        path = bend(self._room(), difficulty, rng)
        length = float(np.hypot(*np.diff(path, axis=0).T).sum())
        self._stroke(picture, path, 0.009)
        ruled = Ruled(path, (), length / last, length / last < LEAST_UNIT * self._size)
        numbers, written = choose_numbers(last, length, self._size, difficulty, rng)
        spots = []
        for number in numbers:
            is_written = number in written
            point, turn = ruled.at(number / last)
            self._tick(picture, point, turn, 1.0 if is_written else 0.6)
            if is_written:
                spots.append(self._write_under(picture, told(number), point, turn, difficulty, rng))
        return picture, Ruled(path, tuple(spots), ruled.unit, ruled.is_told)

    def _lay_paper(self, picture: Picture, rng: np.random.Generator) -> None:
        """Lay the sheet under the legend, its corners a little off."""
        size, edge = self._size, self._margin
        top = edge + self._legend_height + max(2, edge // 2)
        corners = np.array(((edge, top), (size - edge, top), (size - edge, size - edge), (edge, size - edge)), float)
        corners += rng.uniform(-0.5, 0.9, (4, 2)) * edge * ((1, 1), (-1, 1), (-1, -1), (1, -1))
        shadow = corners + 0.4 * edge
        cv2.fillPoly(
            picture, [_fixed(np.clip(shadow, 0, size))], mix(rgb(self._theme.table), (0, 0, 0), 0.6), cv2.LINE_AA, SHIFT
        )
        cv2.fillPoly(picture, [_fixed(corners)], self._panel, cv2.LINE_AA, SHIFT)

    def _room(self) -> Room:
        """Return where the line may lie: with room for the flag above it and labels below."""
        size, edge = self._size, 2.6 * self._margin
        top = 2 * self._margin + self._legend_height + 0.95 * self._flag_height()
        return Room(edge + 0.04 * size, top, size - edge - 0.07 * size, size - edge - 0.12 * size)

    # What lies on it

    def _tick(self, picture: Picture, point: Point, turn: float, share: float) -> None:
        """Draw a tick across the line, longer below it."""
        up, down = 0.012 * self._size * share, 0.022 * self._size * share
        normal = np.array((-math.sin(turn), math.cos(turn)))
        ends = np.array((np.array(point) - up * normal, np.array(point) + down * normal))
        self._stroke(picture, ends, 0.006)

    def _write_under(
        self, picture: Picture, text: str, point: Point, turn: float, difficulty: Difficulty, rng: np.random.Generator
    ) -> Spot:
        """Write a number under its tick, along the line or a little askew."""
        height = max(7, round(LABEL_HEIGHT * self._size * (0.5 + 0.5 * difficulty.size)))
        sprite = self._label(text, round(height / 0.72))
        tall, wide = sprite.shape[:2]
        askew = turn * rng.uniform(0.3, 1.0)
        away = 0.03 * self._size + tall / 2 + abs(math.sin(turn)) * wide / 4
        x, y = point[0] - math.sin(turn) * away, point[1] + math.cos(turn) * away
        cos, sin = math.cos(askew), math.sin(askew)
        matrix = (
            (cos, -sin, x - cos * wide / 2 + sin * tall / 2),
            (sin, cos, y - sin * wide / 2 - cos * tall / 2),
            (0.0, 0.0, 1.0),
        )
        lay_sprite(picture, sprite, matrix)
        inner = ((1, 1), (wide - 1, 1), (wide - 1, tall - 1), (1, tall - 1))
        return Spot(text, moved(inner, matrix))

    def _write(self, text: str, font_size: int) -> Picture:
        """Return a number as a sprite with opacity, a pixel of air around it."""
        ink = text_mask(text, self._theme.font, font_size)
        opacity = np.pad(np.asarray(ink), 1)
        color = np.array(ink_on(self._panel))
        return np.dstack([(opacity[..., None] * color // 255).astype(np.uint8), opacity])

    def _flag_height(self) -> float:
        return 0.15 * self._size

    def _plant(self, picture: Picture, foot: Point, tall: float) -> None:
        """Draw the flag: it stands upright on its number."""
        x, y = foot
        pennant = np.array(((x, y - tall), (x + 0.6 * tall, y - 0.77 * tall), (x, y - 0.54 * tall)))
        cv2.fillPoly(picture, [_fixed(pennant)], rgb(self._theme.target), cv2.LINE_AA, SHIFT)
        self._stroke(picture, ((x, y), (x, y - tall)), 0.009)

    def _stroke(self, picture: Picture, points: Any, share: float) -> None:
        """Draw a line of ink; its width is a share of the picture's."""
        width = max(1, round(share * self._size))
        cv2.polylines(picture, [_fixed(points)], False, self._ink, width, cv2.LINE_AA, SHIFT)

    def _bead(self, ruled: Ruled) -> float:
        """Return the radius of the bead: at most as wide as two numbers lie apart."""
        return max(2.0, min(0.026 * self._size, 0.5 * max(ruled.unit, 4.0)))

    def _thread(self, picture: Picture, point: Point, radius: float) -> None:
        """Draw the bead on its number."""
        x, y = _fixed(point).tolist()
        middle, scale = (x, y), 1 << SHIFT
        cv2.circle(picture, middle, round(radius * scale), self._panel, -1, cv2.LINE_AA, SHIFT)
        cv2.circle(picture, middle, round(0.84 * radius * scale), rgb(self._theme.current), -1, cv2.LINE_AA, SHIFT)

    # The legend

    def _draw_legend(self, flag: int | None, bead: int | None, moves_left: int | None) -> Picture:
        """Draw what flag and bead mean, with their numbers if the line is too fine to be read; and the moves left."""
        width, height = self._size - 2 * self._margin, self._legend_height
        sketch = Sketch(width, height, rgb(self._theme.table))
        draw_panel(sketch, (0, 0, width, height), 0.03 * self._size, self._theme)
        picture = to_picture(sketch.finish())
        edges = (0.0, width / 2, width) if moves_left is None else (0.0, 0.38 * width, 0.78 * width, width)
        icon = 0.34 * height
        self._plant(picture, (edges[0] + 0.5 * height, 0.82 * height), 0.68 * height)
        self._thread(picture, (edges[1] + 0.6 * height, height / 2), 0.75 * icon)
        image = Image.fromarray(picture)
        words = ((TARGET_WORD, flag), (CURRENT_WORD, bead), (LEFT_WORD, moves_left))
        for (word, number), left, right in zip(words, edges, edges[1:], strict=False):
            room, indent = (1.5, 1.1) if moves_left is None else (0.4, 0.2) if word == LEFT_WORD else (1.2, 1.05)
            text = word if number is None else f"{word} {number}"
            font_size = fitting_size(text, self._theme.font, right - left - room * height, 0.44 * height)
            mask = text_mask(text, self._theme.font, font_size)
            top = (height - cap_height(self._theme.font, font_size)) // 2
            image.paste(ink_on(self._panel), (round(left + indent * height), top), mask)
        return to_picture(image)


def _fixed(points: Any) -> Any:
    """Return points as OpenCV takes them: it counts from the middles of pixels."""
    return np.round((np.asarray(points) - 0.5) * (1 << SHIFT)).astype(np.int32)
