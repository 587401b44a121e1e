"""Where the pictures of a vector environment are drawn: arrays that are used again once nobody looks at them."""

import sys
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from vlm_gym.render.canvas import Canvas

Pictures = npt.NDArray[np.uint8]  # (num_envs, height, width, 3), RGB

MOST_KEPT: Final = 3  # what a training loop holds, the pictures before and after a step, and those being drawn


class Places:
    """Where the environments draw. An array that was handed out is not drawn on before all its holders have let it go.

    Whoever holds an array, a part of it, or a tensor made from it without a copy holds a reference to it, so that its
    reference count says whether anybody does. A fresh array for every step would be the same to its users; large ones
    are cleared by the system, page by page, whenever they are made.

    Args:
        shape: (num_envs, height, width, 3).
        is_shared: Whether there is one array for all steps instead, which its holders can only read: then canvases
            remember what lies on it.
    """

    def __init__(self, shape: tuple[int, ...], *, is_shared: bool) -> None:
        self._shape = shape
        self._kept: list[Pictures] = [np.zeros(shape, np.uint8)]
        self._unheld = sys.getrefcount(self._kept[0])  # as it is counted below, when nobody else holds it
        self._shared: tuple[Pictures, list[Canvas]] | None = None
        if is_shared:
            pictures = self._kept.pop()
            self._shared = pictures, list(map(Canvas, pictures))
            self._read_only = pictures.view()
            self._read_only.flags.writeable = False

    def take(self) -> tuple[Pictures, list[Canvas]]:
        """Return an array that nobody else holds, and its parts to draw on."""
        if self._shared is not None:
            return self._shared
        pictures = self._free()
        return pictures, list(map(Canvas, pictures))

    def shown(self, pictures: Pictures) -> Pictures:
        """Return an array as it is handed out."""
        return pictures if self._shared is None else self._read_only

    def _free(self) -> Pictures:
        for i in reversed(range(len(self._kept))):  # the newest is nearest to the processor
            if sys.getrefcount(self._kept[i]) == self._unheld:
                self._kept.append(self._kept.pop(i))
                return self._kept[-1]
        self._kept = [*self._kept[1 - MOST_KEPT :], np.zeros(self._shape, np.uint8)]
        return self._kept[-1]

    def __reduce__(self) -> tuple[Any, ...]:  # what was handed out stays with those who hold it
        return partial(Places, is_shared=self._shared is not None), (self._shape,)
