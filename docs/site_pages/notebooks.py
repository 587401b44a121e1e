"""The notebooks of examples/, copied to where Sphinx finds them."""

from pathlib import Path

from site_pages.written import forget_others, write_if_new

HEAD = """\
# Notebooks

Each is executed by the tests. They lie in `examples/`.

```{toctree}
:maxdepth: 1

"""


def copy(examples: Path, folder: Path) -> None:
    """Copy every notebook, and write the page that lists them."""
    found = {path.name: path for path in sorted(examples.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts}
    for name, path in found.items():
        write_if_new(folder / name, path.read_bytes())
    names = "\n".join(name.removesuffix(".ipynb") for name in found)
    page = f"{HEAD}{names}\n```\n" if found else "# Notebooks\n\nThere are none yet.\n"
    write_if_new(folder / "index.md", page)
    forget_others(folder, {folder / "index.md", *(folder / name for name in found)})
