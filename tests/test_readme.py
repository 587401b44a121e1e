"""The README's first screen and its figures; links and ids of all pages. What the pages run: tests/docs."""

import re

import pytest
from doc_pages import PAGES

from vlm_gym.registration import TASKS
from vlm_gym.task_table import OWN_TASKS

TEXT = PAGES["README.md"].read_text(encoding="utf-8")


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
