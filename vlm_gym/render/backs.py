"""The back of a card: a pattern in a frame."""

from collections.abc import Callable
from typing import Final

from PIL import Image

from vlm_gym.render.canvas import Color, Sketch, mix, rgb
from vlm_gym.render.theme import Theme

CELLS_ACROSS: Final = 6


def draw_back(width: int, height: int, theme: Theme) -> Image.Image:
    """Draw the pattern of the theme, framed by the paper."""
    paper, ink = rgb(theme.paper), rgb(theme.back)
    sketch = Sketch(width, height, ink)
    cell = max(4.0, width / CELLS_ACROSS)
    _PATTERNS[theme.back_pattern](sketch, cell, mix(ink, paper, 0.62))
    frame = max(1.5, 0.07 * width)
    line = max(0.7, 0.02 * width)
    _frame(sketch, 0, frame, paper)
    _frame(sketch, frame, frame + line, ink)
    return sketch.finish()


def _frame(sketch: Sketch, outer: float, inner: float, color: Color) -> None:
    width, height = sketch.size
    sketch.box(outer, outer, width - outer, inner, 0, color)
    sketch.box(outer, height - inner, width - outer, height - outer, 0, color)
    sketch.box(outer, outer, inner, height - outer, 0, color)
    sketch.box(width - inner, outer, width - outer, height - outer, 0, color)


def _lattice(sketch: Sketch, cell: float, color: Color) -> None:
    width, height = sketch.size
    reach = width + height
    for i in range(-int(reach / cell) - 1, int(reach / cell) + 2):
        x = width / 2 + i * cell
        sketch.line([(x - reach, height / 2 - reach), (x + reach, height / 2 + reach)], cell * 0.16, color)
        sketch.line([(x - reach, height / 2 + reach), (x + reach, height / 2 - reach)], cell * 0.16, color)


def _dots(sketch: Sketch, cell: float, color: Color) -> None:
    width, height = sketch.size
    step = cell * 0.7
    for row in range(-int(height / step), int(height / step) + 1):
        for column in range(-int(width / step), int(width / step) + 1):
            if (row + column) % 2 == 0:
                sketch.disc((width / 2 + column * step, height / 2 + row * step), 0.32 * step, color)


def _stripes(sketch: Sketch, cell: float, color: Color) -> None:
    width, height = sketch.size
    reach = width + height
    for i in range(-int(reach / cell), int(reach / cell) + 1):
        x = width / 2 + i * cell
        sketch.line([(x - reach, height / 2 + reach), (x + reach, height / 2 - reach)], cell * 0.36, color)


def _rings(sketch: Sketch, cell: float, color: Color) -> None:
    width, height = sketch.size
    step = cell * 1.1
    for row in range(-int(height / step) - 1, int(height / step) + 2):
        for column in range(-int(width / step) - 1, int(width / step) + 2):
            center = (width / 2 + column * step, height / 2 + row * step)
            sketch.circle(center, 0.56 * step, 0.13 * step, color)


_PATTERNS: Final[dict[str, Callable[[Sketch, float, Color], None]]] = {
    "lattice": _lattice, "dots": _dots, "stripes": _stripes, "rings": _rings,
}  # fmt: skip
