"""The ladders of a report: on the page, in its tables and for programs."""

import asyncio
import json

import pytest
from browser import look_like, mistakes
from long_lines import LINE, long_lines
from sample_runs import play

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.climb import climb
from vlm_gym.evaluation.models.agents import Agent, ConstantAgent, OracleAgent, Reply
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.runs.plan import Plan

LEVELS = 3


@pytest.fixture
def specs():
    return long_lines("<b>patience", LEVELS, 12)


class Misreader(Agent):
    """Reads the position right on short lines, and one too high on longer ones, where it walks away."""

    def describe(self):
        return {"name": "misreader"}

    async def answer(self, session, rng):
        state, is_long = session.task.state, session.task.max_position > 10
        best = session.task.oracle_action()
        said = {"current number": state.position + is_long, "target number": state.target, "thoughts": "..."}
        return Reply(json.dumps({**said, "action": "+-"[best == "+"] if is_long else best}))


def test_a_report_tells_where_success_falls(page, specs, tmp_path):
    play(tmp_path / "misreader", Misreader(), specs)
    play(tmp_path / "oracle", OracleAgent(), specs)
    report = write_report([tmp_path / "misreader", tmp_path / "oracle"], tmp_path / "report.html")
    page.open(report.page)
    assert mistakes(page.driver) == []
    told = page.text("#ladders")
    assert "<b>patience: NumberLine" in told
    assert "misreader: half at L1." in told
    assert "oracle: half above L3" in told
    assert len(page.all("#ladders .ladder polyline")) == 2
    assert len(page.all("#ladders .ladder .whisker")) == 2 * (LEVELS + 1)
    assert len(page.all("#ladders .ladder .half")) == 1  # the oracle's is beyond the levels
    failures = [part.get_attribute("title") for part in page.all("#ladders .ladder-failure [title]")]
    assert failures[:4] == [f"L{level}: {12 * (level > 1)} failures with a misreading, 0 without" for level in range(4)]
    page.driver.execute_script("document.querySelector('#ladders details').open = true")
    assert len(page.all("#ladders tbody tr")) == 2 * (LEVELS + 1)
    page.check_shown_as_copied("#ladders .data-table")
    look_like(page.driver, width=390)
    assert page.driver.execute_script("return document.documentElement.scrollWidth") <= 390

    data = json.loads(report.results.read_text())
    (ladder,) = data["runs"][0]["ladders"]
    assert [rung["success"]["value"] for rung in ladder["rungs"]] == [1, 1, 0, 0]
    assert 1 < ladder["half"]["low"] < ladder["half"]["value"] < ladder["half"]["high"] < 2.2
    table = report.markdown.read_text().split("## Ladders")[1]
    assert "misreader" in table
    assert r"\>3" in table


def test_a_run_without_ladders_tells_of_none(page, tmp_path):
    run = play(tmp_path / "run", ConstantAgent("?"), [EpisodeSpec(LINE.id, 0)])
    report = write_report([run], tmp_path / "report.html")
    page.open(report.page)
    for part in ("#ladders", 'nav a[href="#ladders"]'):
        assert not page.driver.execute_script("return document.querySelector(arguments[0]).checkVisibility()", part)
    assert "## Ladders" not in report.markdown.read_text()


def test_ladders_whose_levels_were_climbed_are_told_alike(specs, tmp_path):
    asyncio.run(climb(tmp_path / "run", Plan(tuple(specs)), Misreader()))
    data = json.loads(write_report([tmp_path / "run"], tmp_path / "report.html").results.read_text())
    (ladder,) = data["runs"][0]["ladders"]
    assert ladder["half"]["high"] - ladder["half"]["low"] <= 1
    assert sum(rung["num_episodes"] for rung in ladder["rungs"]) < len(specs)
