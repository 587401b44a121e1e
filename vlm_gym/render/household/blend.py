"""Laying sprites on a picture."""

from typing import Final

import numpy as np

from vlm_gym.render.canvas import Picture
from vlm_gym.render.household.brush import Sprite
from vlm_gym.render.opencv import cv2

_OPAQUE: Final = 255.0


def blend(picture: Picture, sprite: Sprite, left: int, top: int) -> None:
    """Lay an RGBA sprite on a picture; what sticks out is cut off."""
    height, width = picture.shape[:2]
    first_row, first_column = max(0, -top), max(0, -left)
    cut = sprite[first_row : height - top, first_column : width - left] if top < height and left < width else sprite[:0]
    if cut.size == 0:
        return
    top, left = top + first_row, left + first_column
    ground = picture[top : top + cut.shape[0], left : left + cut.shape[1]]
    alpha = cut[:, :, 3].astype(np.float32)
    ground[...] = cv2.blendLinear(cut[:, :, :3], ground, alpha, _OPAQUE - alpha)
