"""What the README shows is what happens."""

import doctest
import re
from pathlib import Path

import pytest

from vlm_gym.registration import TASKS

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_the_session_prints_what_it_says():
    session = "\n".join(re.findall(r"^```python\n(.*?)^```", TEXT, flags=re.DOTALL | re.MULTILINE))
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", str(README), 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("figure", re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT))
def test_every_figure_is_there(figure):
    assert (README.parent / figure).is_file()


def test_every_id_that_is_named_exists():
    for name in re.findall(r"vlm_gym/[A-Za-z0-9-]+-v\d+", TEXT):
        assert name in TASKS
    for name in re.findall(r"`([A-Za-z0-9-]+-v\d+)`", TEXT):
        assert f"vlm_gym/{name}" in TASKS


def test_the_table_has_the_turn_limits():
    for name, turns in re.findall(r"^\| `(vlm_gym/[^`]+)` \|.*\| (\d+) \|$", TEXT, flags=re.MULTILINE):
        assert TASKS[name].turns() == int(turns)
