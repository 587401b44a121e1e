"""A child process that plays the games of another program, asked over pipes, with a time limit on every answer.

Neither TextWorld nor AI2-THOR can play two games in one process, and the former evaluates expressions of the game file:
they stay out of ours. The child is a plain subprocess: the daemonic workers of `AsyncVectorEnv` may start those, but no
`multiprocessing` ones.
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from vlm_gym.envs.household.engine import EngineError
from vlm_gym.errors import MissingDependencyError
from vlm_gym.installation import install_hint

WORKER_FILE: Final = Path(__file__).with_name("worker.py")
EXIT_WAIT_S: Final = 10.0  # for a killed process to disappear
MAX_ERROR_LENGTH: Final = 1500
_READ_SIZE: Final = 1 << 16


@dataclass(frozen=True)
class Program:
    """A game's program: its name in words, the file of its player (`worker.py`), and the extra that it needs.

    `remedy` is what else to look at where it fails, as a sentence.
    """

    name: str
    player: Path
    extra: str
    remedy: str = ""


@dataclass(frozen=True)
class Question:
    """A request to a program: what it is about, in words for errors, and for how long to wait for the answer.

    `timeout_name` is the argument that the user can raise.
    """

    request: Mapping[str, Any]
    about: str
    timeout_s: float
    timeout_name: str


class WorkerProcess:
    """A process that plays one game at a time. It ends with `close`, with this object, or with its parent.

    It ends at any failure as well, an interrupted question included, so that no answer is ever taken for another's.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", str(WORKER_FILE), json.dumps(sys.path), str(program.player)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            env=_environment(),
            start_new_session=True,  # so that it ends with all that it starts
        )
        self._owner = os.getpid()
        self._finalizer = weakref.finalize(self, _end, self._process, self._errors, self._owner)
        os.set_blocking(_pipe(self._process.stdin).fileno(), False)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_open(self) -> bool:
        """Whether it can be asked: not closed, and not inherited by a fork, where two would talk to it at once."""
        return self._finalizer.alive and self._owner == os.getpid()

    def close(self) -> None:
        """End the process and free its pipes; doing so again is allowed."""
        self._finalizer()

    def ask(self, question: Question) -> dict[str, Any]:
        """Return the answer to a question.

        Raises EngineError if the process dies, gives none in time, or fails, MissingDependencyError without the extra.
        """
        deadline = time.monotonic() + question.timeout_s
        try:
            self._send(json.dumps(question.request).encode("ascii") + b"\n", deadline)
            return self._read(self._receive(deadline))
        except TimeoutError:
            raise self._failure(
                question,
                f"gave no answer within {question.timeout_s:g} s; its process is ended. "
                f"Raise {question.timeout_name}= on a slow or busy machine, or leave this game out",
            ) from None
        except (EOFError, BrokenPipeError):
            raise self._failure(
                question,
                f"died{self._how_it_ended()}. The next reset() or step() starts a new process; if that dies too, leave "
                "this game out",
            ) from None
        except EngineError as error:
            raise self._failure(question, f"failed: {error}") from None
        except BaseException:
            self.close()
            raise

    def _failure(self, question: Question, what: str) -> EngineError:
        self.close()
        remedy = f". {self._program.remedy}" if self._program.remedy else ""
        return EngineError(f"{self._program.name}, asked to {question.about}, {what}{remedy}")

    def _send(self, message: bytes, deadline: float) -> None:
        pipe = _pipe(self._process.stdin)
        while message:
            _wait(pipe, selectors.EVENT_WRITE, deadline)
            message = message[os.write(pipe.fileno(), message) :]

    def _receive(self, deadline: float) -> bytes:
        pipe, message = _pipe(self._process.stdout), b""
        while not message.endswith(b"\n"):
            _wait(pipe, selectors.EVENT_READ, deadline)
            chunk = os.read(pipe.fileno(), _READ_SIZE)
            if not chunk:
                raise EOFError
            message += chunk
        return message

    def _read(self, message: bytes) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(message)
        if "missing" in answer:
            raise MissingDependencyError(
                f"{self._program.name} is missing (no {answer['missing']}): {install_hint(self._program.extra)}"
            )
        if "error" in answer:
            raise EngineError(answer["error"].strip()[-MAX_ERROR_LENGTH:])
        return answer

    def _how_it_ended(self) -> str:
        """Say how the process ended and what it wrote last, as far as is known."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(EXIT_WAIT_S)
        code = self._process.returncode
        how = "" if code is None else f" with exit status {code}" if code >= 0 else f" of {_signal_name(-code)}"
        self._errors.seek(0)
        last_words = self._errors.read().decode(errors="replace").strip()[-MAX_ERROR_LENGTH:]
        return f"{how}, saying {last_words!r}" if last_words else how


def _environment() -> dict[str, str]:
    """Return the child's environment: one thread, and no folder made in the user's home by alfworld's import."""
    single = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return {"ALFWORLD_DATA": tempfile.gettempdir(), **os.environ, **single}


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101 - all are opened
    return pipe


def _wait(pipe: IO[bytes], event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise TimeoutError


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _end(process: "subprocess.Popen[bytes]", errors: IO[bytes], owner: int) -> None:
    """Free the pipes, and end the process and its own, unless this is a fork of the one that started it."""
    for file in (process.stdin, process.stdout, errors):
        if file is not None:
            file.close()
    if owner != os.getpid():
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):  # they have ended
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(EXIT_WAIT_S)
