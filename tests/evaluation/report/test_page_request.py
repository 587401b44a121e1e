"""What the page shows of a turn's requests and replies, of what the model saw, and of episodes without an end."""

import json
import shutil

import pytest
from browser import mistakes

from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.runs.played import read_played
from vlm_gym.evaluation.runs.run_folder import EPISODES_FILE, RUN_FILE, TURNS_FILE

pytestmark = pytest.mark.browser

BOXES = "return [...document.querySelectorAll('.viewer details.text > summary')].map((each) => each.textContent)"
MESSAGES = (
    "return [...document.querySelectorAll('.viewer details')].filter((each) => "
    "each.firstChild.textContent.startsWith(arguments[0])).flatMap((each) => [...each.querySelectorAll('.message pre')]"
    ".map((pre) => pre.textContent))"
)


def unfold(page):
    page.driver.execute_script("document.querySelectorAll('.viewer details').forEach((each) => { each.open = true; })")
    page.wait_for("return !document.querySelector('.viewer .messages') || document.querySelector('.viewer .message')")


def test_every_request_and_reply_of_a_turn_is_shown(page, asked_run, tmp_path):
    page.open(write_report([asked_run], tmp_path / "report.html").page)
    for turn in read_played(asked_run)[0].turns:
        page.wait_for(
            f"return document.querySelector('.step-buttons strong').textContent.startsWith('Turn {turn.turn} ')"
        )
        unfold(page)
        for i, sent in enumerate(turn.requests):
            title = "Request" if len(turn.requests) == 1 else f"Request {i + 1} of {len(turn.requests)}"
            page.wait_for(f"return ({MESSAGES.removeprefix('return ').replace('arguments[0]', repr(title))}).length")
            assert page.driver.execute_script(MESSAGES, title) == [message.text for message in sent]
        text = page.text(".viewer")
        assert all(reply.reasoning in text for reply in turn.replies)
        assert "length" in page.text(".facts")
        assert ("Cut off: " in page.text(".turn-facts")) == turn.is_last_cut_off
        page.press("\ue014")
    assert page.driver.execute_script("return window.pwned") is None
    assert mistakes(page.driver) == []


def test_an_answer_that_was_asked_for_again_is_told_from_the_one_that_counted(page, asked_run, tmp_path):
    page.open(write_report([asked_run], tmp_path / "report.html").page)
    first = read_played(asked_run)[0].turns[0]
    assert len(first.answers) == 2
    boxes = page.driver.execute_script(BOXES)
    assert "Answer 1 of 2, cut off, asked for again" in boxes
    assert "Answer" in boxes
    assert "Cut off: " not in page.text(".turn-facts")


def test_reasoning_is_searched(page, asked_run, tmp_path):
    page.open(write_report([asked_run], tmp_path / "report.html").page)
    page.choose("text", "i think of turn 1.")
    page.wait_found("2 episodes")


def test_no_picture_is_shown_where_the_model_saw_none(page, unseeing_run, tmp_path):
    page.open(write_report([unseeing_run], tmp_path / "report.html").page)
    assert page.all("canvas") == []
    assert "The model was shown no picture." in page.text(".picture")
    assert "told in words alone" in page.text("#viewer-notes")


def test_runs_that_do_not_say_what_was_sent_go_by_their_settings(page, unseeing_run, tmp_path):
    for folder, show in ((tmp_path / "words", "text"), (tmp_path / "picture", "picture")):
        folder.mkdir()
        run = json.loads((unseeing_run / RUN_FILE).read_text())
        run["chat"]["show"] = show
        (folder / RUN_FILE).write_text(json.dumps(run))
        (folder / EPISODES_FILE).write_bytes((unseeing_run / EPISODES_FILE).read_bytes())
        turns = [json.loads(line) for line in (unseeing_run / TURNS_FILE).read_text().splitlines()]
        kept = [{name: value for name, value in turn.items() if name != "requests"} for turn in turns]
        (folder / TURNS_FILE).write_text("".join(json.dumps(turn) + "\n" for turn in kept))
    page.open(write_report([tmp_path / "words"], tmp_path / "report.html").page)
    assert "The model was shown no picture." in page.text(".picture")
    page.open(write_report([tmp_path / "picture"], tmp_path / "report.html").page)
    assert "no picture in this page" in page.text(".picture")


def test_an_unfinished_episode_is_shown_as_one(page, runs, tmp_path):
    folder = shutil.copytree(runs / "noisy", tmp_path / "run")
    lines = (folder / EPISODES_FILE).read_text().splitlines(keepends=True)
    (folder / EPISODES_FILE).write_text("".join(lines[1:]))
    page.open(write_report([folder], tmp_path / "report.html").page)
    page.choose("outcome", "unfinished")
    page.wait_found("1 episode")
    page.all("#episode-list button")[0].click()
    page.wait_for("return document.querySelector('.viewer .chip').textContent === 'not finished'")
    assert page.has_drawn()
    page.all(".turn-strip button")[-1].click()
    assert "It counts in no table." in page.text(".turn-facts")
    page.choose("outcome", "failure")
    assert all("not finished" not in text for text in page.found())
    assert mistakes(page.driver) == []
