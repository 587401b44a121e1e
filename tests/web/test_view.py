"""`vlm-gym view`: the runs of a folder and their report, while they are played."""

import http.client
import json
import shutil
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from browser import look_like, mistakes
from sample_runs import number_lines, play

from vlm_gym.cli import main
from vlm_gym.evaluation.models.agents import OracleAgent, RandomAgent, ScriptedAgent
from vlm_gym.evaluation.runs.played import read_played
from vlm_gym.evaluation.runs.run_folder import EPISODES_FILE
from vlm_gym.web.run_list import RunList
from vlm_gym.web.view_server import ViewServer

HOSTILE = "<img src=x onerror=window.pwned=1>"
WAIT_S = 30


@contextmanager
def viewing(folder):
    with ViewServer(RunList(folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def ask(server, path, *, token=None, method="GET", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=30)
    connection.request(method, f"/{token or server.token}/{path}", headers=headers or {})
    reply = connection.getresponse()
    told = reply.read()
    connection.close()
    return reply.status, told


def runs_of(server):
    return {run["name"]: run for run in json.loads(ask(server, "runs")[1])["runs"]}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return play(tmp_path_factory.mktemp("finished") / "run", RandomAgent(), number_lines(4))


@pytest.fixture
def runs(finished, tmp_path):
    """A folder with a finished run, one in the middle of its last episode, and one with no finished episode."""
    for name in ("done", "deep/playing", "new"):
        shutil.copytree(finished, tmp_path / name)
    cut(tmp_path / "deep/playing", 3)
    cut(tmp_path / "new", 0)
    (tmp_path / "notes").mkdir()
    return tmp_path


def cut(folder, num_episodes):
    """Take a run back to so many finished episodes."""
    lines = (folder / EPISODES_FILE).read_text().splitlines(keepends=True)
    (folder / EPISODES_FILE).write_text("".join(lines[:num_episodes]))


def go_on(folder, finished):
    """Finish a run that was cut."""
    (folder / EPISODES_FILE).write_text((finished / EPISODES_FILE).read_text())


def test_all_runs_below_a_folder_are_listed_with_how_far_they_are(runs):
    with viewing(runs) as server:
        told = runs_of(server)
    assert {name: (run["num_episodes"], run["num_planned"]) for name, run in told.items()} == {
        "done": (4, 4), "deep/playing": (3, 4), "new": (0, 4)
    }  # fmt: skip
    assert told["done"]["num_successes"] == sum(item.episode.is_success for item in read_played(runs / "done"))
    assert {run["agent"] for run in told.values()} == {"random"}


def test_a_run_itself_can_be_viewed(finished):
    with viewing(finished) as server:
        assert list(runs_of(server)) == ["."]
        assert ask(server, "report?run=.")[0] == 200


def test_a_damaged_run_is_told_and_hides_no_other(runs):
    (runs / "new" / "run.json").write_text("{")
    with viewing(runs) as server:
        told = runs_of(server)
    assert "cannot read" in told["new"]["error"]
    assert told["done"]["error"] is None


def test_the_figures_follow_the_run(runs, finished):
    query = urlencode({"run": "deep/playing"})
    with viewing(runs) as server:
        assert ask(server, f"report?{query}")[0] == 200
        status, told = ask(server, f"data/0?{query}")
        data = json.loads(told)
        assert (status, data["version"], data["runs"][0]["summary"]["num_episodes"]) == (200, 1, 3)
        assert [episode["is_finished"] for episode in data["episodes"]] == [True, True, True, False]
        assert ask(server, f"data/1?{query}") == (204, b"")
        assert ask(server, f"chunk/1/said-0?{query}")[0] == 200
        go_on(runs / "deep/playing", finished)
        end = time.monotonic() + WAIT_S
        while ask(server, f"data/1?{query}")[0] == 204:  # as often as is cheap
            assert time.monotonic() < end
        data = json.loads(ask(server, f"data/1?{query}")[1])
        assert (data["version"], data["runs"][0]["summary"]["num_episodes"]) == (2, 4)
        assert ask(server, f"chunk/1/said-0?{query}")[0] == 409
        assert runs_of(server)["deep/playing"]["num_episodes"] == 4


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nothing", 404),
        ("report", 404),
        ("report?run=other", 404),
        ("report?run=../done", 404),
        ("report?run=new", 503),
        ("data/x?run=done", 404),
        ("data/9999999999999999999?run=done", 404),
        ("chunk/1/strip-0?run=done", 404),
        ("chunk/1/said-99?run=done", 404),
        ("chunk/1/said-%C2%B2?run=done", 404),
        ("pictures/0/../run.json?run=done", 404),
        ("pictures/0/..%2Frun.png?run=done", 404),
        ("pictures/7/a.png?run=done", 404),
        ("view.html/..", 404),
    ],
)
def test_there_is_nothing_at_other_addresses(runs, path, status):
    with viewing(runs) as server:
        ask(server, "report?run=done")
        assert ask(server, path)[0] == status


