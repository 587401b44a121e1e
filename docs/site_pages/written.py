"""Files that are written only where they change, so that Sphinx reads again only what did."""

import os
from pathlib import Path


def write_if_new(path: Path, content: str | bytes) -> None:
    """Write a file as a whole, if it does not say the same already."""
    data = content.encode() if isinstance(content, str) else content
    if path.exists() and path.read_bytes() == data:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)


def forget_others(folder: Path, kept: set[Path]) -> None:
    """Delete what an earlier build wrote into a folder and this one did not."""
    for path in folder.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
