"""Pictures that AI2-THOR has drawn, in the size that was asked for."""

import numpy as np

from vlm_gym.games.household.thor import Photo
from vlm_gym.render.canvas import Picture
from vlm_gym.render.opencv import cv2


def fit(photo: Photo, size: int) -> Picture:
    """Return a photo as (size, size, 3) uint8 RGB: as it is, or scaled."""
    picture = np.frombuffer(photo.pixels, np.uint8).reshape(photo.height, photo.width, 3)
    if picture.shape[:2] == (size, size):
        return picture.copy()
    shrinks = size < min(photo.height, photo.width)
    scaled = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.asarray(scaled, np.uint8)
