"""Build what is published, the source archive and from it the wheel, and use both as others do, away from the checkout.

The archive is unpacked elsewhere, and tests that need no extra run there. The wheel is installed into an empty
environment, where every id is played: fonts and data must travel inside it. What it depends on comes in the versions
of requirements/all.txt. `twine check` reads both; mypy and pyright check a user's program against the wheel's types.

    python tests/wheel/check_wheel.py                    the check
    python tests/wheel/check_wheel.py --release v0.2.0   and leave both in dist/, for the release of this tag
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Iterable
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
TOOLS = ("twine==7.0.0", "mypy==2.4.1", "pyright[nodejs]==1.1.414")
TESTS = ("tests/games", "tests/parsers", "tests/test_api.py", "tests/test_readme.py", "tests/test_results.py")
USER = CHECKOUT / "tests" / "wheel" / "user_program.py"
PLAY = """
import gymnasium as gym, vlm_gym, sys
from pathlib import Path
assert Path(vlm_gym.__file__).is_relative_to(Path(sys.prefix)), vlm_gym.__file__
for task, entry in vlm_gym.TASKS.items():
    if entry.needs_data:
        continue
    for theme in ("classic", "night"):
        env = gym.make(task, theme=theme)
        env.action_space.seed(0)
        picture, info = env.reset(seed=0)
        turns, is_over = 0, False
        while not is_over:
            picture, reward, terminated, truncated, info = env.step(env.action_space.sample())
            turns, is_over = turns + 1, terminated or truncated
    print(f"{task}: {turns} turns, last reward {reward:+g}")
print("played from", vlm_gym.__file__)
"""


def run(*command: str, cwd: Path, **more: str) -> None:
    """Run a command without this checkout on the path; `more` are variables of its environment."""
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    subprocess.run(command, cwd=cwd, env={**environ, **more}, check=True)


def main() -> None:
    """Check both, and keep them for a release."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", metavar="TAG", help="the tag of a release, such as v0.2.0")
    release = parser.parse_args().release
    if release:
        check_release(release)
    with tempfile.TemporaryDirectory() as folder:
        away = Path(folder)
        source = build_source(away)
        wheel = build("--wheel", source, away)
        check_source(source)
        check_installed(wheel, away)
        check_published((wheel, *away.glob("*.tar.gz")), away)
        if release:
            (CHECKOUT / "dist").mkdir(exist_ok=True)
            for path in (wheel, *away.glob("*.tar.gz")):
                shutil.copy(path, CHECKOUT / "dist")
        print(f"{wheel.name}: {wheel.stat().st_size / 2**20:.2f} MiB")


def check_release(tag: str) -> None:
    """Exit unless the tag is that of the version, and the project has an address."""
    version = (CHECKOUT / "vlm_gym" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'"([^"]+)"\s*$', version)
    if found is None or tag != f"v{found[1]}":
        sys.exit(f"expected a tag that names the version, v{found and found[1]}, got {tag}")
    if f"## {tag[1:]}" not in (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"):
        sys.exit(f"expected a section ## {tag[1:]} in CHANGELOG.md")
    if not re.search(r"^repository = *\S", (CHECKOUT / "setup.cfg").read_text(encoding="utf-8"), re.MULTILINE):
        sys.exit("expected the repository's address in the section [home] of setup.cfg: links on an index need it")


def build(kind: str, source: Path, away: Path) -> Path:
    """Build an archive from a folder of sources; return it."""
    run(sys.executable, "-m", "build", kind, "--no-isolation", "--outdir", str(away), str(source), cwd=away)
    (made,) = away.glob("*.whl" if kind == "--wheel" else "*.tar.gz")
    return made


def build_source(away: Path) -> Path:
    """Build the source archive and unpack it; return the folder."""
    for left in (CHECKOUT / "build" / "lib", *(CHECKOUT / "build").glob("bdist.*")):  # of an earlier build
        shutil.rmtree(left, ignore_errors=True)
    with tarfile.open(build("--sdist", CHECKOUT, away)) as archive:
        archive.extractall(away / "source", filter="data")
    (source,) = (away / "source").iterdir()
    return source


def check_source(source: Path) -> None:
    """Run tests of the unpacked archive, on the archive's own package."""
    pytest = (sys.executable, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider")
    run(*pytest, *TESTS, cwd=source, PYTHONPATH=str(source))


def check_installed(wheel: Path, away: Path) -> None:
    """Install the wheel into an empty environment, and play every id."""
    venv.create(away / "venv", with_pip=True)
    python = str(away / "venv" / "bin" / "python")
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--constraint", str(CHECKOUT / "requirements" / "all.txt"), str(wheel), cwd=away)
    run(python, "-c", PLAY, cwd=away)
    run(str(away / "venv" / "bin" / "vlm-gym"), "list", cwd=away)


def check_published(archives: Iterable[Path], away: Path) -> None:
    """Check how an index reads the archives, and what the types of the installed package say to a user's program."""
    programs = away / "venv" / "bin"
    run(str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *TOOLS, cwd=away)
    run(str(programs / "twine"), "check", "--strict", *map(str, archives), cwd=away)
    program = str(shutil.copy(USER, away))
    run(str(programs / "mypy"), "--strict", program, cwd=away)
    run(str(programs / "pyright"), "--pythonpath", str(programs / "python"), program, cwd=away)
    run(str(programs / "python"), program, cwd=away)


if __name__ == "__main__":
    main()
