"""The hand panel: the robot's gripper, and what it holds."""

from typing import Final

import numpy as np

from vlm_gym.games.household.view import SeenObject
from vlm_gym.render.canvas import BLACK, Picture, mix
from vlm_gym.render.household.agent import gripper
from vlm_gym.render.household.blend import blend
from vlm_gym.render.household.brush import Sprite
from vlm_gym.render.household.cache import PictureCache
from vlm_gym.render.household.labels import broken_name, fitting_pill, pill
from vlm_gym.render.household.palette import HomeTheme
from vlm_gym.render.household.setting import icon

CACHE_BYTES: Final = 3_000_000

_ICON: Final = 0.8  # of the width
_ICON_TOP: Final = 0.66


class HandPanel:
    """Pictures of the hand in one size and theme."""

    def __init__(self, width: int, height: int, image_size: int, theme: HomeTheme, *, has_labels: bool) -> None:
        self._width, self._height, self._theme, self._has_labels = width, height, theme, has_labels
        self._font = max(5, round(0.033 * image_size))
        self._pictures = PictureCache(CACHE_BYTES)

    def draw(self, thing: SeenObject | None) -> Picture:
        """Return the panel: not writable."""
        return self._pictures.get(thing, lambda: self._draw(thing))

    def _draw(self, thing: SeenObject | None) -> Picture:
        width, theme = self._width, self._theme
        panel = np.empty((self._height, width, 3), np.uint8)
        panel[...] = mix(theme.wall, theme.paper, 0.5)
        if thing is not None:
            size = round(_ICON * width)
            blend(panel, icon(thing, size, theme), (width - size) // 2, round(_ICON_TOP * width))
        blend(panel, gripper(width, thing is not None, theme), 0, 0)
        caption = pill(("hand",), self._font, theme.ink, theme.paper)
        blend(panel, caption, (width - caption.shape[1]) // 2, 2)
        for label in self._labels(thing):
            blend(panel, label, (width - label.shape[1]) // 2, self._height - label.shape[0] - 2)
        return panel

    def _labels(self, thing: SeenObject | None) -> list[Sprite]:
        if thing is not None and not self._has_labels:
            return []
        name = "empty" if thing is None else thing.name
        wordings = [(name,), broken_name(name), tuple(" ".join(broken_name(name)).split())]
        return [fitting_pill(wordings, self._font, self._width - 2, self._theme.paper, BLACK)]
