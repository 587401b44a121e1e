"""Run the quick tests with the newest release of everything, and say in one line what came out: `make newest`.

The upper bounds of setup.cfg do not count here, so that a release that breaks something is seen on the day it appears.
Where nothing is newer than the lock, no test is run: `make test` runs them with the very same versions.
"""

import argparse
import configparser
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from subprocess import CalledProcessError

ROOT = Path(__file__).parents[1]
SETUP, LOCK = ROOT / "setup.cfg", ROOT / "requirements" / "all.txt"
REPORT = "newest.json"
PIP_INSTALL = ("-m", "pip", "--disable-pip-version-check", "--quiet", "install")
EXTRAS = ("eval", "data", "ray", "alfworld", "train", "cnn", "test")
OPTIONS = ("-n", "auto", "--maxschedchunk", "4", "-q", "-rfE", "-m", "not slow")
SETTINGS = {
    "COLUMNS": "200",  # pytest says why a test failed as far as the line goes
    "HYPOTHESIS_PROFILE": "explore",  # random examples, here where a failure stops nobody
}
MOST_FAILURES = 60  # lines that are shown of them
LINES_OF_A_CRASH = 20
TO_SUM_UP = 20  # seconds that pytest has to say what it found, once it is told to end
COUNTS = re.compile(r"\d+ (passed|failed|error|skipped|deselected)|no tests ran")  # in pytest's last line
UPPER_BOUND = re.compile(r"(<=?|==)[^,]+,?")


class TooLongError(Exception):
    """There is no time left."""


def main() -> int:
    """Return the exit status: 0 if all tests pass."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=Path(".venv-newest"), help="the environment, made anew")
    parser.add_argument("--torch", required=True, help="torch alone is not the newest, but this one: a large download")
    parser.add_argument("--minutes", type=float, required=True, help="the time for installing and testing together")
    arguments = parser.parse_args()
    deadline = time.monotonic() + 60 * arguments.minutes
    python = python_of(arguments.venv)
    try:
        succeed(resolving(arguments.venv, python, arguments.torch), deadline)
        newer = newer_than_the_lock(arguments.venv / REPORT)
        if not newer:
            return verdict("nothing is newer than the lock, which `make test` runs the tests with", [])
        succeed(installing(python, arguments.torch), deadline)
    except CalledProcessError as error:
        return verdict("it cannot be installed", [" ".join(error.cmd), *error.output.splitlines()])
    except TooLongError as error:
        return verdict(f"no verdict within {arguments.minutes:g} minutes", str(error).splitlines()[-LINES_OF_A_CRASH:])
    try:
        status, output = run(python, "-m", "pytest", *OPTIONS, deadline=deadline, last_words=TO_SUM_UP)
        end = ""
    except TooLongError as error:  # what ran until then is told all the same
        status, output, end = 0, str(error), f" of {arguments.minutes:g} minutes, then the time was over"
    lines = output.splitlines() or ["pytest said nothing"]
    failures = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    if (status and not failures) or not COUNTS.search(lines[-1]):
        failures = lines[-LINES_OF_A_CRASH:]
    return verdict(f"{lines[-1].strip('= ')}{end}; newer than the lock: {', '.join(newer)}", failures)


def python_of(venv: Path) -> str:
    """Return the environment's interpreter."""
    return str(venv / "bin" / "python")


def resolving(venv: Path, python: str, torch: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands that make an empty environment, and write down the newest of everything into its `REPORT`."""
    yield sys.executable, "-m", "venv", "--clear", str(venv)
    yield python, *PIP_INSTALL, "--dry-run", "--report", str(venv / REPORT), *newest_packages(torch)


def installing(python: str, torch: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands that install the newest of everything, and this package."""
    yield python, *PIP_INSTALL, "--upgrade", "pip", "setuptools", "wheel", torch
    yield python, *PIP_INSTALL, "--upgrade", *newest_packages(torch)
    yield python, *PIP_INSTALL, "--no-build-isolation", "--no-deps", "-e", "."


def newest_packages(torch: str) -> list[str]:
    """Return what pip is asked for."""
    return [*newest_requirements(SETUP.read_text(encoding="utf-8")), torch]


def newest_requirements(setup: str) -> list[str]:
    """Return what setup.cfg requires without its upper bounds, but for torch."""
    config = configparser.ConfigParser()
    config.read_string(setup)
    lists = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in EXTRAS)]
    lines = {line for text in lists for line in text.split("\n") if line and not line.startswith("torch>")}
    return sorted(UPPER_BOUND.sub("", line).rstrip(",") for line in lines)


def newer_than_the_lock(report: Path) -> list[str]:
    """Return what pip would install in another version than the lock's: "name==version"."""
    locked = defaultdict(set)
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition(" ")[0].partition("==")
        locked[name].add(version)
    found = [package["metadata"] for package in json.loads(report.read_text(encoding="utf-8"))["install"]]
    pins = [(re.sub("[-_.]+", "-", one["name"]).lower(), one["version"].partition("+")[0]) for one in found]
    return sorted(f"{name}=={version}" for name, version in pins if name in locked and version not in locked[name])


def succeed(commands: Iterable[tuple[str, ...]], deadline: float) -> None:
    """Run one command after the other.

    Raises:
        CalledProcessError: if one fails.
    """
    for command in commands:
        status, output = run(*command, deadline=deadline)
        if status:
            raise CalledProcessError(status, command, output)


def run(*command: str, deadline: float, last_words: float = 0) -> tuple[int, str]:
    """Run a command and return its exit status and output.

    When the time is over it is interrupted, has `last_words` seconds to sum up, and ends with all its children.

    Raises:
        TooLongError: if the time was over; with the command and what it had said.
    """
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | SETTINGS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired as error:
            process.send_signal(signal.SIGINT)
            try:
                said, _ = process.communicate(timeout=last_words)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                said, _ = process.communicate()
            raise TooLongError(f"{' '.join(command)[:100]}\n{said}") from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, output


def verdict(words: str, failures: list[str]) -> int:
    """Print the failures, then the verdict."""
    for line in failures[:MOST_FAILURES]:
        print(line)
    if len(failures) > MOST_FAILURES:
        print(f"... and {len(failures) - MOST_FAILURES} more")
    print(f"newest: {words}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
