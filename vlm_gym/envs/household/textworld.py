"""The original engine: ALFWorld's games played by TextWorld itself, in a process of its own.

About a thousand times slower than `HouseholdGame`, and its reference. It also plays game files with other rules or
sentences. TextWorld evaluates expressions of the game file: play only files that you trust.
"""

import importlib.util
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from vlm_gym.envs.household.engine import EngineError
from vlm_gym.envs.household.textworld_facts import FactReader
from vlm_gym.envs.household.textworld_process import Answer, Question, TextWorldProcess
from vlm_gym.errors import ConfigError, MissingDependencyError
from vlm_gym.games.household import refusals, tasks
from vlm_gym.games.household.problem import parse_problem
from vlm_gym.games.household.view import HouseholdView, view_of
from vlm_gym.games.household.world import HouseholdState, World
from vlm_gym.installation import install_hint

START_TIMEOUT_S: Final = 120.0  # 2 to 4 s on an idle machine, of which 1.5 s are imports
STEP_TIMEOUT_S: Final = 60.0  # 0.05 to 0.2 s on an idle machine
MAX_TIMEOUT_S: Final = 24 * 3600.0
MAX_COMMAND_LENGTH: Final = 1000  # no longer command is admissible in any game

_NEEDED: Final = ("textworld", "alfworld")
_FIELDS: Final = ("pddl_domain", "grammar", "pddl_problem")
_TASK: Final = re.compile(r'Your task is to: ([^"]*)"')


@dataclass(frozen=True)
class _GameFile:
    """A game file as it was when it was read: its path, the texts that TextWorld plays, and the world in them."""

    path: Path
    texts: dict[str, str]
    world: World


class TextWorldGame:
    """A game being played by TextWorld, with the interface of `HouseholdGame` (see `Engine`).

    Texts, admissible commands and `is_won` are TextWorld's own, and `state` is read from its facts. A process plays one
    game; `load` goes on with another one in the same process. Copies and pickles start a process of their own, and play
    the commands of the episode again there, at their next step.

    Arguments:
        path: the game file, `game.tw-pddl`.
        start_timeout_s: how long to wait until the process has started, loaded the game and begun an episode.
        step_timeout_s: how long to wait for the answer to a command.

    Raises ConfigError for a file that cannot be read, MissingDependencyError without TextWorld, and EngineError, here
    and in every method that plays, if the process dies, hangs or fails. The next call then starts a new one.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        start_timeout_s: float = START_TIMEOUT_S,
        step_timeout_s: float = STEP_TIMEOUT_S,
    ) -> None:
        _check_installed()
        self._start_timeout_s = _check_timeout("start_timeout_s", start_timeout_s)
        self._step_timeout_s = _check_timeout("step_timeout_s", step_timeout_s)
        self._process: TextWorldProcess | None = None
        self.load(path)

    def load(self, path: str | os.PathLike[str]) -> str:
        """Begin another game in the same process, which saves its start, and return the introduction."""
        return self._begin(_read_game(Path(path)))

    def reset(self) -> str:
        """Go back to the start and return the introduction: the receptacles of the room and the task."""
        return self._begin(self._file)

    def step(self, command: str) -> str:
        """Play a command and return the feedback: "Nothing happens." and no change if it is not admissible."""
        command = command.strip()[:MAX_COMMAND_LENGTH]
        answer = self._play(command)
        if command in self.admissible:
            self._commands.append(command)
        self._take(answer)
        return self.feedback

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

    def close(self) -> None:
        """End the process. Playing on afterwards starts another one."""
        if self._process is not None:
            self._process.close()
        self._process = None

    def __enter__(self) -> "TextWorldGame":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_process": None, "_commands": list(self._commands)}

    def _begin(self, file: _GameFile) -> str:
        answer = self._start(file)
        facts = FactReader(file.world, answer.facts)
        self._commands: list[str] = []
        self._file, self._facts = file, facts
        self._take(answer)
        return self.feedback

    def _start(self, file: _GameFile) -> Answer:
        """Begin an episode in the running process, or in a new one."""
        if self._process is None or not self._process.is_open:
            self._process = TextWorldProcess()
        about = f"start {str(file.path)!r}"
        return self._process.ask(Question({"game": file.texts}, about, self._start_timeout_s, "start_timeout_s"))

    def _play(self, command: str) -> Answer:
        if self._process is None or not self._process.is_open:
            self._replay()
        return self._ask_to_play(command)

    def _replay(self) -> None:
        """Bring a new process to where this game is: after a copy, a close, or a failure."""
        answer = self._start(self._file)
        for command in self._commands:
            answer = self._ask_to_play(command)
        if (answer.admissible, self._facts.state(answer.facts)) != (self.admissible, self.state):
            self.close()
            raise EngineError(
                f"{len(self._commands)} commands, played again in {str(self._file.path)!r}, led elsewhere"
            )

    def _ask_to_play(self, command: str) -> Answer:
        assert self._process is not None  # noqa: S101 - callers start it
        about = f"play {command[:80]!r} in {str(self._file.path)!r}"
        return self._process.ask(Question({"command": command}, about, self._step_timeout_s, "step_timeout_s"))

    def _take(self, answer: Answer) -> None:
        self.state: HouseholdState = self._facts.state(answer.facts)
        self.feedback = answer.feedback
        self.admissible = answer.admissible
        self.is_won = answer.is_won


def _check_installed() -> None:
    for package in _NEEDED:
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(f"TextWorld is missing (no {package}): {install_hint('alfworld')}")


def _check_timeout(name: str, timeout_s: float) -> float:
    if isinstance(timeout_s, (int, float)) and 0 < timeout_s <= MAX_TIMEOUT_S:
        return timeout_s
    raise ConfigError(f"{name} must be a number of seconds up to {MAX_TIMEOUT_S:g}, got {timeout_s!r}")


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
