"""The page of the examples, and the notebooks among them, copied to where Sphinx finds them."""

from pathlib import Path
from typing import Final

from site_pages.written import forget_others, write_if_new

HEAD: Final = "# Examples\n\n"
LINKS: Final = (("](../docs/", "](../"), ("](notebooks/", "]("))
"""How links of examples/README.md lead from docs/notebooks/."""


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
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    for old, new in LINKS:
        text = text.replace(old, new)
    return text
