"""Runs a file of examples/ as a user does: copied elsewhere, in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
KEY = {"OPENAI_API_KEY": "none", "OMP_NUM_THREADS": "1"}


def copy_example(name, folder):
    """Return where the copy lies."""
    return Path(shutil.copy(EXAMPLES / f"{name}.py", folder))


def run_example(name, folder, *arguments, environment=None, module=None):
    """Run a copy with arguments, or another program that is given it; return what it printed."""
    path = copy_example(name, folder)
    command = [sys.executable, str(path)] if module is None else module
    done = subprocess.run(
        [*command, *map(str, arguments)],
        cwd=folder, env={**os.environ, **KEY, "HOME": str(folder), **(environment or {})},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def told(metrics):
    """Return how the examples print the metrics of an episode."""
    return ", ".join(f"{name} {value:g}" for name, value in metrics.items())
