"""What the README and the pages in docs/ show is what happens."""

import doctest
import re
from pathlib import Path

import pytest

from vlm_gym.registration import TASKS

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


def test_the_table_has_the_turn_limits():
    for name, turns in re.findall(r"^\| `(vlm_gym/[^`]+)` \|.*\| (\d+) \|$", TEXT, flags=re.MULTILINE):
        assert TASKS[name].turns() == int(turns)
