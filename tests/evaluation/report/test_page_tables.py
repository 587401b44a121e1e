"""The page's tables and charts: sorted, copied, explained, and leading to their episodes."""

import csv
import io
import itertools
import json
import re
import shutil

import pytest
from browser import look_like, mistakes
from sample_runs import number_lines, play

from vlm_gym.evaluation.models.agents import RandomAgent
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.runs.played import read_played
from vlm_gym.evaluation.scores.summary import summarise

pytestmark = pytest.mark.browser

PRESS = "document.querySelectorAll('#summary > .data-table .sort')[arguments[0]].click()"
WIDTHS = "const e = document.querySelector('#summary .scrolling'); return [e.scrollWidth, e.clientWidth]"


@pytest.fixture
def opened(page, report):
    page.open(report.page)
    return page


def numbers(texts):
    return [float(re.match(r"[~<]?([-−]?[\d.,]+)", text)[1].replace("−", "-").replace(",", "")) for text in texts]


def test_every_column_sorts_down_then_up_then_not_at_all(opened):
    heads = [each.text for each in opened.all("#summary > .data-table .sort")]
    for place, head in enumerate(heads):
        before = opened.column(head)
        known = [text for text in before if text not in ("–", "?")]
        opened.driver.execute_script(PRESS, place)
        down = opened.column(head)
        assert numbers(down[: len(known)]) == sorted(numbers(known), reverse=True)
        assert set(down[len(known) :]) <= {"–", "?"}
        assert opened.driver.switch_to.active_element.text == head
        opened.driver.execute_script(PRESS, place)
        assert numbers(opened.column(head)[: len(known)]) == sorted(numbers(known))
        assert len(opened.all("#summary > .data-table th[aria-sort=ascending]")) == 1
        opened.driver.execute_script(PRESS, place)
        assert opened.column(head) == before
    assert len(heads) >= 10
    assert mistakes(opened.driver) == []


def test_a_table_is_copied_as_csv_with_all_digits_in_the_order_that_is_shown(opened, runs):
    opened.driver.execute_script(PRESS, 0)
    rows = list(csv.DictReader(io.StringIO(opened.copied("CSV"))))
    assert [float(row["Success"]) for row in rows] == sorted((float(row["Success"]) for row in rows), reverse=True)
    for name in ("random", "noisy"):
        for scores in summarise(runs / name).tasks:
            (row,) = [row for row in rows if (row["Task"], row["Run"]) == (scores.name, name)]
            assert float(row["Success"]) == pytest.approx(100 * scores.success.value)
            assert float(row["Return high"]) == pytest.approx(scores.mean_return.high)
            assert float(row["Illegal"]) == pytest.approx(100 * scores.illegal_rate)


def test_figures_are_shown_as_they_are_copied(opened):
    opened.check_shown_as_copied()


