"""What the README and the pages in docs/ show is what happens."""

import doctest
import re
import shlex
from pathlib import Path

import pytest

from vlm_gym.cli import main
from vlm_gym.registration import TASKS
from vlm_gym.task_table import OWN_TASKS

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")
PAGES = {path.name: path for path in (README, *sorted((ROOT / "docs").glob("*.md")))}
SESSIONS = [name for name, path in PAGES.items() if "\n>>> " in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("name", SESSIONS)
def test_the_session_prints_what_it_says(name):
    text = PAGES[name].read_text(encoding="utf-8")
    session = "\n".join(re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE))
    test = doctest.DocTestParser().get_doctest(session, {}, name, str(PAGES[name]), 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", PAGES[name].read_text(encoding="utf-8"))
    assert [target for target in targets if "://" not in target and not (PAGES[name].parent / target).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_id_that_is_named_exists(name):
    text = PAGES[name].read_text(encoding="utf-8")
    names = set(re.findall(r"vlm_gym/[A-Za-z0-9-]+-v\d+", text))
    names |= {f"vlm_gym/{name}" for name in re.findall(r"`([A-Z][A-Za-z0-9-]+-v\d+)`", text)}
    assert names <= set(TASKS)


def share(value):
    """Return a share as the README's table has it."""
    percent = 100 * value
    return "under 0.1 %" if percent < 0.05 else f"{percent:.0f} %" if percent == 100 else f"{percent:.1f} %"


def test_the_table_of_the_readme_has_the_floors_and_ceilings():
    rows = re.findall(r"^\| `(vlm_gym/[^`]+)` \|[^|]*\| ([^|]*) \| ([^|]*) \|$", TEXT, flags=re.MULTILINE)
    known = [task.id for task in OWN_TASKS if task.best_success is not None]
    families = {name.partition("-v")[0].partition("-")[0] for name in known}
    assert {name.partition("-v")[0] for name, *_ in rows} == families
    assert rows == [(name, share(TASKS[name].random_success), share(TASKS[name].best_success)) for name, *_ in rows]


def test_the_first_screen_of_the_readme_is_short():
    """One picture, two commands, ten lines of use with what they print, one table; then the rest."""
    first = TEXT.partition("\n## ")[0]
    assert len(re.findall(r"^!\[", first, re.MULTILINE)) == 1
    (commands,) = re.findall(r"^```sh\n(.*?)^```", first, re.DOTALL | re.MULTILINE)
    assert [line.split("#")[0].strip() for line in commands.splitlines()] == ["make demo", "make test"]
    (session,) = re.findall(r"^```python\n(.*?)^```", first, re.DOTALL | re.MULTILINE)
    assert len(session.strip().splitlines()) <= 12
    assert len(first.splitlines()) < 45


def commands_in(text):
    """Return the commands of a page, each as its words, without comments."""
    shown = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)).replace("\\\n", " ")
    return [shlex.split(line, comments=True) for line in shown.splitlines() if line.startswith("vlm-gym ")]


def changed(words, option, value):
    """Return a command with another value of an option."""
    place = words.index(option) + 1
    return [*words[:place], value, *words[place + 1 :]]


@pytest.mark.parametrize("name", ["program.md", "data.md"])
def test_data_are_collected_from_the_run_that_the_page_makes(name, tmp_path, monkeypatch):
    """With an agent that is at hand, and fewer episodes."""
    monkeypatch.chdir(tmp_path)
    commands = commands_in(PAGES[name].read_text(encoding="utf-8"))
    (collecting,) = [words for words in commands if "--from-run" in words]
    run = collecting[collecting.index("--from-run") + 1]
    (playing,) = [words for words in commands if words[1] == "eval" and run in words]
    assert main(changed(changed(playing, "--agent", "oracle"), "--episodes", "3")[1:]) == 0
    assert main([*collecting[1:], "--format", "llava"]) == 0  # parquet is an extra
