"""Where the pictures of a vector environment are drawn: arrays that are used again once nobody looks at them."""

import sys
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]  # (num_envs, height, width, 3), RGB

MOST_KEPT: Final = 3  # what a training loop holds, the pictures before and after a step, and those being drawn


class PictureArrays:
    """Arrays of one shape. One that was handed out is not drawn on before all its holders have let it go.

    Whoever holds an array, a part of it, or a tensor made from it without a copy holds a reference to it, so that its
    reference count says whether anybody does. A fresh array for every step would be the same to its users; large ones
    are cleared by the system, page by page, whenever they are made.

    Args:
        shape: (num_envs, height, width, 3).
        is_shared: Whether there is one array, which is drawn on whoever holds it.
    """

    def __init__(self, shape: tuple[int, ...], *, is_shared: bool) -> None:
        self._shape = shape
        self._is_shared = is_shared
        self._kept: list[Pictures] = [np.zeros(shape, np.uint8)]
        self._unheld = sys.getrefcount(self._kept[0])  # as it is counted below, when nobody else holds it

    def take(self) -> Pictures:
        """Return an array that nobody holds; its content is left from earlier."""
        for i in range(len(self._kept)):
            if self._is_shared or sys.getrefcount(self._kept[i]) == self._unheld:
                self._kept.append(self._kept.pop(i))  # the newest last
                return self._kept[-1]
        self._kept = [*self._kept[1 - MOST_KEPT :], np.zeros(self._shape, np.uint8)]
        return self._kept[-1]

    def __reduce__(self) -> tuple[Any, ...]:  # what was handed out stays with those who hold it
        return partial(PictureArrays, is_shared=self._is_shared), (self._shape,)
