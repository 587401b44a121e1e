"""Pages beside the README, and pages of docs/ that the table of contents does not name: they are in the site too."""

import re
from pathlib import Path
from typing import Final

from site_pages.written import forget_others, write_if_new

NAMES: Final = ("CONTRIBUTING.md", "CHANGELOG.md", "CODE_OF_CONDUCT.md", "SECURITY.md")
LINK: Final = re.compile(r"\]\((?![a-z]+:|#)([^)\s]+)\)")
REST: Final = "(the rest)"
"""Stands in the table of contents for all pages of docs/ that are named nowhere in it."""


def copy(root: Path, folder: Path) -> None:
    """Copy the pages that there are into a folder of docs/, with their links following, and list them."""
    found = [name for name in NAMES if (root / name).exists()]
    for name in found:
        text = (root / name).read_text(encoding="utf-8")
        write_if_new(
            folder / name, re.sub(r"\]\((?![a-z]+:|#)([^)\s]+)\)", lambda match: f"]({_moved(match[1])})", text)
        )
    pages = "\n".join(name.removesuffix(".md") for name in found)
    write_if_new(folder / "index.md", f"# The project\n\n```{{toctree}}\n:maxdepth: 1\n\n{pages}\n```\n")
    forget_others(folder, {folder / "index.md", *(folder / name for name in found)})


def _moved(target: str) -> str:
    """Return where a link of a page in the root leads from docs/project/."""
    if target.partition("#")[0] in NAMES:
        return target
    return f"../{target.removeprefix('docs/')}" if target.startswith("docs/") else f"../../{target}"


def linked(text: str) -> str:
    """Let the links of a page of docs/ to one in the root lead to its copy in the site."""
    return re.sub(rf"\]\(\.\./({'|'.join(map(re.escape, NAMES))})", r"](project/\1", text)


def completed(contents: str, docs: Path) -> str:
    """Return the first page with every page of docs/ in its tables of contents."""
    named = {line.strip() for line in contents.splitlines()}
    rest = [path.stem for path in sorted(docs.glob("*.md")) if path.stem not in named and path.stem != "index"]
    return contents.replace(f"{REST}\n", "".join(f"{name}\n" for name in rest))
