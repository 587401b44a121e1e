"""Run the quick tests with the newest release of everything, and say in one line what came out: `make newest`.

The upper bounds of setup.cfg do not count here, so that a release that breaks something is seen on the day it appears.
"""

import argparse
import configparser
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETUP = ROOT / "setup.cfg"
EXTRAS = ("eval", "data", "ray", "alfworld", "train", "cnn", "test")
OPTIONS = ("-n", "auto", "--maxschedchunk", "4", "-q", "-rfE", "-m", "not slow")
SETTINGS = {
    "COLUMNS": "200",  # pytest says why a test failed as far as the line goes
    "HYPOTHESIS_PROFILE": "explore",  # random examples, here where a failure stops nobody
}
MOST_FAILURES = 60  # lines that are shown of them
LINES_OF_A_CRASH = 20
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
        for command in installing(arguments.venv, python, arguments.torch):
            status, output = run(*command, deadline=deadline)
            if status:
                return verdict("it cannot be installed", [" ".join(command), *output.splitlines()])
        newer = ", ".join(newer_than_the_lock(python, deadline)) or "nothing"
        status, output = run(python, "-m", "pytest", *OPTIONS, deadline=deadline)
    except TooLongError as error:
        return verdict(f"no verdict within {arguments.minutes:g} minutes", str(error).splitlines()[-LINES_OF_A_CRASH:])
    lines = output.splitlines() or ["pytest said nothing"]
    failures = [line for line in lines if line.startswith(("FAILED ", "ERROR "))] or lines[-LINES_OF_A_CRASH:]
    return verdict(f"{lines[-1].strip('= ')}; newer than the lock: {newer}", failures if status else [])


def python_of(venv: Path) -> str:
    """Return the environment's interpreter."""
    return str(venv / "bin" / "python")


def installing(venv: Path, python: str, torch: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands that install the newest of everything into an empty environment."""
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    yield sys.executable, "-m", "venv", "--clear", str(venv)
    yield *pip, "--upgrade", "pip", "setuptools", "wheel", torch
    yield *pip, "--upgrade", *newest_requirements(SETUP.read_text(encoding="utf-8")), torch
    yield *pip, "--no-build-isolation", "--no-deps", "-e", "."


def newest_requirements(setup: str) -> list[str]:
    """Return what setup.cfg requires without its upper bounds, but for torch."""
    config = configparser.ConfigParser()
    config.read_string(setup)
    lists = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in EXTRAS)]
    lines = {line for text in lists for line in text.split("\n") if line and not line.startswith("torch>")}
    return sorted(UPPER_BOUND.sub("", line).rstrip(",") for line in lines)


def newer_than_the_lock(python: str, deadline: float) -> list[str]:
    """Return which of the required packages are installed in a version that is nowhere in the lock."""
    lines = (ROOT / "requirements" / "all.txt").read_text(encoding="utf-8").splitlines()
    locked = {line.split(" ")[0] for line in lines}
    names = {re.split(r"[\[<>=]", line)[0] for line in newest_requirements(SETUP.read_text(encoding="utf-8"))}
    _, frozen = run(python, "-m", "pip", "list", "--format=freeze", deadline=deadline)
    pins = [line.lower().replace("_", "-") for line in frozen.splitlines()]
    return [pin for pin in pins if pin.split("==")[0] in names and pin not in locked]


def run(*command: str, deadline: float) -> tuple[int, str]:
    """Run a command and return its exit status and output. When the time is over it and its children end."""
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
            os.killpg(process.pid, signal.SIGKILL)
            raise TooLongError(f"{' '.join(command)[:100]}\n{process.communicate()[0]}") from error
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
