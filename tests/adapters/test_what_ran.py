"""The table of docs/adapters.md: what `make adapters` writes, and what it must hold."""

import configparser
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "requirements" / "adapters.py"
WRITER = runpy.run_path(str(SCRIPT))
PAGE = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")
SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ADAPTERS = re.search(r"^ADAPTERS \?= (.*)$", MAKEFILE, re.MULTILINE)[1].split()


def table():
    return PAGE.split(WRITER["BEGIN"])[1].split(WRITER["END"])[0]


def test_every_adapter_has_a_line_and_each_line_the_form():
    lines = table().strip().splitlines()[2:]
    matches = [WRITER["ROW"].fullmatch(line) for line in lines]
    assert all(matches), lines
    assert [match[1] for match in matches] == sorted(ADAPTERS)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_line_names_the_packages_of_the_extra_in_versions_of_the_lock(name):
    (line,) = (match for match in WRITER["ROW"].finditer(table()) if match[1] == name)
    ran = dict(each.split(" ") for each in line[2].split(", "))
    lock = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    named = [re.match(r"[\w-]+", each)[0] for each in SETUP["options.extras_require"][name].split()]
    assert list(ran) == named
    for package, version in ran.items():
        assert re.search(rf"^{package}=={re.escape(version.split('+')[0])}\b", lock, re.MULTILINE), "make adapters"


def environment(folder, name="gem", failures=0, package="gem_llm-7.7.dist-info"):
    site = folder / f"{name}-123" / "lib" / "python3.12" / "site-packages" / package
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: Gem_LLM\nVersion: 7.7\n", encoding="utf-8")
    (folder / f"{name}-123" / "pyvenv.cfg").write_text("home = x\nversion = 3.12.9\n", encoding="utf-8")
    counts = f'errors="0" failures="{failures}" skipped="1" tests="6" timestamp="2031-02-03T04:05:06.7+00:00"'
    (folder / f"{name}-123" / "ran.xml").write_text(f"<testsuites><testsuite {counts}/></testsuites>", encoding="utf-8")


def write(folder, page):
    command = [sys.executable, str(SCRIPT), str(folder), "--page", str(page)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_it_writes_what_ran_and_keeps_the_other_lines(tmp_path):
    environment(tmp_path)
    page = tmp_path / "page.md"
    other = "| `other` | other 1 | 3.11.7 | 3 | 2026-01-02 |"
    page.write_text(f"# Title\n\n{WRITER['BEGIN']}\n{other}\n{WRITER['END']}\n\nThe rest.\n", encoding="utf-8")
    assert write(tmp_path, page).returncode == 0
    text = page.read_text(encoding="utf-8")
    assert "| `gem` | gem-llm 7.7 | 3.12.9 | 5 | 2031-02-03 |\n" + other in text
    assert text.startswith("# Title\n\n<!--")
    assert text.endswith("\n\nThe rest.\n")
    assert write(tmp_path, page).returncode == 0
    assert page.read_text(encoding="utf-8") == text


def test_what_failed_is_not_written(tmp_path):
    environment(tmp_path, failures=2)
    page = tmp_path / "page.md"
    page.write_text(f"{WRITER['BEGIN']}{WRITER['END']}", encoding="utf-8")
    done = write(tmp_path, page)
    assert done.returncode == 1
    assert "the tests of gem did not pass: 2 failed, 3 passed" in done.stderr
    assert page.read_text(encoding="utf-8") == f"{WRITER['BEGIN']}{WRITER['END']}"


def test_ci_runs_the_light_ones_and_rewrites_nothing():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    ran = " ".join(re.findall(r"^ *make (test-.*?)(?: #.*)?$", ci, re.MULTILINE)).split()
    assert {"test-inspect", "test-openenv", "test-skyrl", "test-gem"} <= set(ran)
    assert "make adapters" not in re.sub("#.*", "", ci)
    assert "stable-baselines3" in (ROOT / "requirements" / "train.txt").read_text(encoding="utf-8")
    assert "make train" in ci, "whose environment runs examples/sb3_*.py"
