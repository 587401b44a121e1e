"""Settings of the trainer's tests: one thread each, since two that share a core are slower than one."""

import resource
import signal
from contextlib import contextmanager

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def full_disk():
    """A context in which no file can grow."""
    return _full_disk


@contextmanager
def _full_disk(most_bytes=64):
    """Let no file grow beyond a few bytes: the system's own error, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, limits[1]))
    try:
        yield
    finally:  # before anything else is written: pytest's own output may be a file
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
