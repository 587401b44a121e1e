"""What the child process does that plays TextWorld (`worker.py`).

A request is {"game": fields of a game file} to start a game or {"command": text} to play on. The answer is {"feedback",
"admissible", "won", "facts"}. It runs on its own: nothing of vlm_gym is imported.
"""

import random
from collections.abc import Mapping
from typing import Any, Final

PREDICATES: Final = frozenset({
    "receptacleatlocation", "atlocation", "holds", "opened", "inreceptacle", "not_inreceptacle", "objectatlocation",
    "isclean", "ishot", "iscool", "issliced", "istoggled",
})  # fmt: skip


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
