"""The program of the child process that runs TextWorld: requests come in and answers go out as lines of JSON.

A request is {"game": fields of a game file} to start a game or {"command": text} to play on. The answer is {"feedback",
"admissible", "won", "facts"}, or {"missing": name} if TextWorld is not installed, or {"error": traceback}.
It runs on its own: nothing of vlm_gym is imported, and the parent hands its `sys.path` over as the argument.
"""

import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from typing import Any, Final

PREDICATES: Final = frozenset({
    "receptacleatlocation", "atlocation", "holds", "opened", "inreceptacle", "not_inreceptacle", "objectatlocation",
    "isclean", "ishot", "iscool", "issliced", "istoggled",
})  # fmt: skip
PARENT_CHECK_INTERVAL_S: Final = 2.0


class Player:
    """TextWorld's environment of ALFWorld, and the game that it has loaded."""

    def __init__(self) -> None:
        self._env = make_environment()
        self._game: Mapping[str, str] | None = None

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Start the game or play the command of a request."""
        if "game" in request:
            return _describe(self._start(request["game"]))
        state, _, _ = self._env.step(request["command"])
        return _describe(state)

    def _start(self, game: Mapping[str, str]) -> Any:
        random.seed(0)  # grammars of other versions may choose between sentences
        if game != self._game:
            self._env.load(game)
            self._game = game
        return self._env.reset()


def make_environment() -> Any:
    """Return ALFWorld's environment of one game, with the numbering of names that all its games share."""
    import textworld
    from alfworld.agents.environment.alfred_tw_env import AlfredDemangler
    from textworld.envs.pddl import PddlEnv

    return AlfredDemangler(PddlEnv(textworld.EnvInfos(won=True, admissible_commands=True)), shuffle=False)


def _describe(state: Any) -> dict[str, Any]:
    return {
        "feedback": state["feedback"],
        "admissible": state["admissible_commands"],
        "won": bool(state["won"]),
        "facts": [[fact.name, *fact.names] for fact in state["_facts"] if fact.name in PREDICATES],
    }


def main() -> None:
    """Answer requests until the parent closes the pipe or ends."""
    sys.path[:] = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # whatever the libraries print is no answer
    player = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            player = player or Player()
            answer = player.answer(request)
        except ImportError as error:
            answer = {"missing": error.name or str(error)}
        except (Exception, SystemExit):  # TextWorld may raise anything, and its PDDL translator exits
            answer = {"error": traceback.format_exc(limit=-3)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _end_with_parent(parent: int) -> None:
    """End this process once its parent has ended, even in the middle of a step."""
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_INTERVAL_S)
    os._exit(0)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
