"""The program of a child process that plays games for an engine: requests come in and answers go out as lines of JSON.

Its arguments are the parent's `sys.path` as JSON and the file of a player, a program with a class `Player`:
`Player().answer(request)` returns the answer, a dict that JSON can hold. An answer may also be {"missing": name} if a
package is not installed, or {"error": text}, a traceback or the words of a player's `GameFailed`.
It runs on its own: nothing of vlm_gym is imported here.
"""

import contextlib
import importlib.util
import json
import os
import signal
import sys
import threading
import time
import traceback
from typing import Any, Final

PARENT_CHECK_INTERVAL_S: Final = 2.0
FAILURE: Final = "GameFailed"  # the name of an exception whose message says all


def main() -> None:
    """Answer requests until the parent closes the pipe or ends."""
    sys.path[:] = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what the libraries print is not an answer
    player = None
    for line in sys.stdin:
        try:
            player = player or _load_player(sys.argv[2])
            answer = player.answer(json.loads(line))
        except ImportError as error:
            answer = {"missing": error.name or str(error)}
        except (Exception, SystemExit) as error:  # games may raise anything, and TextWorld's PDDL translator exits
            answer = {"error": _words(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    _end_all()  # the pipe is closed: by the parent, or because it is ending


def _load_player(file: str) -> Any:
    spec = importlib.util.spec_from_file_location("player", file)
    assert spec is not None  # noqa: S101 - it is a Python file
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Player()


def _words(error: BaseException) -> str:
    is_plain = type(error).__name__ == FAILURE
    return str(error) if is_plain else "".join(traceback.format_exception(error, limit=-3))


def _end_with(parent: int) -> None:
    """End this process once its parent has ended, even in the middle of a step."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_INTERVAL_S)
    _end_all()


def _end_all() -> None:
    """End this process and those that it started."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
