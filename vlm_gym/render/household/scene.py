"""The picture of a household game: a floor plan, what is in the hand, and a close-up of what is within reach."""

from functools import lru_cache
from typing import Final

import numpy as np

from vlm_gym.games.household.view import HouseholdView
from vlm_gym.render.canvas import Picture, mix, paste
from vlm_gym.render.household.cache import PictureCache
from vlm_gym.render.household.close_up import CloseUp
from vlm_gym.render.household.floor_plan import FloorPlan
from vlm_gym.render.household.hand import HandPanel
from vlm_gym.render.household.legend import draw_legend
from vlm_gym.render.household.palette import HomeTheme

MAX_SCENES: Final = 4  # sizes and themes in use at once
LEGEND_BYTES: Final = 3_000_000

_PLAN_SHARE: Final = 0.475  # of the height
_HAND_SHARE: Final = 0.2  # of the width
_SMALL: Final = 160  # pixels: in smaller pictures the hand gets more
_SMALL_HAND_SHARE: Final = 0.25


def draw_household(
    view: HouseholdView, image_size: int, theme: HomeTheme, *, has_labels: bool = True, version: int = 0
) -> Picture:
    """Return a fresh picture: (image_size, image_size, 3).

    Without labels there is no text on objects and in the hand: icons must be told apart by themselves, and several
    objects of a kind cannot be. `version` is that of the task's id: 0 is drawn as ever; since 1 the agent hides no
    furniture, and names of furniture keep their size where they have little room.
    """
    return _scene(image_size, theme, has_labels, version).draw(view)


@lru_cache(maxsize=MAX_SCENES)
def _scene(image_size: int, theme: HomeTheme, has_labels: bool, version: int) -> "_Scene":
    return _Scene(image_size, theme, has_labels, version)


class _Scene:
    """Everything that pictures of one size and theme share."""

    def __init__(self, image_size: int, theme: HomeTheme, has_labels: bool, version: int) -> None:
        self._size, self._theme = image_size, theme
        self._gap = gap = max(1, round(image_size / 100))
        plan_height = round(_PLAN_SHARE * image_size)
        self._hand_width = round((_HAND_SHARE if image_size >= _SMALL else _SMALL_HAND_SHARE) * image_size)
        self._close_top = plan_height + 2 * gap
        self._close_size = (image_size - 2 * gap, image_size - self._close_top - gap)
        plan_width = image_size - self._hand_width - 3 * gap
        self._plan = FloorPlan(plan_width, plan_height, image_size, theme, is_agent_below=version > 0)
        self._hand = HandPanel(self._hand_width, plan_height, image_size, theme, has_labels=has_labels)
        self._close_up = CloseUp(*self._close_size, image_size, theme, has_labels=has_labels, keeps_titles=version > 0)
        self._legends = PictureCache(LEGEND_BYTES)
        self._blank = np.empty((image_size, image_size, 3), np.uint8)
        self._blank[...] = mix(theme.dark_wood, theme.ink, 0.6)

    def draw(self, view: HouseholdView) -> Picture:
        """Draw the three panels."""
        picture, gap = self._blank.copy(), self._gap
        paste(picture, self._plan.draw(view), gap, gap)
        paste(picture, self._hand.draw(view.hand), self._size - gap - self._hand_width, gap)
        paste(picture, self._near(view), gap, self._close_top)
        return picture

    def _near(self, view: HouseholdView) -> Picture:
        facing = view.facing
        if facing:
            return self._close_up.draw(facing, view.beside)
        names = tuple([receptacle.name for receptacle in view.receptacles])
        return self._legends.get(names, lambda: draw_legend(names, *self._close_size, self._size, self._theme))
