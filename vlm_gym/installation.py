"""How to install more of this package: from where it was installed, which need not be a package index."""

import json
import shlex
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

NAME: Final = "vlm-gym"
SOURCE: Final = Path(__file__).parents[1]
ORIGIN_FILE: Final = "direct_url.json"  # where an installer writes what it installed from, unless that was an index
BUILD_FILE: Final = "pyproject.toml"


def install_hint(extra: str = "") -> str:
    """Return the command that installs this package with an extra, from where the package was installed.

    That is a folder (`pip install -e '/home/me/vlm_gym[eval]'`), an archive, a repository
    (`'vlm-gym[eval] @ git+https://...'`), or else an index, where the name is enough.
    """
    extras = f"[{extra}]" if extra else ""
    return f"pip install {_requirement(_origin(), extras)}"


def _origin() -> Mapping[str, Any] | None:
    """Return what the installer wrote down, in the form of PEP 610; None if it was an index."""
    for distribution in distributions(name=NAME):
        text = distribution.read_text(ORIGIN_FILE)
        if text is not None:
            origin: Mapping[str, Any] = json.loads(text)
            return origin
    if (SOURCE / BUILD_FILE).is_file():  # a clone that was put on the path, without an installer
        return {"url": SOURCE.as_uri(), "dir_info": {"editable": True}}
    return None


def _requirement(origin: Mapping[str, Any] | None, extras: str) -> str:
    if origin is None:
        return shlex.quote(NAME + extras)
    parts = urlsplit(origin["url"])
    if parts.scheme == "file" and "vcs_info" not in origin:
        path = url2pathname(parts.path)
        option = "-e " if origin.get("dir_info", {}).get("editable") else ""
        return option + shlex.quote(f"{path}{extras}")
    return shlex.quote(f"{NAME}{extras} @ {_address(origin)}")


def _address(origin: Mapping[str, Any]) -> str:
    repository = origin.get("vcs_info")
    address = str(origin["url"])
    if repository is not None:
        address = f"{repository['vcs']}+{address}@{repository.get('commit_id') or repository['requested_revision']}"
    folder = origin.get("subdirectory")
    return f"{address}#subdirectory={folder}" if folder else address
