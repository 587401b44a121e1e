"""What a newcomer's `make` installs is what the lock says: read from what make would run, target by target."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.search(r"\.PHONY: (.*?)\n\n", MAKEFILE, re.DOTALL)[1].replace("\\\n", "").split()
PAGE = ROOT / "docs" / "development.md"
LEAVES_THE_LOCK = {  # which is what they are for
    "adopted", "examples", "lock", "newest", "test-oldest", "test-oldest-trainer",
}  # fmt: skip
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
LOCKED = re.compile(r"(--no-build-isolation )?-r requirements/(\w+)\.txt")
PROJECT = "--no-build-isolation --no-deps -e ."
INSTALLERS = re.compile(r"\b(pip\d?|uv|uvx|pipx|conda|mamba|poetry|easy_install|setup\.py)\b")

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.mark.parametrize("target", sorted(set(TARGETS) - LEAVES_THE_LOCK))
def test_a_target_installs_only_from_the_lock(target, tmp_path):
    assert unlocked(MAKEFILE, target, tmp_path) == []


@pytest.mark.parametrize("target", ["demo", "test", "check", "train", "alfworld"])
def test_the_lock_is_what_it_installs_from(target, tmp_path):
    group = {"check": "dev"}.get(target, target)
    assert f"-r requirements/{group}.txt" in " ".join(commands(MAKEFILE, target, tmp_path))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" -r requirements/$*.txt", " '.[eval,$*]'"),
        (" -r requirements/$*.txt", " -r requirements/$*.txt rich"),
        (" -r requirements/$*.txt", " -U -r requirements/$*.txt"),
        (" -r requirements/$*.txt", " -r requirements/$*.txt --pre"),
        (" -r requirements/$*.txt", " -r requirements/$*.txt -r more.txt"),
        (" -r requirements/$*.txt", " -r requirements/newest.txt"),
        (" -r requirements/$*.txt", " -r ../requirements/$*.txt"),
        (" -r requirements/$*.txt", " -c requirements/$*.txt -e '.[test]'"),
        (" --no-build-isolation -r", " -r"),
        (" --no-deps -e .", " -e ."),
        (" --no-build-isolation --no-deps -e .", " --no-deps -e ."),
        (" --no-deps -e .", " --no-deps -e . rich"),
        ("install -r requirements/build.txt", "install setuptools wheel"),
        ("install -r requirements/build.txt", "install --upgrade pip"),
        ("\t@touch $@", "\t$(PIP) install torch\n\t@touch $@"),
        ("\t@touch $@", "\ttrue && $(BIN)/pip install torch\n\t@touch $@"),
        ("\t@touch $@", "\ttest -e x || uv pip install torch\n\t@touch $@"),
        ("\t@touch $@", "\t$(BIN)/python setup.py develop\n\t@touch $@"),
        ("\t@touch $@", "\tif true; then pip3 install rich; fi\n\t@touch $@"),
        ("\t@touch $@", "\techo $$($(PIP) install rich)\n\t@touch $@"),
    ],
)
def test_what_would_leave_the_lock_is_seen(old, new, tmp_path):
    assert old in MAKEFILE
    assert unlocked(MAKEFILE.replace(old, new), "test", tmp_path)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_is_documented(target):
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `make ")]
    is_private = target in ("python-for-training", "clean", "help")
    assert is_private or any(f"`make {target}`" in row.split("|")[1] for row in rows)
    assert is_private or re.search(rf"make {target}\b", MAKEFILE.split("\nhelp:")[1].split("\n\n")[0])


def test_ci_installs_through_the_makefile_alone():
    lines = [line.split("#")[0] for line in CI.splitlines()]
    assert [
        line for line in lines if INSTALLERS.search(line) or re.search(r"\binstall\b(?!.*(chromium|xvfb))", line)
    ] == []


def unlocked(makefile, target, tmp_path):
    """Return what `make TARGET` would run to install, but for the lock's files and this project by itself."""
    return [command for command in commands(makefile, target, tmp_path) if not is_locked(command)]


def commands(makefile, target, tmp_path):
    """Return all that make would run in a fresh clone, one simple command each."""
    path = tmp_path / "Makefile"
    path.write_text(makefile, encoding="utf-8")
    command = ["make", "--dry-run", "--always-make", "--file", str(path), f"VENV={tmp_path / 'venv'}", target]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = ran.stdout.replace("\\\n", " ").splitlines()
    return [part.strip() for line in lines for part in re.split(r"[;&|()]+", line)]


def is_locked(command):
    if not INSTALLERS.search(command) and "install" not in command.split():
        return True
    words = shlex.split(command)
    if "install" not in words or words[1:3] != ["-m", "pip"]:
        return False
    said = " ".join(words[words.index("install") + 1 :])
    match = LOCKED.fullmatch(said)
    if match is None:
        return said == PROJECT
    return (ROOT / f"requirements/{match[2]}.txt").exists() and bool(match[1] or match[2] == "build")