def test_a_table_is_copied_as_markdown_and_latex(opened):
    lines = opened.copied("Markdown").splitlines()
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
    assert len(lines) == 2 + len(opened.all("#summary > .data-table tbody tr"))
    latex = opened.copied("LaTeX")
    columns = re.search(r"\\begin\{tabular\}\{(\w+)\}", latex)[1]
    rows = [line for line in latex.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {len(columns) - 1}
    assert latex.isascii()


def test_names_attack_neither_csv_nor_markdown_nor_latex(page, tmp_path):
    name = '=1+1,"x" <b> \\input{y} $z$ a&b #c_d %e ~f ^g |h'
    page.open(write_report([play(tmp_path / name, RandomAgent(), number_lines(2))], tmp_path / "report.html").page)
    (row,) = csv.DictReader(io.StringIO(page.copied("CSV")))
    assert row["Run"] == f"'{name}"
    assert "<b>" not in page.copied("Markdown").replace(r"\<b\>", "")
    latex = page.copied("LaTeX")
    assert r"\textbackslash{}input\{y\} \$z\$ a\&b \#c\_d \%e \textasciitilde{}f \textasciicircum{}g |h" in latex
    assert mistakes(page.driver) == []


def test_where_the_clipboard_is_closed_the_text_can_be_taken_from_a_box(opened):
    opened.driver.execute_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    opened.press_button("CSV", "#summary > .data-table")
    box = opened.wait_for("return document.querySelector('#summary textarea')")
    assert box.get_property("value").startswith("Task,Run,Success,")
    assert "copy it from here" in opened.text("#summary .copying")


def test_every_column_is_explained_without_a_mouse(opened):
    for table in opened.all(".data-table"):
        heads = opened.driver.execute_script(
            "return [...arguments[0].querySelectorAll('.sort')].map((e) => e.textContent)", table
        )
        terms = opened.driver.execute_script(
            "return [...arguments[0].querySelectorAll('.column-help dt')].map((e) => e.textContent)", table
        )
        assert heads == terms
    summary = opened.all("#summary > .data-table .column-help summary")[0]
    summary.send_keys("\ue007")
    assert "its 95 % interval" in opened.all("#summary > .data-table .column-help dl")[0].text


def test_a_cell_leads_to_the_episodes_that_it_counts(opened, runs):
    """Of every cell with a link whose episodes can be counted in another way."""
    counts = {
        "Success": lambda item: item.episode.is_success,
        "Illegal": lambda item: item.episode.num_illegal > 0,
        "Faults": lambda item: item.episode.num_faults > 0,
        "Regret": lambda item: any(turn.regret > 1e-9 for turn in item.turns),
        "Episodes": lambda item: True,
    }
    rows = opened.all("#summary > .data-table tbody tr")
    heads = [each.text for each in opened.all("#summary > .data-table thead th")][2:]
    tasks = [None, *(scores.name for scores in summarise(runs / "random").tasks)]
    for (task, run), row in zip(itertools.product(tasks, ("random", "noisy")), rows, strict=True):
        links = opened.driver.execute_script(
            "return [...arguments[0].querySelectorAll('td')].map((cell) => cell.querySelector('a')?.hash)", row
        )
        played = [item for item in read_played(runs / run) if task in (None, item.task)]
        for head, link in zip(heads, links, strict=True):
            if head not in counts:
                continue
            expected = sum(map(counts[head], played))
            opened.driver.execute_script("location.hash = arguments[0]", link)
            opened.wait_found(
                "No episode fits these filters." if not expected else f"{expected} episode{'s' * (expected > 1)}"
            )


def test_faults_have_a_table_by_kind_whose_cells_lead_to_their_episodes(page, hostile_run, tmp_path):
    page.open(write_report([hostile_run], tmp_path / "report.html").page)
    kinds = {turn.fault_kind for item in read_played(hostile_run) for turn in item.turns if turn.fault}
    (table,) = [each for each in page.all("#summary details.folded") if "Faults by kind" in each.text]
    heads = page.driver.execute_script(
        "return [...arguments[0].querySelectorAll('.sort')].map((e) => e.textContent)", table
    )
    assert set(heads) == kinds
    link = page.driver.execute_script("return arguments[0].querySelector('td a').hash", table)
    page.driver.execute_script("location.hash = arguments[0]", link)
    page.wait_for("return document.querySelector('#filters').elements.turns.value.startsWith('fault: ')")
    page.wait_found("2 episodes")


def test_runs_differ_by_shape_and_by_hue(opened):
    marks = opened.driver.execute_script(
        "return [...document.querySelectorAll('.legend')[0].querySelectorAll('.shape')].map((shape) => "
        "[shape.getAttribute('d'), getComputedStyle(shape).fill])"
    )
    assert len(marks) == len({d for d, _ in marks}) == len({fill for _, fill in marks}) == 2
    told = opened.driver.execute_script(
        "return [...Array(64).keys()].map((i) => [runColor(i), runShape(i).getAttribute('d')])"
    )
    assert len({tuple(mark) for mark in told}) == 64


def test_of_many_comparisons_the_first_is_open_and_all_say_what_they_found(page, tmp_path):
    runs = [play(tmp_path / name, RandomAgent(), number_lines(4)) for name in "abc"]
    page.open(write_report(runs, tmp_path / "report.html").page)
    tables = page.all("#comparison details.compared")
    assert [table.get_property("open") for table in tables] == [True, False, False]
    assert all("points, p " in table.text for table in tables)


def test_labels_of_tasks_with_arguments_are_short_on_the_page(page, tmp_path):
    arguments = [
        {"max_position": size, "theme": {"suits": "black"}} if size == 7 else {"max_position": size} for size in (7, 9)
    ]
    episodes = [type(each)(each.task, each.seed, extra) for extra in arguments for each in number_lines(2)]
    page.open(write_report([play(tmp_path / "run", RandomAgent(), episodes)], tmp_path / "report.html").page)
    names = page.driver.execute_script(
        "return [...document.querySelectorAll('.chart-name, #summary th[scope=rowgroup], .viewer h3')]"
        ".map((each) => each.textContent)"
    )
    assert all(len(name.split(" · ")[0]) <= 40 for name in names)
    assert any("max_position=9" in name for name in names)
    titles = page.driver.execute_script("return [...document.querySelectorAll('[title]')].map((each) => each.title)")
    assert any(json.dumps(arguments[1], separators=(",", ":")) in title for title in titles)  # where one rests on it


def test_five_runs_show_all_their_columns_on_a_usual_screen(page, runs, tmp_path):
    copies = [shutil.copytree(runs / "noisy", tmp_path / f"oracle-0.{number}") for number in range(5, 9)]
    report = write_report([*copies, runs / "random"], tmp_path / "report.html")
    look_like(page.driver, width=1300)
    page.open(report.page)
    needed, there_is = page.driver.execute_script(WIDTHS)
    assert len(page.all("#summary > .data-table .sort")) >= 10
    assert needed <= there_is
