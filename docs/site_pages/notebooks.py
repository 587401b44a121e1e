"""The page of the examples, and the notebooks among them, copied to where Sphinx finds them."""

import re
from pathlib import Path
from typing import Final

from site_pages.written import forget_others, write_if_new

HEAD: Final = "# Examples\n\n"
LINK: Final = re.compile(r"\]\((?![a-z]+:|#)([^)\s]+)\)")


def copy(examples: Path, folder: Path) -> None:
    """Copy every notebook, and write the page that lists them, with the table of all examples."""
    found = {path.name: path for path in sorted(examples.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts}
    for name, path in found.items():
        write_if_new(folder / name, path.read_bytes())
    names = "\n".join(name.removesuffix(".ipynb") for name in found)
    contents = f"```{{toctree}}\n:caption: Notebooks\n:maxdepth: 1\n\n{names}\n```\n"
    write_if_new(folder / "index.md", f"{_table(examples)}\n{contents if found else 'There are no notebooks yet.'}\n")
    forget_others(folder, {folder / "index.md", *(folder / name for name in found)})


def _table(examples: Path) -> str:
    """Return the page of examples/, its links leading on from where it is copied to."""
    path = examples / "README.md"
    return LINK.sub(_moved, path.read_text(encoding="utf-8")) if path.exists() else HEAD


def _moved(link: re.Match[str]) -> str:
    """Return where a link of examples/README.md leads from docs/notebooks/."""
    target = link[1]
    if target.startswith("../docs/"):
        return f"](../{target.removeprefix('../docs/')})"
    return f"]({target.removeprefix('notebooks/')})" if target.endswith(".ipynb") else f"](../../examples/{target})"
