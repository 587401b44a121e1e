"""The pages that are written when the site is built: one for each task family, the API reference, and notebooks."""

from pathlib import Path
from typing import Any

from site_pages import notebooks, project, reference, task_index


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx to have the pages written first."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir)))
    app.connect("source-read", _read)
    app.connect("env-get-outdated", lambda *_: ["index"])  # a new page changes its table of contents
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(docs: Path) -> None:
    """Write all pages into folders of their own, which git ignores."""
    task_index.write(docs / "tasks")
    reference.write(docs / "reference")
    notebooks.copy(docs.parent / "examples", docs / "notebooks")
    project.copy(docs.parent, docs / "project")


def _read(app: Any, name: str, source: list[str]) -> None:
    """Change what Sphinx reads of a page: links to the root, and the table of contents."""
    if "/" not in name:
        source[0] = project.linked(source[0])
    if name == "index":
        source[0] = project.completed(source[0], Path(app.srcdir))