def test_others_are_kept_out(runs):
    with viewing(runs) as server:
        assert server.server_address[0] == "127.0.0.1"
        assert ask(server, "runs", token="wrong")[0] == 403
        assert ask(server, "runs", headers={"Host": "evil.example"})[0] == 403
        assert ask(server, "runs", headers={"Origin": "https://evil.example"})[0] == 403
        assert ask(server, "runs", method="POST")[0] == 405


def test_a_folder_that_is_none_is_named(capsys, tmp_path):
    assert main(["view", str(tmp_path / "nothing")]) == 2
    assert "expected a folder with runs in it" in capsys.readouterr().err


@pytest.mark.browser
def test_the_page_follows_a_run_that_is_played(chromium, runs, finished):
    with viewing(runs) as server:
        chromium.get("about:blank")
        mistakes(chromium)
        look_like(chromium, width=390)
        chromium.implicitly_wait(WAIT_S)
        chromium.get(server.address)
        chromium.find_element("link text", "deep/playing").click()
        chromium.find_element("css selector", "html[data-ready] .viewer canvas")
        assert "3 of 4 episodes" in chromium.find_element("id", "facts").text
        field = chromium.find_element("css selector", "#filters [name=text]")
        field.send_keys("action")
        chromium.find_element("css selector", "html[data-ready] .episode-list li")
        go_on(runs / "deep/playing", finished)
        chromium.find_element("css selector", "html[data-version='2']")
        assert "4 episodes" in chromium.find_element("id", "facts").text
        assert chromium.find_element("css selector", "#filters [name=text]").get_property("value") == "action"
        assert chromium.execute_script("return document.documentElement.scrollWidth") <= 390
        chromium.implicitly_wait(0)
        assert mistakes(chromium) == []


@pytest.mark.browser
def test_no_name_and_no_answer_is_ever_executed(chromium, tmp_path):
    play(tmp_path / HOSTILE.replace("/", ""), ScriptedAgent([HOSTILE, f"</script>{HOSTILE}"]), number_lines(1))
    play(tmp_path / "other", OracleAgent(), number_lines(1))
    with viewing(tmp_path) as server:
        chromium.get("about:blank")
        mistakes(chromium)
        chromium.implicitly_wait(WAIT_S)
        chromium.get(server.address)
        chromium.find_element("css selector", "body[data-ready] #runs input")
        assert HOSTILE in chromium.find_element("id", "runs").text
        chromium.execute_script("document.querySelectorAll('#runs input').forEach((box) => box.click())")
        chromium.find_element("id", "compare").click()
        chromium.find_element("css selector", "html[data-ready] .viewer canvas")
        assert HOSTILE in chromium.find_element("tag name", "h1").text
        chromium.implicitly_wait(0)
        assert chromium.execute_script("return window.pwned") is None
        assert mistakes(chromium) == []
