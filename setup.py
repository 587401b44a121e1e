"""What setup.cfg cannot say: the description as an index shows it, whose links must be whole addresses."""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!\w+:|#)([^)\s]+)\)")


def repository() -> str:
    """Return the address of the repository, as the section [home] of setup.cfg says it; "" if it says none."""
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    return settings["home"]["repository"].strip().rstrip("/")


def description(text: str, home: str, version: str) -> str:
    """Return the README with whole addresses: of pages and of pictures, as they were in this version."""

    def whole(link: "re.Match[str]") -> str:
        kind = "raw" if link[1] else "blob"
        return f"{link[1]}[{link[2]}]({home}/{kind}/v{version}/{link[3]})"

    return LINK.sub(whole, text) if home else text


def project_urls(home: str) -> dict[str, str]:
    """Return the links that an index shows beside the description."""
    pages = {"Source": "", "Issues": "/issues", "Changelog": "/blob/main/CHANGELOG.md"}
    return {name: home + page for name, page in pages.items()} if home else {}


if __name__ == "__main__":
    found = re.search(r'__version__[^=]*= "([^"]+)"', (ROOT / "vlm_gym" / "_version.py").read_text(encoding="utf-8"))
    setup(
        long_description=description(
            (ROOT / "README.md").read_text(encoding="utf-8"), repository(), found[1] if found else ""
        ),
        long_description_content_type="text/markdown",
        url=repository() or None,
        project_urls=project_urls(repository()),
    )
