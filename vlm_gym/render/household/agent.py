"""The agent, a small robot: seen from above on the floor plan, with what it looks at, and its gripper."""

from functools import lru_cache
from typing import Final

import numpy as np

from vlm_gym.render.canvas import Color, mix, rgb
from vlm_gym.render.household.brush import Brush, Sprite, arc
from vlm_gym.render.household.palette import HomeTheme
from vlm_gym.render.opencv import cv2

GLOW: Final[Color] = rgb("#ffd84a")
"""The colour of what the agent looks at and of what it faces."""

_CONE_ANGLE: Final = 29.0  # degrees on each side
_CONE_ALPHA: Final = 170
_GLASS: Final = rgb("#1d2430")
_EYE: Final = rgb("#7ff3ff")


@lru_cache(maxsize=128)
def robot(size: int, degrees: int, theme: HomeTheme) -> Sprite:
    """Return the robot from above; `degrees` clockwise from up is where it looks."""
    brush = Brush(size, size, theme).turned(degrees)
    body = theme.accent
    for x in (14, 86):
        brush.box(x - 9, 36, x + 9, 80, theme.dark_metal, 7, shade=False)
    brush.oval(50, 57, 36, 37, body)
    brush.shape([(28, 27), (50, 1), (72, 27)], body, shade=False)
    brush.shape([*arc(50, 55, 30, 28, 205, 335), *arc(50, 59, 24, 12, 335, 205)], _GLASS, shade=False)
    for x in (38, 62):
        brush.dot(x, 40, 6.5, _EYE)
    brush.oval(50, 70, 11, 9, mix(body, theme.paper, 0.6), edge=False)
    sprite = brush.finish()
    sprite.flags.writeable = False
    return sprite


@lru_cache(maxsize=128)
def cone(size: int, degrees: int) -> Sprite:
    """Return the field of view, which fades with the distance: its tip is in the middle."""
    scale = 4
    large, middle = size * scale, size * scale / 2
    edges = degrees - 90 - _CONE_ANGLE, degrees - 90 + _CONE_ANGLE
    points = [(middle, middle), *arc(middle, middle, middle, None, *edges)]
    mask = np.zeros((large, large), np.uint8)
    cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 255)
    shape = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
    steps = (np.arange(size) + 0.5 - size / 2) / (size / 2)
    fade = np.clip(1.0 - np.hypot(steps[:, None], steps[None]), 0.0, 1.0)
    sprite = np.zeros((size, size, 4), np.uint8)
    sprite[:, :, :3] = GLOW
    sprite[:, :, 3] = np.rint(shape / 255.0 * fade**0.7 * _CONE_ALPHA)
    sprite.flags.writeable = False
    return sprite


@lru_cache(maxsize=32)
def gripper(size: int, is_holding: bool, theme: HomeTheme) -> Sprite:
    """Return the robot's hand, which hangs from the upper edge; it closes around what it holds."""
    brush = Brush(size, size, theme)
    brush.box(42, -5, 58, 30, theme.metal)
    brush.box(36, 18, 64, 28, theme.dark_metal, 3, shade=False)
    brush.box(28, 26, 72, 46, theme.accent, 7)
    reach, tip = (34, 24) if is_holding else (44, 40)
    for side in (-1, 1):
        knuckle, elbow, end = (50 + side * 18, 44), (50 + side * reach, 66), (50 + side * tip, 92)
        brush.line([knuckle, elbow, end], 13, theme.metal)
        for x, y in (knuckle, elbow):
            brush.oval(x, y, 6, None, theme.dark_metal)
    sprite = brush.finish()
    sprite.flags.writeable = False
    return sprite
