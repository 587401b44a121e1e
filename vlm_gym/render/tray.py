"""A tray at the right of a card table, with a card that is not in the game."""

from functools import cached_property
from typing import Final

from PIL import Image

from vlm_gym.render.canvas import BLACK, WHITE, Sketch, fitting_size, ink_on, luminance, mix, rgb, write
from vlm_gym.render.table import LIGHT_CLOTH, Hand, spread_cards
from vlm_gym.render.theme import Theme

TRAY_SHARE: Final = 0.24  # of the picture's width
CAPTION: Final = "Tray"
CAPTION_SHARE: Final = 0.062  # of the picture's height
LEAST_CAPTION: Final = 7  # pixels


class Tray:
    """Where the tray lies: its right edge, its top and its height are given.

    Args:
        right: Right edge in pixels.
        top: Top edge.
        height: Of the tray.
        image_size: Of the picture.
        theme: The colours.
    """

    def __init__(self, right: int, top: int, height: int, image_size: int, theme: Theme) -> None:
        self.width = round(TRAY_SHARE * image_size)
        self._left, self._top, self._height, self._theme = right - self.width, top, height, theme
        self._inset = max(2, round(0.02 * image_size))
        self._caption = max(LEAST_CAPTION, round(CAPTION_SHARE * image_size)) + self._inset
        self._radius = 0.03 * image_size

    @cached_property
    def hand(self) -> Hand:
        """Where its card lies."""
        width, height = self.width - 2 * self._inset, self._height - self._caption - 2 * self._inset
        spread = spread_cards(1, width, height, self._theme, can_overlap=False)
        return spread.at(self._left + self._inset, self._top + self._caption + self._inset, self._theme)

    def draw_ground(self, sketch: Sketch) -> None:
        """Draw the tray: a hollow in the cloth with an edge."""
        cloth = rgb(self._theme.table)
        is_dark = luminance(cloth) < LIGHT_CLOTH
        edge = max(1.0, self._radius / 5)
        right, bottom = self._left + self.width, self._top + self._height
        line = mix(cloth, WHITE if is_dark else BLACK, 0.55)
        sketch.box(self._left, self._top, right, bottom, self._radius, line)
        inner = self._left + edge, self._top + edge, right - edge, bottom - edge
        sketch.box(*inner, self._radius - edge, self._ground)

    def write_caption(self, image: Image.Image) -> None:
        """Write what it is."""
        size = fitting_size(CAPTION, self._theme.font, self.width - 2 * self._inset, 0.62 * self._caption)
        center = self._left + self.width / 2, self._top + self._inset / 2 + self._caption / 2
        write(image, center, CAPTION, self._theme.font, size, ink_on(self._ground))

    @property
    def _ground(self) -> tuple[int, int, int]:
        cloth = rgb(self._theme.table)
        return mix(cloth, BLACK, 0.3 if luminance(cloth) < LIGHT_CLOTH else 0.12)
