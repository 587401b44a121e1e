"""The original engine: ALFWorld's games played by TextWorld itself, in a process of its own.

About a thousand times slower than `HouseholdGame`, and its reference. It also plays game files with other rules or
sentences. TextWorld evaluates expressions of the game file: play only files that you trust.
"""

import importlib.util
import json
import os
import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from vlm_gym.envs.household.engine import Timeouts
from vlm_gym.envs.household.textworld_facts import FactReader
from vlm_gym.envs.household.worker_game import WorkerGame
from vlm_gym.envs.household.worker_process import Program
from vlm_gym.errors import ConfigError, MissingDependencyError
from vlm_gym.games.household import refusals, tasks
from vlm_gym.games.household.problem import parse_problem
from vlm_gym.games.household.view import HouseholdView, view_of
from vlm_gym.games.household.world import HouseholdState, World
from vlm_gym.installation import install_hint

START_TIMEOUT_S: Final = 120.0  # 2 to 4 s on an idle machine, of which 1.5 s are imports
RESET_TIMEOUT_S: Final = 120.0  # 0.5 to 2 s on an idle machine
STEP_TIMEOUT_S: Final = 60.0  # 0.05 to 0.2 s on an idle machine
TEXTWORLD: Final = Program("TextWorld", Path(__file__).with_name("textworld_player.py"), "alfworld")

_NEEDED: Final = ("textworld", "alfworld")
_FIELDS: Final = ("pddl_domain", "grammar", "pddl_problem")
_TASK: Final = re.compile(r'Your task is to: ([^"]*)"')


@dataclass(frozen=True)
class _GameFile:
    """A game file as it was when it was read: its path, the texts that TextWorld plays, and the world in them."""

    path: Path
    texts: dict[str, str]
    world: World


class TextWorldGame(WorkerGame[_GameFile]):
    """A game being played by TextWorld, with the interface of `HouseholdGame` (see `Engine`).

    Texts, admissible commands and `is_won` are TextWorld's own, and `state` is read from its facts.

    Arguments:
        path: the game file, `game.tw-pddl`.
        start_timeout_s: how long to wait until the process has started, loaded the game and begun an episode.
        reset_timeout_s: how long to wait until a process that runs has begun another episode.
        step_timeout_s: how long to wait for the answer to a command.

    Raises ConfigError for a file that cannot be read, MissingDependencyError without TextWorld, and EngineError, here
    and in every method that plays, if the process dies, hangs or fails. The next call then starts a new one.
    """

    program: ClassVar[Program] = TEXTWORLD

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        start_timeout_s: float = START_TIMEOUT_S,
        reset_timeout_s: float = RESET_TIMEOUT_S,
        step_timeout_s: float = STEP_TIMEOUT_S,
    ) -> None:
        _check_installed()
        super().__init__(Timeouts(start_timeout_s, reset_timeout_s, step_timeout_s))
        self.load(path)

    def load(self, path: str | os.PathLike[str]) -> str:
        """Begin another game in the same process, which saves its start, and return the introduction."""
        return self._begin(_read_game(Path(path)))

    def refusal(self, command: str) -> str | None:
        """Return the rule that a command would break now, in words, or None if it is admissible."""
        command = command.strip()
        if command in self.admissible:
            return None
        broken = refusals.refusal(self.world, self.state, command)
        return broken or f"{command[:80]!r} is not possible here and now"

    def view(self) -> HouseholdView:
        """Return what the player sees."""
        return view_of(self.world, self.state)

    @property
    def world(self) -> World:
        """What never changes in this game."""
        return self._file.world

    @property
    def progress(self) -> float:
        """The share of the goal's conditions that hold, 1.0 exactly when the game is won."""
        return tasks.progress(self.world, self.state)

    @property
    def is_stuck(self) -> bool:
        """Whether the game cannot be won any more."""
        return tasks.is_stuck(self.world, self.state)

    def _request_of(self, file: _GameFile) -> Any:
        return file.texts

    def _path_of(self, file: _GameFile) -> Path:
        return file.path

    def _enter(self, file: _GameFile, answer: dict[str, Any]) -> None:
        self._facts = FactReader(file.world, answer["facts"])

    def _take(self, answer: dict[str, Any]) -> None:
        self.state: HouseholdState = self._facts.state(answer["facts"])
        self.feedback: str = answer["feedback"]
        self.admissible: tuple[str, ...] = tuple(answer["admissible"])
        self.is_won: bool = answer["won"]

    def _where(self, answer: dict[str, Any]) -> Hashable:
        return tuple(answer["admissible"]), self._facts.state(answer["facts"])


def _check_installed() -> None:
    for package in _NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(f"TextWorld is missing (no {package}): {install_hint('alfworld')}")


def _read_game(path: Path) -> _GameFile:
    """Read a game file, whatever its rules and sentences are."""
    try:
        texts = _read_texts(path)
        task = _TASK.search(texts["grammar"])
        return _GameFile(path, texts, parse_problem(texts["pddl_problem"], task[1] if task else ""))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"the game file {str(path)!r} cannot be played: {error}") from error


def _read_texts(path: Path) -> dict[str, str]:
    data = json.loads(path.read_text(encoding="utf-8"))
    fields = data if isinstance(data, dict) else {}
    texts = {name: fields[name] for name in _FIELDS if isinstance(fields.get(name), str)}
    if len(texts) != len(_FIELDS):
        raise ConfigError(f"expected a JSON object with the texts {', '.join(_FIELDS)}")
    return texts
