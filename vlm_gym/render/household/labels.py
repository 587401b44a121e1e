"""Labels: names and numbers on small pills."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from vlm_gym.render.canvas import SMALLEST_FONT, Color, Sketch, cap_height, ink_box, text_mask, text_width
from vlm_gym.render.household.brush import Sprite

FONT: Final = "sans"

_SECOND_WORDS: Final = (  # where the name of a kind can be broken
    "ball", "bat", "bottle", "box", "brush", "can", "card", "chain", "clock", "control", "door", "glass", "hamper",
    "holder", "knife", "lamp", "lid", "paper", "phone", "plant", "racket", "roll", "shaker", "sponge", "stool",
    "switch", "towel", "bear", "watch",
)  # fmt: skip

_SECOND_WORDS_OF_FURNITURE: Final = (
    "basin", "burner", "can", "chair", "hamper", "hanger", "holder", "machine", "table", "top", "wave",
)  # fmt: skip

ROOMY: Final = 8  # pixels: from this font size on, labels get a little more room

Lines = tuple[str, ...]


def broken_title(name: str) -> Lines:
    """Return the name of furniture on two lines: "coffee" and "machine 1"."""
    return broken_name(name, _SECOND_WORDS_OF_FURNITURE)


@lru_cache(maxsize=2048)
def broken_name(name: str, second_words: tuple[str, ...] = _SECOND_WORDS) -> Lines:
    """Return a name on two lines: "pepper" and "shaker 1", or "mug" and "2"."""
    kind, _, number = name.rpartition(" ")
    if not kind:
        return (name,)
    breaks = [i for word in second_words for i in [kind.find(word, 1)] if i > 1]
    choices = [(kind[:i], f"{kind[i:]} {number}") for i in breaks]
    return min([(kind, number), *choices], key=lambda lines: (max(map(len, lines)), lines))


def fitting_pill(lines: Sequence[Lines], size: int, width: int, ground: Color, ink: Color) -> Sprite:
    """Return the first of some wordings that fits, in smaller type if none does, and broken anywhere at the end."""
    for font in range(size, SMALLEST_FONT - 1, -1):
        for choice in lines:
            if label_width(choice, font) <= width:
                return pill(choice, font, ground, ink)
    return pill(_chopped(" ".join(lines[0]), width), SMALLEST_FONT, ground, ink)


def _chopped(text: str, width: int) -> Lines:
    """Break a text wherever a line is full."""
    lines = [""]
    for letter in text:
        if lines[-1] and label_width((lines[-1] + letter,), SMALLEST_FONT) > width:
            lines.append("")
        lines[-1] = (lines[-1] + letter).lstrip()
    return tuple(lines)


def line_height(size: int) -> int:
    """Return how many pixels a line takes in a label, a gap to the next one included."""
    return cap_height(FONT, size) + max(1, round(0.28 * size)) + (size >= ROOMY)


def label_height(num_lines: int, size: int) -> int:
    """Return how many pixels a pill is high."""
    return num_lines * line_height(size) + 1 + (size >= ROOMY) if num_lines else 0


@lru_cache(maxsize=8192)
def label_width(lines: Lines, size: int) -> int:
    """Return how many pixels a pill is wide."""
    return max(text_width(line, FONT, size) for line in lines) + 2 * max(1, round(0.24 * size)) if lines else 0


@lru_cache(maxsize=2048)
def pill(lines: Lines, size: int, ground: Color, ink: Color) -> Sprite:
    """Return lines of text on a pill, RGBA."""
    height = label_height(len(lines), size)
    image = Image.new("RGB", (label_width(lines, size), height), ground)
    for row, line in enumerate(lines):
        step = line_height(size)
        _write_line(image, line, size, row * step + (step + cap_height(FONT, size) + 1 + (size >= ROOMY)) // 2, ink)
    return _cut_out(image, min(height / 2, 0.45 * size))


@lru_cache(maxsize=512)
def number_pill(lines: Lines, size: int, ground: Color, ink: Color) -> Sprite:
    """Return a number, the only line, on a pill that is as small as it can be, RGBA."""
    cap = cap_height(FONT, size)
    image = Image.new("RGB", (text_width(lines[0], FONT, size) + 3, cap + 2 + (size >= ROOMY)), ground)
    _write_line(image, lines[0], size, cap + 1, ink)
    return _cut_out(image, 0.3 * size)


def _cut_out(image: Image.Image, radius: float) -> Sprite:
    """Return an image with round corners."""
    sprite = np.dstack([np.asarray(image), _rounded(image.size, radius)])
    sprite.flags.writeable = False
    return sprite


@lru_cache(maxsize=1024)
def _rounded(size: tuple[int, int], radius: float) -> npt.NDArray[np.uint8]:
    """Return a rectangle with round corners, 255 inside and 0 outside, (height, width)."""
    shape = Sketch(*size, (0, 0, 0))
    shape.box(0, 0, *size, radius, (255, 255, 255))
    return np.asarray(shape.finish())[:, :, 0]


def _write_line(image: Image.Image, line: str, size: int, baseline: int, ink: Color) -> None:
    """Write a line so that all lines of all pills have the same baseline."""
    mask = text_mask(line, FONT, size)
    ascent = -min(ink_box("H0", FONT, size)[1], ink_box(line, FONT, size)[1])
    image.paste(ink, ((image.width - mask.width + 1) // 2, baseline - round(ascent)), mask)
