"""Every figure of README and site has the command that made it: pictures, and tables of what was measured."""

import re

import pytest
from doc_pages import PAGES, ROOT

FIGURES = sorted(path.name for path in (ROOT / "docs" / "figures").iterdir())
ROWS = re.findall(r"^\| (`figures/.*?) \| (.*) \|$", PAGES["docs/development.md"].read_text("utf-8"), re.MULTILINE)
COMMAND = re.compile(
    r"vlm-gym (?:bench|eval|collect|list|show)|python(?: -m)? (?:benchmarks|baselines|tests)[./]\w+|make [a-z-]+|pytest"
)
DATE = re.compile(r"20\d\d-\d\d-\d\d|\d+ [A-Z][a-z]+ 20\d\d")
MEASURED = re.compile(r"^[~<]?[\d,.]+(?:-[\d,.]+|, [\d.,]+)*(?: ?(?:%|MB|ms|s|us|copies)| \([\d.,-]+\))?$")
PUBLISHED = re.compile(r"arXiv \d{4}\.\d+")
PYTHON = re.compile(r"3\.1\d(?:, 3\.1\d)*")
LEAST_SHARE = 0.3  # of a table's cells that are figures, for a table of measurements


@pytest.mark.parametrize("name", FIGURES)
def test_a_picture_is_shown_and_has_its_command(name):
    assert any(
        f"figures/{name}" in path.read_text("utf-8") for page, path in PAGES.items() if "development" not in page
    )
    (command,) = [command for names, command in ROWS if f"`figures/{name}`" in names]
    assert COMMAND.search(command)


def test_every_picture_of_the_table_is_there():
    assert sorted(re.findall(r"`figures/(\S+)`", " ".join(names for names, _ in ROWS))) == FIGURES


def measured_sections():
    """Return page, heading and text of all sections with a table of figures; the page's beginning belongs to each."""
    for page, path in PAGES.items():
        first, *sections = re.split(r"^(?=#{1,2} )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        beginning = first
        for section in sections:
            beginning = section if section.startswith("# ") else beginning
            tables = re.findall(r"(?:^\|.*\n)+", section, flags=re.MULTILINE)
            if any(share_of_figures(table) >= LEAST_SHARE for table in tables):
                yield page, section.partition("\n")[0].strip("# "), f"{beginning}\n{section}"


def share_of_figures(table):
    """Return the share of a table's cells, below its head and right of the first column, that are figures."""
    rows = [row.strip().strip("|").split("|")[1:] for row in table.splitlines()[2:]]
    cells = [cell.strip() for row in rows for cell in row]
    return sum(is_figure(cell) for cell in cells) / max(1, len(cells))


def is_figure(cell):
    """Whether a cell holds what was measured: a number that is no count, and no version of Python."""
    return bool(MEASURED.match(cell)) and not cell.isdigit() and not PYTHON.fullmatch(cell)


@pytest.mark.parametrize(
    ("page", "heading", "text"), [pytest.param(*case, id=f"{case[0]}-{case[1]}") for case in measured_sections()]
)
def test_measured_figures_have_a_command_and_a_date(page, heading, text):
    if page == "README.md":  # its figures are the registry's: tests/test_readme.py
        return
    if PUBLISHED.search(text):  # by others, who have the commands
        return
    assert COMMAND.search(text), f"{page}, {heading}: which command made these figures?"
    assert DATE.search(text), f"{page}, {heading}: when were they made?"


def test_tables_of_figures_are_recognised():
    found = {(page, heading) for page, heading, _ in measured_sections()}
    assert {("docs/data.md", "Supervised data"), ("docs/performance.md", "The evaluator")} <= found
