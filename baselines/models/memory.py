"""Memory that runs out: an error that names the setting which helps, and what keeps a bounded amount."""

import math
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import torch
from torch import Tensor

from vlm_gym.errors import VlmGymError

TRAINING_ADVICE: Final = "a smaller microbatch, model.checkpointing, or model.quantization"


class OutOfMemoryError(VlmGymError, MemoryError):
    """The accelerator's memory is too small for what was asked."""


@contextmanager
def memory_advice(advice: str) -> Iterator[None]:
    """Say what helps when the accelerator's memory runs out."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise OutOfMemoryError(f"out of memory: {str(error).splitlines()[0]} What helps: {advice}.") from error


class TensorCache:
    """Keeps named tensors by key: at most `num_entries`, and with `mebibytes` no more than these.

    The least recently used are dropped first.
    """

    def __init__(self, num_entries: int, mebibytes: int | None = None) -> None:
        self.num_entries = num_entries
        self.limit = math.inf if mebibytes is None else mebibytes * 2**20
        self.num_bytes = 0
        self._kept: OrderedDict[bytes, Mapping[str, Tensor]] = OrderedDict()

    def get(self, key: bytes) -> Mapping[str, Tensor] | None:
        """Return what was put there, if it is still there."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def put(self, key: bytes, tensors: Mapping[str, Tensor]) -> None:
        """Keep tensors under a key that is not in use."""
        self._kept[key] = tensors
        self.num_bytes += _num_bytes(tensors)
        while self.num_bytes > self.limit or len(self._kept) > self.num_entries:
            self.num_bytes -= _num_bytes(self._kept.popitem(last=False)[1])


def _num_bytes(tensors: Mapping[str, Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors.values())
