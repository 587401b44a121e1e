"""The command line's part: what is served, where it is recorded, and what is refused."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest

from vlm_gym.cli import main
from vlm_gym.evaluation.runs.run_folder import read_episodes, read_run, read_turns

TIMEOUT_S = 60.0


@contextmanager
def playing(*arguments, environ=None):
    """Run the command; give its process and the address that it prints."""
    command = [sys.executable, "-m", "vlm_gym", "play", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **(environ or {})}
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("Play at http://127.0.0.1:"), line + process.stderr.read()
        yield process, line.split()[2]
    finally:
        process.kill()
        process.communicate()


def ask(address, path, values=None):
    data = None if values is None else json.dumps(values).encode()
    request = urllib.request.Request(address + path, data, {"Content-Type": "application/json"} if data else {})
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


def say(address, *texts):
    state = ask(address, "state")
    for text in texts:
        state = ask(address, "answer", {"version": state["version"], "text": text})
    return state


def wait_until(is_so):
    end = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def stop(process):
    """Press Ctrl-C; return what is printed."""
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=30)
    assert errors == ""
    assert process.returncode == 130
    return told


def test_a_person_plays_stops_and_goes_on(tmp_path):
    out = tmp_path / "me"
    arguments = ("NumberLine-v0", "--web", "--no-open", "--out", str(out), "--options", '{"position": 1, "target": 3}')
    with playing(*arguments) as (process, address):
        state = say(address, "+", "+")
        state = ask(address, "next", {"version": state["version"]})
        assert state["episode"]["seed"] == 1
        say(address, "-")
        assert f"Episodes played: 1, in {out}. The same command goes on from here." in stop(process)
    with playing(*arguments) as (process, address):
        state = ask(address, "state")
        assert (state["episode"]["seed"], state["episode"]["turn"]) == (1, 2)
        process.send_signal(signal.SIGKILL)  # nothing but the turn in flight is lost
    assert (len(read_turns(out)), len(read_episodes(out))) == (3, 1)
    assert read_run(out)["agent"]["name"] == "human"


@pytest.mark.browser
def test_the_page_says_that_the_server_has_ended(chromium, tmp_path):
    with playing("NumberLine-v0", "--web", "--no-open", "--out", str(tmp_path / "me")) as (process, address):
        chromium.get(address)
        wait_until(lambda: chromium.find_elements("css selector", "#actions button"))
        stop(process)
    chromium.find_element("css selector", "#actions button").click()
    problem = chromium.find_element("css selector", "#problem")
    wait_until(problem.is_displayed)
    assert problem.text.startswith("The server does not answer. Is `vlm-gym play --web` still running?")


def test_a_panel_is_played_in_order(tmp_path):
    out = tmp_path / "baseline"
    arguments = ("--web", "--no-open", "--panel", "cards-v0", "--first", "1", "--out", str(out), "--port", "0")
    told = ("--history", "1", "--system", "Play well.", "--arg", "prompt=action_only")
    with playing(*arguments, *told) as (process, address):
        state = ask(address, "state")
        assert (state["num_episodes"], state["is_as_model"]) == (6, True)
        assert state["episode"]["messages"][0] == {"role": "system", "text": "Play well.", "picture": None}
        assert '"thoughts"' not in state["episode"]["messages"][1]["text"]
        stop(process)
    run = read_run(out)
    assert (run["panel"]["name"], run["panel"]["first"], len(run["episodes"])) == ("cards-v0[prompt=action_only]", 1, 6)
    assert (run["panel"]["arguments"], run["chat"]["history"]) == ({"prompt": "action_only"}, 1)


def test_the_browser_is_opened_at_the_address(tmp_path):
    opened, browser = tmp_path / "opened", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    arguments = ("NumberLine-v0", "--web", "--out", str(tmp_path / "me"))
    with playing(*arguments, environ={"BROWSER": f"{browser} %s"}) as (process, address):
        wait_until(lambda: opened.exists() and opened.read_text())
        assert opened.read_text().strip() == address
        stop(process)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "play needs the ID of a task (see: vlm-gym list), or --web to choose one in the browser"),
        (["Blackjack-v0", "--out", "picture.jpg"], "--out must be the name of a .png file, got picture.jpg"),
        (["Blackjack-v0", "--panel", "cards-v0"], "--panel is for the browser: add --web"),
        (["Blackjack-v0", "--no-open"], "--no-open is for the browser: add --web"),
        (["Blakjack-v0", "--web"], "Did you mean 'Blackjack-v0'?"),
        (["--web", "--arg", "theme=night"], "--arg and --options need the ID of a task"),
        (["--web", "--first", "2"], "--first needs --panel"),
        (["--web", "--panel", "cards-v1"], "Did you mean 'cards-v0'?"),
        (
            ["Blackjack-v0", "--web", "--panel", "cards-v0"],
            "a panel sets task and starts: leave out ID, --seed and --options",
        ),
        (["Blackjack-v0", "--web", "--history", "2"], "goes with --web --panel NAME"),
        (["Blackjack-v0", "--max-reasks", "2"], "goes with --web --panel NAME"),
        (["--web", "--panel", "cards-v0", "--show", "film"], "show must be one of"),
        (["Blackjack-v0", "--web", "--seed", "-1"], "seed must be an int >= 0, got -1"),
        (["Blackjack-v0", "--web", "--arg", "parser=tagged"], "--arg parser cannot be chosen here"),
    ],
)
def test_a_mistake_gets_one_clear_line(capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["play", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("vlm-gym: ")
    assert message in error
    assert error.count("\n") == 1


def test_a_folder_that_is_no_run_is_left_alone(capsys, tmp_path):
    (tmp_path / "letter.txt").write_text("Dear")
    assert main(["play", "Blackjack-v0", "--web", "--out", str(tmp_path)]) == 2
    assert "is not a run" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_wrong_port_is_named(capsys):
    with pytest.raises(SystemExit):
        main(["play", "Blackjack-v0", "--web", "--port", "70000"])
    assert "must be a port from 0 to 65535, got 70000" in capsys.readouterr().err
