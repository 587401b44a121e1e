"""The site, built once for all workers, and headless Chromium."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from browser import chromium  # noqa: F401

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site, with all warnings as errors."""
    if "VLM_GYM_ALL_TESTS" not in os.environ:
        pytest.importorskip("myst_nb", reason="make docs installs what builds the site")
        pytest.importorskip("furo")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "index.html").exists():
            command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet"]
            built = subprocess.run([*command, "docs", str(folder)], cwd=ROOT, capture_output=True, text=True)
            assert (built.returncode, built.stderr) == (0, "")
    return folder
