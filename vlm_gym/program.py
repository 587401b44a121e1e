"""What our programs do from their first moment: Ctrl-C, a closed pipe, a terminal that lacks a character.

A program is `vlm-gym`, or a module of this package or of baselines/ that is run with `python -m`. Python imports the
package, which takes a second or more, before it runs a program's first line; so this module looks as it is imported
whether one of ours is starting, and only then takes Ctrl-C and uncaught errors over. Elsewhere it changes nothing.
"""

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final

COMMAND: Final = "vlm-gym"
PACKAGES: Final = ("vlm_gym", "baselines")
ADAPTERS: Final = "vlm_gym.adapters."  # each has an extra of its name
INTERRUPTED: Final = 128 + signal.SIGINT  # the exit status after Ctrl-C, as shells have it
FAILED: Final = 2
SAFE: Final = ("replace", "backslashreplace", "xmlcharrefreplace", "namereplace", "ignore")
"""The ways of Python to write what an encoding lacks that never raise."""

unfinished: Final[set[Path]] = set()
"""Files that are being written and must not stay if this process ends now."""
_running: Final[list[str]] = []  # the names of what `run` runs


def run(name: str, command: Callable[[], int | None]) -> int:
    """Run a program to its end and return its exit status: the command's own, 0 for None, 130 after Ctrl-C.

    Whatever the environment does to it gets one line on stderr: a mistake of the user (2), an error of the disk (2),
    Ctrl-C (130). A reader that has gone, such as `head`, gets none. SystemExit is passed on.

    Args:
        name: The program's, for these lines.
        command: What it does.
    """
    with contextlib.ExitStack() as replaced:
        _prepare_streams(replaced)
        return _run(name, command)


def stopped(name: str, advice: str = "") -> int:
    """Say that Ctrl-C was pressed, on a line of its own, and what to do now; return the exit status."""
    after = "\n" if sys.stderr.isatty() else ""  # the terminal has written ^C there
    _say(f"{after}{name}: stopped" + (f"; {advice}" if advice else ""))
    return INTERRUPTED


def name_of_program(argv: Sequence[str], orig_argv: Sequence[str]) -> str | None:
    """Return which program of ours is starting, None for another one.

    Args:
        argv: `sys.argv`; its first word is "-m" for as long as Python looks for the module that it will run.
        orig_argv: `sys.orig_argv`, the whole command line of Python.
    """
    if not argv:
        return None
    if argv[0] != "-m":
        return COMMAND if Path(argv[0]).stem in (COMMAND, f"{COMMAND}-script") else None
    word = orig_argv[len(orig_argv) - len(argv)]
    module = word.partition("m")[2] if word.startswith("-") else word  # python -mvlm_gym
    if module.partition(".")[0] not in PACKAGES:
        return None
    return COMMAND if module == PACKAGES[0] else module


def _run(name: str, command: Callable[[], int | None]) -> int:
    from vlm_gym.errors import VlmGymError

    _running.append(name)
    try:
        return _flushed(command)
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return stopped(name)
    except (VlmGymError, OSError) as error:
        _say(f"{name}: {error}")
        return FAILED
    finally:
        _running.pop()
        _drop_broken_output()


def _flushed(command: Callable[[], int | None]) -> int:
    """Run it, and write all its output while an error can still be told."""
    try:
        status = command() or 0
    except SystemExit:  # --help, or a mistake in the arguments
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
        raise
    sys.stdout.flush()
    return status


def _prepare_streams(replaced: contextlib.ExitStack) -> None:
    """Let output replace what its encoding lacks, and input what it cannot read; what has no stream goes nowhere."""
    if sys.stdout is None or sys.stderr is None:
        nowhere = replaced.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        replaced.enter_context(contextlib.redirect_stdout(sys.stdout or nowhere))
        replaced.enter_context(contextlib.redirect_stderr(sys.stderr or nowhere))
    for stream in (sys.stdout, sys.stderr, sys.stdin):
        if not isinstance(stream, io.TextIOWrapper) or stream.errors in SAFE:
            continue
        try:
            stream.reconfigure(errors="replace")
        except io.UnsupportedOperation:  # it has been read from
            continue


def _drop_broken_output() -> None:
    """Send what cannot be written nowhere: at its end Python would try it again, and show a traceback."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # noqa: PERF203
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # its reader may have gone too
        print(text, file=sys.stderr)  # noqa: T201


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Take Ctrl-C: raise KeyboardInterrupt where `run` catches it, else end this process.

    It does so during imports too, where the exception might be lost, or shown by the C code that it comes upon.
    """
    if _running and not _is_importing(frame):
        raise KeyboardInterrupt
    for path in unfinished:
        path.unlink(missing_ok=True)
    os.write(2, f"{PROGRAM}: stopped\n".encode())
    os._exit(128 + number)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell of an error that nothing caught: in one line if it is the environment's, else as Python does."""
    from vlm_gym.errors import VlmGymError

    if isinstance(error, VlmGymError):
        _say(f"{PROGRAM}: {error}")
    elif isinstance(error, ImportError) and (error.name or "").partition(".")[0] not in PACKAGES:
        _say(f"{PROGRAM}: {_what_to_install(error)}")
    else:
        sys.__excepthook__(kind, error, trace)
        return
    sys.exit(FAILED)  # Python ends with it as from any other place


def _what_to_install(error: ImportError) -> str:
    from vlm_gym.installation import install_hint

    package = (error.name or "a package").partition(".")[0]
    return f"{package} is missing or damaged ({error}): {install_hint(extra_of(str(PROGRAM)))}"


def extra_of(program: str | None) -> str:
    """Return the extra that a program needs for its imports."""
    if program == "baselines.cnn_ppo":
        return "cnn"
    if program is not None and program.startswith(ADAPTERS):
        return program.removeprefix(ADAPTERS)
    is_of_vlm_gym = program is not None and program.startswith((COMMAND, PACKAGES[0]))
    return "" if is_of_vlm_gym else "train"


PROGRAM: Final = name_of_program(sys.argv, sys.orig_argv)
"""Which program of ours this process is, None for another one."""

if PROGRAM is not None:
    sys.excepthook = _tell
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else somebody wants it otherwise, as nohup does
        signal.signal(signal.SIGINT, _interrupt)
