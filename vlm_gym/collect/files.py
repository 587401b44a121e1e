"""Files that are there whole or not at all."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from vlm_gym.errors import RunError

DRAFT: Final = ".part"


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and put it there when it is finished.

    Raises:
        RunError: if it cannot be written.
    """
    draft = path.with_name(f"{path.name}{DRAFT}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(draft)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. All earlier files are whole: make room, then go on with "
            "--resume"
        ) from error
