"""What the engines share that play their games in a process of their own: start, replay, time limits, copies."""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Final, Generic, TypeVar

from vlm_gym.envs.household.engine import EngineError, Timeouts
from vlm_gym.envs.household.worker_process import Program, Question, WorkerProcess

MAX_COMMAND_LENGTH: Final = 1000  # no longer command is admissible in any game

FileT = TypeVar("FileT")


class WorkerGame(ABC, Generic[FileT]):
    """A game being played in a process of its own. A process plays one game; `load` goes on with another one in it.

    Copies and pickles start a process of their own, and play the commands of the episode again there, at their next
    step. EngineError comes from every method that plays if the process dies, hangs or fails; the next call then starts
    a new one.
    """

    program: ClassVar[Program]
    feedback: str
    admissible: tuple[str, ...]

    def __init__(self, timeouts: Timeouts) -> None:
        self._timeouts = timeouts
        self._process: WorkerProcess | None = None
        self._commands: list[str] = []

    @abstractmethod
    def _request_of(self, file: FileT) -> Any:
        """Return what the player is told to begin a game."""

    @abstractmethod
    def _path_of(self, file: FileT) -> Path:
        """Return the path of a game file, for errors."""

    @abstractmethod
    def _enter(self, file: FileT, answer: dict[str, Any]) -> None:
        """Take in a game that has begun, and the player's first answer."""

    @abstractmethod
    def _take(self, answer: dict[str, Any]) -> None:
        """Take in the answer to a command."""

    @abstractmethod
    def _where(self, answer: dict[str, Any]) -> Hashable:
        """Return what must be the same after a replay."""

    def reset(self) -> str:
        """Go back to the start and return the introduction: the receptacles of the room and the task."""
        return self._begin(self._file)

    def step(self, command: str) -> str:
        """Play a command and return the feedback: "Nothing happens." and no change if it is not admissible."""
        command = command.strip()[:MAX_COMMAND_LENGTH]
        answer = self._play(command)
        if command in self.admissible:
            self._commands.append(command)
        self._remember(answer)
        return self.feedback

    def close(self) -> None:
        """End the process. Playing on afterwards starts another one."""
        if self._process is not None:
            self._process.close()
        self._process = None

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_process": None, "_commands": list(self._commands)}

    def _begin(self, file: FileT) -> str:
        answer = self._start(file)
        self._enter(file, answer)
        self._file, self._commands = file, []
        self._remember(answer)
        return self.feedback

    def _remember(self, answer: dict[str, Any]) -> None:
        self._take(answer)
        self._last = self._where(answer)

    def _start(self, file: FileT) -> dict[str, Any]:
        """Begin an episode in the running process, or in a new one."""
        timeout_name = "reset_timeout_s"
        if self._process is None or not self._process.is_open:
            self._prepare()
            self._process = WorkerProcess(self.program)
            timeout_name = "start_timeout_s"
        return self._ask({"game": self._request_of(file)}, f"start {str(self._path_of(file))!r}", timeout_name)

    def _prepare(self) -> None:
        """Check what a new process needs, where that can be told beforehand."""

    def _play(self, command: str) -> dict[str, Any]:
        if self._process is None or not self._process.is_open:
            self._replay()
        return self._ask_to_play(command)

    def _replay(self) -> None:
        """Bring a new process to where this game is: after a copy, a close, or a failure."""
        answer = self._start(self._file)
        for command in self._commands:
            answer = self._ask_to_play(command)
        if self._where(answer) != self._last:
            self.close()
            path = str(self._path_of(self._file))
            raise EngineError(f"{len(self._commands)} commands, played again in {path!r}, led elsewhere")

    def _ask_to_play(self, command: str) -> dict[str, Any]:
        about = f"play {command[:80]!r} in {str(self._path_of(self._file))!r}"
        return self._ask({"command": command}, about, "step_timeout_s")

    def _ask(self, request: Any, about: str, timeout_name: str) -> dict[str, Any]:
        assert self._process is not None  # noqa: S101 - callers start it
        return self._process.ask(Question(request, about, getattr(self._timeouts, timeout_name), timeout_name))
