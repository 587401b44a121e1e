"""Files that are there whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

DRAFT: Final = ".part"
"""The ending of a file that is being written; one that is left over is of a process that was killed."""


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, and put it there when it is finished.

    Raises:
        OSError: if it cannot be written; nothing is left of it then.
    """
    draft = path.with_name(f"{path.name}.{os.getpid()}{DRAFT}")
    try:
        write(draft)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
