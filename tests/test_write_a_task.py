"""docs/write_a_task.md: the package on the page is built, installed into an environment of its own, and played."""

import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "write_a_task.md").read_text(encoding="utf-8")
FILES = dict(
    zip(("pyproject.toml", "lamps.py"), re.findall(r"```(?:toml|python)\n(.*?)```", PAGE, re.DOTALL), strict=True)
)
TASK = "lamps/Lamps-v0"


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Return a Python that has the page's package and this one, and borrows what both depend on."""
    folder = tmp_path_factory.mktemp("lamps")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env" / "bin" / "python"
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip())
    borrowed = [path for path in sys.path if path.endswith("-packages")]
    (site / "borrowed.pth").write_text("\n".join((str(ROOT), *borrowed)) + "\n")
    install = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "--quiet"]
    subprocess.run([*install, "--target", site, folder], check=True, cwd=folder)
    return python


def run(python, *words, status=0):
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([python, *words], capture_output=True, text=True, env=environ, cwd=python.parent)
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def gym(python, *words, **how):
    return run(python, "-m", "vlm_gym", *words, **how)


def test_the_page_goes_from_an_empty_file_to_a_task_in_under_a_hundred_lines():
    assert sum(text.count("\n") for text in FILES.values()) < 100


@pytest.mark.slow
def test_the_package_passes_the_contract(python):
    run(python, "-W", "error", "-c", f"from vlm_gym.testing import check_task; check_task({TASK!r})")


@pytest.mark.slow
def test_the_task_is_played_scored_reported_and_collected_by_its_id(python, tmp_path):
    assert re.search(rf"{TASK} +Discrete\(6\) +2 +\? +\? +count the lit lamps", gym(python, "list"))
    oracle, chance = tmp_path / "oracle", tmp_path / "random"
    for agent, folder in (("oracle", oracle), ("random", chance)):
        told = gym(python, "eval", "--agent", agent, "--task", TASK, "--episodes", "8", "--out", folder)
        assert re.search(rf"{TASK} +8 .* \? +100\.00 +\?", told)
    gym(python, "report", oracle, chance, "--out", tmp_path / "report.html")
    result = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert result["runs"][0]["summary"]["overall"]["success"]["value"] == 1.0
    words = ("collect", TASK, "--samples", "4", "--format", "llava")
    assert "nobody thinks aloud in LampsEnv" in gym(python, *words, "--out", tmp_path / "no", status=2)
    assert "4 samples" in gym(python, *words, "--cot", "none", "--out", tmp_path / "data")


@pytest.mark.slow
def test_a_name_that_is_nearly_the_packages_is_told(python):
    told = gym(python, "eval", "--agent", "random", "--task", "lamps/Lamp-v0", "--out", "x", status=2)
    assert f"Did you mean '{TASK}'?" in told
