"""The tables of every level stand in the docs as the registry has them."""

from doc_pages import PAGES

from benchmarks.level_tables import tables, written_into
from vlm_gym.ladders import ladders


def test_every_level_stands_in_the_tables_with_its_floor_and_ceiling():
    told = tables()
    for ladder in ladders():
        assert f"**{ladder.axis.capitalize()}**" in told
        for task in ladder.tasks:
            assert f"| `{task.id.removeprefix('vlm_gym/')}` |" in told


def test_the_page_has_the_tables_of_now():
    page = PAGES["docs/headroom.md"].read_text(encoding="utf-8")
    assert page == written_into(page), "python -m benchmarks.level_tables --write"
