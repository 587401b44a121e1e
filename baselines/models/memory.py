"""Out of memory: an error that names the setting which helps."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from vlm_gym.errors import VlmGymError


class OutOfMemoryError(VlmGymError, MemoryError):
    """The accelerator's memory is too small for what was asked."""


@contextmanager
def memory_advice(advice: str) -> Iterator[None]:
    """Say what helps when the accelerator's memory runs out."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise OutOfMemoryError(f"out of memory: {str(error).splitlines()[0]} What helps: {advice}.") from error
