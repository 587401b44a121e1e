"""The page on paper: whole, in all columns, and legible where the printer leaves backgrounds out."""

import base64
import re

import pytest
from browser import look_like

from vlm_gym.evaluation.report import write_report

pytestmark = pytest.mark.browser

A4_LANDSCAPE = 1040  # pixels of its width, without margins
TOO_WIDE = """
const right = document.documentElement.clientWidth + 1;
return [...document.querySelectorAll("table, figure, pre, svg.track")]
  .filter((each) => each.getBoundingClientRect().right > right).map((each) => each.outerHTML.slice(0, 80));
"""
HIDDEN = """
return [...document.querySelectorAll("main table, main figure, main pre, main canvas")]
  .filter((each) => !each.getClientRects().length).map((each) => each.outerHTML.slice(0, 80));
"""
CUT = """
const isCut = (each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== "visible";
const isMeantTo = (each) => each.matches(".unseen, select, input, .episode-list");
return [...document.querySelectorAll("main *")].filter((each) => isCut(each) && !isMeantTo(each))
  .map((each) => each.className);
"""
MARKS = """
const size = (each) => each.getBoundingClientRect().height + each.getBoundingClientRect().width;
return [...document.querySelectorAll(".track .shape, .track .whisker, .track .bar, .difference .shape")].filter(size)
  .map((each) => each.namespaceURI + getComputedStyle(each).fill + getComputedStyle(each).stroke);
"""
LIGHT = """
const hasText = (each) => [...each.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
const channels = (each) => getComputedStyle(each).color.match(/\\d+/g).slice(0, 3).map(Number);
const sum = (each) => channels(each).reduce((all, part) => all + part, 0);
return [...document.querySelectorAll("main *, header *, footer *")]
  .filter((each) => each.getClientRects().length && hasText(each) && sum(each) > 480)
  .map((each) => each.outerHTML.slice(0, 120));
"""


@pytest.fixture
def paper(page, report):
    """The page as it is printed."""
    look_like(page.driver, width=A4_LANDSCAPE)
    page.open(report.page)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    yield page
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_nothing_is_folded_away_or_cut_off(paper):
    assert paper.driver.execute_script(TOO_WIDE) == []
    assert paper.driver.execute_script(HIDDEN) == []
    assert paper.driver.execute_script("return document.querySelectorAll('details:not([open])').length") == 0
    assert paper.driver.execute_script(CUT) == []


def test_charts_are_drawn_and_not_painted_as_backgrounds(paper):
    marks = paper.driver.execute_script(MARKS)
    assert len(marks) > 20
    assert all("svg" in mark and "rgb" in mark for mark in marks)


def test_text_is_dark_whatever_the_person_prefers(paper):
    paper.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]},
    )
    assert paper.driver.execute_script(LIGHT) == []


def test_after_printing_what_was_folded_is_folded_again(page, report):
    page.open(report.page)
    folded = page.driver.execute_script("return document.querySelectorAll('details:not([open])').length")
    assert folded
    printed = page.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": False, "preferCSSPageSize": True})
    data = base64.b64decode(printed["data"])
    assert len(re.findall(rb"/Type /Page\b", data)) >= 3
    page.wait_for(f"return document.querySelectorAll('details:not([open])').length === {folded}")


def test_requests_are_printed_too(page, asked_run, tmp_path):
    page.open(write_report([asked_run], tmp_path / "report.html").page)
    page.driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert len(page.all(".viewer .message")) >= 4
