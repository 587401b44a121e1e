"""The picture of a household game: a floor plan, what is in the hand, and a close-up of what is within reach."""

from functools import lru_cache
from typing import Final

import numpy as np

from vlm_gym.games.household.view import HouseholdView, SeenObject
from vlm_gym.render.canvas import BLACK, Picture, mix, paste
from vlm_gym.render.household.agent import gripper
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.cache import PictureCache
from vlm_gym.render.household.close_up import CloseUp, icon
from vlm_gym.render.household.floor_plan import FloorPlan
from vlm_gym.render.household.labels import broken_name, label_width, pill
from vlm_gym.render.household.palette import HomeTheme

MAX_SCENES: Final = 8  # sizes and themes in use at once
PLAN_SHARE: Final = 0.475  # of the height
HAND_SHARE: Final = 0.2  # of the width
HAND_BYTES: Final = 3_000_000


def draw_household(view: HouseholdView, image_size: int, theme: HomeTheme, *, has_labels: bool = True) -> Picture:
    """Return a fresh picture: (image_size, image_size, 3).

    Without labels there is no text on objects and in the hand, so that icons must be told apart by themselves.
    """
    return _scene(image_size, theme, has_labels).draw(view)


@lru_cache(maxsize=MAX_SCENES)
def _scene(image_size: int, theme: HomeTheme, has_labels: bool) -> "_Scene":
    return _Scene(image_size, theme, has_labels)


class _Scene:
    """Everything that pictures of one size and theme share."""

    def __init__(self, image_size: int, theme: HomeTheme, has_labels: bool) -> None:
        gap = max(1, round(image_size / 100))
        self._size, self._gap, self._theme, self._has_labels = image_size, gap, theme, has_labels
        self._plan_height = round(PLAN_SHARE * image_size)
        self._hand_width = round(HAND_SHARE * image_size)
        plan_width = image_size - self._hand_width - 3 * gap
        self._close_top = self._plan_height + 2 * gap
        self._plan = FloorPlan(plan_width, self._plan_height, image_size, theme)
        self._close_up = CloseUp(
            image_size - 2 * gap, image_size - self._close_top - gap, image_size, theme, has_labels=has_labels
        )
        self._hands = PictureCache(HAND_BYTES)
        self._blank = np.empty((image_size, image_size, 3), np.uint8)
        self._blank[...] = mix(theme.dark_wood, theme.ink, 0.6)

    def draw(self, view: HouseholdView) -> Picture:
        """Draw the three panels."""
        picture, gap = self._blank.copy(), self._gap
        paste(picture, self._plan.draw(view), gap, gap)
        hand = self._hands.get(view.hand, lambda: self._draw_hand(view.hand))
        paste(picture, hand, self._size - gap - self._hand_width, gap)
        paste(picture, self._close_up.draw(view.facing, view.beside), gap, self._close_top)
        return picture

    def _draw_hand(self, thing: SeenObject | None) -> Picture:
        width, height, theme = self._hand_width, self._plan_height, self._theme
        panel = np.empty((height, width, 3), np.uint8)
        panel[...] = mix(theme.wall, theme.paper, 0.5)
        font = max(5, round(0.033 * self._size))
        caption = pill(("hand",), font, theme.ink, theme.paper)
        claw = gripper(width, thing is not None, theme)
        blend(panel, claw, 0, 0)
        if thing is not None:
            size = round(0.8 * width)
            blend(panel, icon(thing, size, theme), (width - size) // 2, round(0.66 * width))
        blend(panel, caption, (width - caption.shape[1]) // 2, 2)
        self._write(panel, "empty" if thing is None else thing.name if self._has_labels else "", font)
        return panel

    def _write(self, panel: Picture, name: str, font: int) -> None:
        if not name:
            return
        width = panel.shape[1]
        lines = (name,) if label_width((name,), font) <= width - 2 else broken_name(name)
        while font > 5 and label_width(lines, font) > width - 2:
            font -= 1
        label = pill(lines, font, self._theme.paper, BLACK)
        blend(panel, label, (width - label.shape[1]) // 2, panel.shape[0] - label.shape[0] - 3)
