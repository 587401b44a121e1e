"""Writing the files of a data set."""

from collections.abc import Callable
from pathlib import Path

from vlm_gym import files
from vlm_gym.errors import RunError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file that is there whole or not at all, and the folders above it.

    Raises:
        RunError: if it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_whole(path, write)
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. All earlier files are whole: make room, then go on with "
            "--resume"
        ) from error
