"""Programs that are struck at a moment of their own choosing: by Ctrl-C, or by a package that is not there.

`sitecustomize`, which Python runs before anything else, watches what a program imports and opens; at the moment that
the test names, the process sends itself the signal that the terminal would send. No clock is involved.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITECUSTOMIZE = """
import os, signal, sys

for name in filter(None, os.environ.get("ABSENT", "").split(",")):
    sys.modules[name] = None
kind, _, place = os.environ.get("STRIKE_AT", "").partition(":")


def watch(event, arguments):
    global kind
    if event not in ("import", "open"):
        return
    if event == "import":
        is_now = arguments[0] == place
    else:
        path, mode, flags = arguments
        is_now = isinstance(path, str) and place in path and flags & (os.O_WRONLY | os.O_RDWR)
    if event == kind and is_now:
        kind = ""
        os.kill(os.getpid(), signal.SIGINT)


if kind:
    sys.addaudithook(watch)
"""


def begin(folder, *words, strike_at="", absent="", path=(), **environ):
    """Start `python *words`; Ctrl-C comes as `import:MODULE` or `open:PART OF A PATH` happens for the first time."""
    (folder / "sitecustomize.py").write_text(SITECUSTOMIZE)
    paths = [str(folder), *map(str, path), str(ROOT), os.environ.get("PYTHONPATH", "")]
    own = {"STRIKE_AT": strike_at, "ABSENT": absent, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **own, **environ},
    )


def run(folder, *words, **moments):
    """Run `python *words` to its end; return its exit status, its output and its errors, as text."""
    with begin(folder, *words, **moments) as process:
        out, errors = process.communicate()
    return process.returncode, out.decode("utf-8", "replace"), errors.decode("utf-8", "replace")
