"""The pages that are written when the site is built: one for each task family, the API reference, and notebooks."""

from pathlib import Path
from typing import Any

from site_pages import notebooks, reference, task_index


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx to have the pages written first."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir)))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages(docs: Path) -> None:
    """Write all pages into folders of their own, which git ignores."""
    task_index.write(docs / "tasks")
    reference.write(docs / "reference")
    notebooks.copy(docs.parent / "examples", docs / "notebooks")
