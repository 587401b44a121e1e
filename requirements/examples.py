"""Run the examples with the packages that they show, each in an environment of its own: `make examples`.

An environment is made from requirements/examples/NAME.txt and torch, kept under a name that holds a hash of what it was
made from, and used again as long as that has not changed.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LISTS = ROOT / "requirements" / "examples"
FINISHED = "finished"
TESTING = ("pytest>=8", "hypothesis>=6.100")
SETTINGS = {"OMP_NUM_THREADS": "1"}  # several threads for small networks cost more than they bring


def main() -> int:
    """Return the exit status: 0 if all examples ran."""
    names = sorted(path.stem for path in LISTS.glob("*.txt"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"only these of {', '.join(names)}")
    parser.add_argument("--folder", type=Path, default=Path(".venv-examples"), help="where the environments are kept")
    parser.add_argument("--torch", default="torch", help="which torch, as pip takes it")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(names))
    if unknown:
        parser.error(f"there is no example {', '.join(unknown)}; there are {', '.join(names)}")
    failed = []
    for name in arguments.names or names:
        print(f"== {name}", flush=True)
        venv = venv_of(name, arguments.folder, arguments.torch)
        if not (install(name, venv, arguments.torch) and test(name, venv)):
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all examples ran")
    return len(failed) > 0


def install(name: str, venv: Path, torch: str) -> bool:
    """Make the environment, unless it is there; others of the same example, made from something else, are removed."""
    if (venv / FINISHED).exists():
        return True
    for old in venv.parent.glob(f"{name}-*"):
        shutil.rmtree(old)
    pip = (str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install")
    commands = (
        (sys.executable, "-m", "venv", str(venv)),
        (*pip, torch),  # first: what asks for any torch keeps this one
        (*pip, *TESTING, "-r", str(LISTS / f"{name}.txt"), "-e", str(ROOT)),
    )
    if any(subprocess.run(command, check=False).returncode for command in commands):
        return False
    (venv / FINISHED).touch()
    return True


def test(name: str, venv: Path) -> bool:
    """Run the tests of one example in its environment."""
    python = str(venv / "bin" / "python")
    command = (python, "-m", "pytest", "-q", "-rs", "-k", f"{name}_", "tests/examples")
    environ = {**os.environ, **SETTINGS, "VLM_GYM_EXAMPLE": name}  # a package that is missing there fails its test
    return subprocess.run(command, cwd=ROOT, env=environ, check=False).returncode == 0


def venv_of(name: str, folder: Path, torch: str) -> Path:
    """Return the folder of an environment, named after all that it is made from."""
    made_from = "\n".join(
        (
            sys.version,
            torch,
            *TESTING,
            *(path.read_text(encoding="utf-8") for path in (LISTS / f"{name}.txt", ROOT / "setup.cfg")),
        )
    )
    return (folder / f"{name}-{hashlib.sha256(made_from.encode()).hexdigest()[:12]}").absolute()


if __name__ == "__main__":
    sys.exit(main())
