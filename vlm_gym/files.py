"""Files that are there whole or not at all."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from vlm_gym import program

DRAFT: Final = ".part"
"""The ending of a file that is being written; one that is left over is of a process that was killed."""


def write_whole(path: Path, write: Callable[[Path], object], ending: str = "") -> None:
    """Write a file beside its place, and put it there when it is finished.

    Args:
        path: The file.
        write: Writes to the path that it is given.
        ending: Of that path, for a writer that goes by it.

    Raises:
        OSError: if it cannot be written; nothing is left of it then, nor after Ctrl-C.
    """
    write_all_whole({path: write}, ending)


def write_all_whole(files: Mapping[Path, Callable[[Path], object]], ending: str = "") -> None:
    """Write files that belong together, as `write_whole` does: none is put in its place before all are finished."""
    with ExitStack() as drafts:
        written = {path: _draft(path, drafts, ending) for path in files}
        for path, draft in written.items():
            files[path](draft)
        for path, draft in written.items():
            draft.replace(path)


@contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """Give a folder to write into, which comes to its place, in place of an empty one, if nothing goes wrong."""
    draft = place.with_name(f"{place.name}{DRAFT}")
    shutil.rmtree(draft, ignore_errors=True)  # of a process that was killed
    try:
        yield draft
        shutil.rmtree(place, ignore_errors=True)
        draft.replace(place)
    except BaseException:  # Ctrl-C too
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _draft(path: Path, drafts: ExitStack, ending: str) -> Path:
    draft = path.with_name(f"{path.name}.{os.getpid()}{DRAFT}{ending}")
    program.unfinished.add(draft)
    drafts.callback(program.unfinished.discard, draft)
    drafts.callback(draft.unlink, missing_ok=True)
    return draft
