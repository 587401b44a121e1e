"""The leaderboard in a browser: it sorts, shows one panel alone, and keeps the references below what was played."""

from pathlib import Path

import pytest
from browser import look_like, mistakes

from vlm_gym.evaluation.report.leaderboard import read_entries

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "_static" / "results.js"
PANELS = list(dict.fromkeys(entry.panel for entry in read_entries(ROOT / "results")))
ROWS = "return [...arguments[0].tBodies[0].rows].map(row => [...row.cells].map(cell => cell.textContent.trim()))"
FIXED = """\
<!doctype html><title>x</title><section><h1>x</h1>
<section id="a"><h2>a<a>#</a></h2><table><thead><tr><th>agent</th><th>score</th><th>date</th></tr></thead><tbody>
<tr><td>model 10</td><td>9.5 (8-11)</td><td>2026-01-02</td></tr>
<tr><td>model 9</td><td></td><td>2026-11-30</td></tr>
<tr><td>Model x</td><td>100.0 (99-100)</td><td>2025-12-31</td></tr>
<tr><td>other</td><td>-3.0</td><td></td></tr>
<tr><td><em>floor</em></td><td>60.0</td><td></td></tr>
<tr><td><em>ceiling</em></td><td>99.0</td><td></td></tr>
</tbody></table></section>
</section>"""
SORTED = {
    (0, 1): ["model 9", "model 10", "Model x", "other"],
    (0, 2): ["other", "Model x", "model 10", "model 9"],
    (1, 1): ["Model x", "model 10", "other", "model 9"],
    (1, 2): ["other", "model 10", "Model x", "model 9"],
    (2, 1): ["model 9", "model 10", "Model x", "other"],
    (2, 2): ["Model x", "model 10", "model 9", "other"],
}
"""The order after a column was clicked so many times: numbers by size, the best first, and empty cells last."""


@pytest.fixture(
    params=[(390, True), (390, False), (1300, True), (1300, False)], ids=lambda look: f"{look[0]}-{look[1]}"
)
def page(request, chromium, site):
    """The results page of the site, on a telephone and on a screen, dark and light."""
    width, is_dark = request.param
    look_like(chromium, width=width, is_dark=is_dark)
    mistakes(chromium)
    chromium.get((site / "results.html").as_uri())
    yield chromium
    assert mistakes(chromium) == []


def rows_of(driver, table):
    return driver.execute_script(ROWS, table)


def heads_of(table):
    return table.find_elements("css selector", "thead th")


def test_every_column_of_every_table_sorts(page):
    for table in page.find_elements("tag name", "table"):
        before = rows_of(page, table)
        references = [
            row for row in before if row[0].startswith(("floor:", "searcher", "ceiling:")) and "[" not in row[0]
        ]
        for column, head in enumerate(heads_of(table)):
            page.execute_script(
                "arguments[0].scrollIntoView({block: 'center', inline: 'end', behavior: 'instant'})", head
            )
            orders = []
            for sort in ("descending", "ascending"):
                head.click()
                rows = rows_of(page, table)
                assert head.get_attribute("aria-sort") == sort
                assert sorted(rows) == sorted(before), "no row is lost"
                assert rows[len(rows) - len(references) :] == references
                cells = [row[column] for row in rows[: len(rows) - len(references)]]
                assert all(cells[: sum(map(bool, cells))]), "empty cells come last"
                orders.append([cell for cell in cells if cell])
            assert orders[0] == orders[1][::-1] or len(set(orders[0])) < len(orders[0])


def test_the_heads_of_the_columns_say_what_was_sorted(page):
    first, second = heads_of(page.find_element("tag name", "table"))[:2]
    first.click()
    second.click()
    assert (first.get_attribute("aria-sort"), second.get_attribute("aria-sort")) == (None, "descending")


def test_one_panel_can_be_shown_alone(page):
    listed = page.find_element("css selector", ".panel-list select")
    names = [option.text for option in listed.find_elements("tag name", "option")]
    assert names == ["all panels", *PANELS, "Published elsewhere"]
    for name in names:
        page.execute_script("arguments[0].value = [...arguments[0].options].find(o => o.text === arguments[1]).value;"
                            "arguments[0].dispatchEvent(new Event('change'))", listed, name)  # fmt: skip
        shown = [head.text.rstrip("#¶") for head in page.find_elements("tag name", "h2") if head.is_displayed()]
        assert shown == (names[1:] if name == "all panels" else [name])


def test_on_a_screen_a_panel_of_six_tasks_is_seen_at_once(chromium, site):
    look_like(chromium, width=1300)
    chromium.get((site / "results.html").as_uri())
    tables = chromium.find_elements("css selector", ".table-wrapper")
    script = "return arguments[0].scrollWidth - arguments[0].clientWidth"
    hidden = {len(heads_of(table)): chromium.execute_script(script, table) for table in tables}
    assert [num for num, pixels in hidden.items() if pixels and num <= 9] == []


@pytest.fixture
def fixed(chromium, tmp_path):
    """A page whose cells are chosen to be hard to sort."""
    (tmp_path / "page.html").write_text(f"{FIXED}<script>{SCRIPT.read_text(encoding='utf-8')}</script>")
    look_like(chromium)
    chromium.get((tmp_path / "page.html").as_uri())
    return chromium


@pytest.mark.parametrize(("column", "clicks"), SORTED)
def test_numbers_are_sorted_by_size_and_dates_by_time(fixed, column, clicks):
    table = fixed.find_element("tag name", "table")
    for _ in range(clicks):
        heads_of(table)[column].click()
    assert [row[0] for row in rows_of(fixed, table)] == [*SORTED[column, clicks], "floor", "ceiling"]


@pytest.mark.parametrize("key", ["\ue007", " "], ids=("enter", "space"))
def test_the_keyboard_sorts_too(fixed, key):
    table = fixed.find_element("tag name", "table")
    heads_of(table)[1].send_keys(key)
    assert rows_of(fixed, table)[0][0] == "Model x"
