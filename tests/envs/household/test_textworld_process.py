"""The process around TextWorld: time limits, deaths, and nothing left behind. A stub plays TextWorld's part."""

import gc
import os
import re
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from vlm_gym.envs.household import textworld_process
from vlm_gym.envs.household.engine import EngineError
from vlm_gym.envs.household.textworld_process import Answer, Question, TextWorldProcess
from vlm_gym.errors import MissingDependencyError
from vlm_gym.installation import install_hint

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

STUB = """
import json, os, sys, time
for line in sys.stdin:
    command = json.loads(line)["command"]
    answer = {"feedback": command, "admissible": ["help", "look"], "won": False, "facts": [["opened", "box"]]}
    if command == "hang":
        time.sleep(1000)
    if command == "exit":
        sys.exit("no room for the kitchen")
    if command == "missing":
        answer = {"missing": "textworld"}
    if command == "error":
        answer = {"error": "Traceback: no such rule"}
    print(json.dumps(answer), flush=True)
"""
LONG_S, SHORT_S = 30.0, 0.2


def question(command, timeout_s=LONG_S):
    return Question({"command": command}, f"play {command!r} in 'a.tw-pddl'", timeout_s, "step_timeout_s")


def wait_for_end(pid, timeout_s=LONG_S):
    """Return whether a process that need not be our child ends in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    has_ended = bool(poll.poll(1000 * timeout_s))
    os.close(handle)
    return has_ended


def num_open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def stub(tmp_path, monkeypatch):
    file = tmp_path / "stub.py"
    file.write_text(STUB)
    monkeypatch.setattr(textworld_process, "WORKER_FILE", file)


@pytest.fixture
def process(stub):
    process = TextWorldProcess()
    yield process
    process.close()


def failure(process, command, timeout_s=LONG_S):
    with pytest.raises(EngineError) as error:
        process.ask(question(command, timeout_s))
    assert not process.is_open
    assert wait_for_end(process.pid)
    return str(error.value)


def test_an_answer_is_read(process):
    assert process.ask(question("look")) == Answer("look", ("help", "look"), False, (("opened", "box"),))
    assert process.ask(question("ein Löffel \ud800\n")).feedback == "ein Löffel \ud800\n"
    assert process.is_open


def test_a_game_that_hangs_is_ended_and_the_error_says_what_to_raise(process):
    process.ask(question("look"))
    message = failure(process, "hang", SHORT_S)
    assert message.startswith("TextWorld, asked to play 'hang' in 'a.tw-pddl', gave no answer within 0.2 s")
    assert "Raise step_timeout_s= on a slow or busy machine" in message


def test_a_stopped_process_is_ended_even_if_the_question_fills_the_pipe(process):
    os.kill(process.pid, signal.SIGSTOP)
    assert "gave no answer" in failure(process, "look" * 100_000, SHORT_S)


def test_a_killed_process_is_named_with_its_signal(process):
    process.ask(question("look"))
    os.kill(process.pid, signal.SIGKILL)
    assert "died of SIGKILL. The next reset() or step() starts a new process" in failure(process, "look")


def test_the_last_words_of_a_process_that_ends_are_told(process):
    message = failure(process, "exit")
    assert "asked to play 'exit' in 'a.tw-pddl', died with exit status 1, saying 'no room for the kitchen'" in message


def test_an_error_of_textworld_is_told(process):
    assert failure(process, "error").endswith("in 'a.tw-pddl', failed: Traceback: no such rule")


def test_a_missing_package_is_told_with_the_extra(process):
    with pytest.raises(MissingDependencyError, match=rf"no textworld.*{re.escape(install_hint('alfworld'))}"):
        process.ask(question("missing"))
    assert not process.is_open


def test_an_interrupted_question_never_lends_its_answer_to_the_next(process, monkeypatch):
    def interrupt(message):
        raise KeyboardInterrupt

    monkeypatch.setattr(textworld_process, "_read_answer", interrupt)
    with pytest.raises(KeyboardInterrupt):
        process.ask(question("look"))
    assert not process.is_open
    assert wait_for_end(process.pid)


def test_many_processes_leave_nothing_behind(stub):
    before = num_open_files()
    pids = []
    for number in range(20):
        process = TextWorldProcess()
        pids.append(process.pid)
        if number % 5 == 0:
            process.ask(question("look"))
        process.close()
        process.close()
    assert num_open_files() == before
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)  # zombies have an entry there


def test_a_forgotten_process_ends(stub):
    process = TextWorldProcess()
    pid = process.pid
    del process
    gc.collect()
    assert not Path(f"/proc/{pid}").exists()


def test_a_fork_neither_asks_nor_kills_its_parents_process(process, monkeypatch):
    monkeypatch.setattr(textworld_process.os, "getpid", lambda: -1)
    assert not process.is_open
    process.close()
    assert process._process.wait(LONG_S) == 0  # it saw its input end, as that of a fork does not


def test_the_real_worker_ends_with_its_parent():
    program = """
        import sys
        from vlm_gym.envs.household.textworld_process import TextWorldProcess
        process = TextWorldProcess()
        print(process.pid, flush=True)
        sys.stdin.read()
    """
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], text=True, **pipes) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    assert wait_for_end(pid)
