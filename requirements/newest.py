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
from pathlib import Path

ROOT = Path(__file__).parents[1]
EXTRAS = ("eval", "data", "ray", "alfworld", "train", "cnn", "test")
MOST_FAILURES = 60  # lines of them that are shown
UPPER_BOUND = re.compile(r"(<=?|==)[^,]+,?")


class TooLongError(Exception):
    """There is no time left."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=Path(".venv-newest"), help="the environment, made anew")
    parser.add_argument("--torch", required=True, help="torch alone is not the newest, but this one: a large download")
    parser.add_argument("--minutes", type=float, default=60.0, help="the time for installing and testing together")
    arguments = parser.parse_args()
    deadline = time.monotonic() + 60 * arguments.minutes
    python = str(arguments.venv / "bin" / "python")
    try:
        if output := install(arguments.venv, python, arguments.torch, deadline):
            return verdict("it cannot be installed", output.splitlines()[-MOST_FAILURES:])
        status, output = run(
            python,
            "-m",
            "pytest",
            "-n",
            "auto",
            "--maxschedchunk",
            "4",
            "-m",
            "not slow",
            "-q",
            "-rfE",
            deadline=deadline,
        )
    except TooLongError as error:
        return verdict(f"no verdict within {arguments.minutes:g} minutes", str(error).splitlines()[-5:])
    newer = ", ".join(newer_than_the_lock(python, deadline)) or "nothing"
    lines = output.splitlines()
    failures = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return verdict(f"{lines[-1].strip('= ')}; newer than the lock: {newer}", failures if status else [])


def install(venv: Path, python: str, torch: str, deadline: float) -> str:
    """Install the newest of everything. Return what pip said if it could not."""
    pip = (python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    for command in (
        (sys.executable, "-m", "venv", "--clear", str(venv)),
        (*pip, "--upgrade", "pip", "setuptools", "wheel", torch),
        (*pip, "--upgrade", *newest_requirements((ROOT / "setup.cfg").read_text(encoding="utf-8")), torch),
        (*pip, "--no-build-isolation", "--no-deps", "-e", "."),
    ):
        status, output = run(*command, deadline=deadline)
        if status:
            return output
    return ""


def newest_requirements(setup: str) -> list[str]:
    """Return what setup.cfg requires without its upper bounds, but for torch."""
    config = configparser.ConfigParser()
    config.read_string(setup)
    lists = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in EXTRAS)]
    lines = {line for text in lists for line in text.split("\n") if line and not line.startswith("torch>")}
    return sorted(UPPER_BOUND.sub("", line).rstrip(",") for line in lines)


def newer_than_the_lock(python: str, deadline: float) -> list[str]:
    """Return which of the required packages have another version than any in the lock."""
    locked = (ROOT / "requirements" / "all.txt").read_text(encoding="utf-8")
    _, frozen = run(python, "-m", "pip", "list", "--format=freeze", deadline=deadline)
    names = {
        re.split(r"[\[<>=]", line)[0] for line in newest_requirements((ROOT / "setup.cfg").read_text(encoding="utf-8"))
    }
    pins = [line for line in frozen.splitlines() if line.split("==")[0].lower().replace("_", "-") in names]
    return [pin for pin in pins if not re.search(rf"^{re.escape(pin.lower().replace('_', '-'))}(\s|$)", locked, re.M)]


def run(*command: str, deadline: float) -> tuple[int, str]:
    """Run a command and return its exit status and output. When the time is over it and its children end."""
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
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
