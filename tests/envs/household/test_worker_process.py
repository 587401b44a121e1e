"""The process that plays for an engine: time limits, deaths, and nothing left behind. A stub plays the games."""

import gc
import os
import re
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from ended import LONG_S, wait_for_end

from vlm_gym.envs.household import worker_process
from vlm_gym.envs.household.engine import EngineError
from vlm_gym.envs.household.worker_process import Program, Question, WorkerProcess
from vlm_gym.errors import MissingDependencyError
from vlm_gym.installation import install_hint

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

STUB = """
import json, os, subprocess, sys, time

class Player:
    def answer(self, request):
        command = request["command"]
        if command == "hang":
            time.sleep(1000)
        if command == "exit":
            print("no room for the kitchen", file=sys.stderr, flush=True)
            os._exit(1)
        if command == "missing":
            import no_such_package
        if command == "error":
            raise KeyError("no such rule")
        if command == "plain":
            raise GameFailed("the kitchen is on fire")
        if command == "child":
            return {"pid": subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"]).pid}
        print("this is no answer")
        return {"feedback": command}

class GameFailed(Exception):
    pass
"""
SHORT_S = 0.2


def question(command, timeout_s=LONG_S):
    return Question({"command": command}, f"play {command!r} in 'a.tw-pddl'", timeout_s, "step_timeout_s")


def num_open_files():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def program(tmp_path):
    file = tmp_path / "stub.py"
    file.write_text(STUB)
    return Program("TextWorld", file, "alfworld")


@pytest.fixture
def process(program):
    process = WorkerProcess(program)
    yield process
    process.close()


def failure(process, command, timeout_s=LONG_S):
    with pytest.raises(EngineError) as error:
        process.ask(question(command, timeout_s))
    assert not process.is_open
    assert wait_for_end(process.pid)
    return str(error.value)


def test_an_answer_is_read(process):
    assert process.ask(question("look")) == {"feedback": "look"}
    assert process.ask(question("ein Löffel \ud800\n")) == {"feedback": "ein Löffel \ud800\n"}
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
    message = failure(process, "error")
    assert "in 'a.tw-pddl', failed: Traceback" in message
    assert message.endswith("KeyError: 'no such rule'")


def test_a_failure_in_words_of_its_own_is_told_without_a_traceback(process):
    assert failure(process, "plain").endswith("in 'a.tw-pddl', failed: the kitchen is on fire")


@pytest.mark.parametrize("end", [WorkerProcess.close, lambda process: os.kill(process.pid, signal.SIGKILL)])
def test_what_a_process_has_started_ends_with_it(process, end):
    child = process.ask(question("child"))["pid"]
    end(process)
    assert wait_for_end(process.pid)
    process.close()
    assert wait_for_end(child)


def test_a_missing_package_is_told_with_the_extra(process):
    with pytest.raises(MissingDependencyError, match=rf"no no_such_package.*{re.escape(install_hint('alfworld'))}"):
        process.ask(question("missing"))
    assert not process.is_open


def test_an_interrupted_question_never_lends_its_answer_to_the_next(process, monkeypatch):
    def interrupt(process, message):
        raise KeyboardInterrupt

    monkeypatch.setattr(WorkerProcess, "_read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        process.ask(question("look"))
    assert not process.is_open
    assert wait_for_end(process.pid)


def test_many_processes_leave_nothing_behind(program):
    before = num_open_files()
    pids = []
    for number in range(20):
        process = WorkerProcess(program)
        pids.append(process.pid)
        if number % 5 == 0:
            process.ask(question("look"))
        process.close()
        process.close()
    assert num_open_files() == before
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)  # zombies have an entry there


def test_a_forgotten_process_ends(program):
    process = WorkerProcess(program)
    pid = process.pid
    del process
    gc.collect()
    assert not Path(f"/proc/{pid}").exists()


def test_a_fork_neither_asks_nor_kills_its_parents_process(process, monkeypatch):
    monkeypatch.setattr(worker_process.os, "getpid", lambda: -1)
    assert not process.is_open
    process.close()
    assert process._process.wait(LONG_S) == -signal.SIGKILL  # it saw its input end, as that of a fork does not


def test_all_processes_end_with_a_killed_parent(program):
    code = """
        import sys
        from pathlib import Path
        from vlm_gym.envs.household.worker_process import Program, Question, WorkerProcess
        process = WorkerProcess(Program("a game", Path(sys.argv[1]), ""))
        child = process.ask(Question({"command": "child"}, "start", 30.0, ""))["pid"]
        print(process.pid, child, flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(program.player)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        parent.kill()
    assert all(wait_for_end(pid) for pid in pids)
