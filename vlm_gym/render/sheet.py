"""Contact sheets: several pictures in one, each with its name."""

from collections.abc import Sequence
from typing import Final

from PIL import Image

from vlm_gym.errors import ConfigError
from vlm_gym.render.canvas import Color, Picture, fitting_size, write

MARGIN_SHARE: Final = 0.06  # of a picture's width
CAPTION_SHARE: Final = 0.13
CAPTION_CAP_SHARE: Final = 0.045
PAPER: Final[Color] = (246, 245, 241)
INK: Final[Color] = (44, 48, 56)


def contact_sheet(pictures: Sequence[Picture], captions: Sequence[str], num_columns: int) -> Image.Image:
    """Lay out equally large pictures row by row, each with its caption below it.

    Raises:
        ConfigError: if there is no picture, or not one caption for each.
    """
    if not pictures or len(pictures) != len(captions):
        raise ConfigError(f"expected pictures with one caption each, got {len(pictures)} and {len(captions)}")
    size = pictures[0].shape[1]
    margin, caption_height = round(MARGIN_SHARE * size), round(CAPTION_SHARE * size)
    num_rows = -(-len(pictures) // num_columns)
    width = margin + num_columns * (size + margin)
    height = margin + num_rows * (size + caption_height + margin // 2)
    sheet = Image.new("RGB", (width, height), PAPER)
    for i, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        row, column = divmod(i, num_columns)
        x = margin + column * (size + margin)
        y = margin + row * (size + caption_height + margin // 2)
        sheet.paste(Image.fromarray(picture), (x, y))
        font_size = fitting_size(caption, "sans", size, CAPTION_CAP_SHARE * size)
        write(sheet, (x + size / 2, y + size + caption_height / 2), caption, "sans", font_size, INK)
    return sheet
