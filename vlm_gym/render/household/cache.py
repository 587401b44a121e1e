"""A cache of pictures that is bounded by their bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from vlm_gym.render.canvas import Picture


class PictureCache:
    """Pictures by key; those that were not asked for the longest go first."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._num_bytes = 0
        self._pictures: OrderedDict[Hashable, Picture] = OrderedDict()

    def get(self, key: Hashable, draw: Callable[[], Picture]) -> Picture:
        """Return the picture of a key, drawn now if it is not known."""
        picture = self._pictures.get(key)
        if picture is not None:
            self._pictures.move_to_end(key)
            return picture
        picture = draw()
        picture.flags.writeable = False
        self._pictures[key] = picture
        self._num_bytes += picture.nbytes
        while self._num_bytes > self._max_bytes and len(self._pictures) > 1:
            self._num_bytes -= self._pictures.popitem(last=False)[1].nbytes
        return picture

    @property
    def num_bytes(self) -> int:
        """Return how many bytes the pictures take."""
        return self._num_bytes
