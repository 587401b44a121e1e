"""The trial of tomorrow's releases ends in time and with a verdict, whatever goes wrong."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "requirements" / "newest.py"


@pytest.fixture(name="newest")
def load():
    spec = importlib.util.spec_from_file_location("newest", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verdict_of(newest, monkeypatch, capsys, *commands, minutes="5", tests=(), newer=("transformers==9.0.0",)):
    """Run the trial with these commands in place of the installation, and these options of pytest."""
    monkeypatch.setattr(sys, "argv", ["newest.py", "--torch", "torch", "--minutes", minutes])
    monkeypatch.setattr(newest, "resolving", lambda venv, python, torch: iter(()))
    monkeypatch.setattr(newest, "installing", lambda python, torch: iter(commands))
    monkeypatch.setattr(newest, "newer_than_the_lock", lambda report: list(newer))
    monkeypatch.setattr(newest, "OPTIONS", ("-q", "-rfE", "-p", "no:cacheprovider", *tests))
    monkeypatch.setattr(newest, "python_of", lambda venv: sys.executable)
    return newest.main(), capsys.readouterr().out.splitlines()


def test_where_nothing_is_newer_nothing_is_installed_or_run(newest, monkeypatch, capsys):
    status, lines = verdict_of(newest, monkeypatch, capsys, (sys.executable, "--no-such-option"), newer=())
    assert status == 0
    assert lines == ["newest: nothing is newer than the lock, which `make test` runs the tests with"]


def test_what_is_newer_is_what_the_lock_has_in_another_version(newest, monkeypatch, tmp_path):
    """A release that some platform has beside the lock's is not newer, nor is a build of it, nor what is not ours."""
    lock, report = tmp_path / "all.txt", tmp_path / "report.json"
    lock.write_text(
        "# by hand\nnumpy==2.2.6 ; python_version < '3.11'\nnumpy==2.4.0\nopencv-python==4.13.0\ntorch==2.13.0\n"
    )
    found = [("numpy", "2.4.0"), ("OpenCV_Python", "4.14.0"), ("torch", "2.13.0+cpu"), ("nvidia-nccl", "1.0")]
    entries = [{"metadata": {"name": name, "version": version}} for name, version in found]
    report.write_text(json.dumps({"install": entries}))
    monkeypatch.setattr(newest, "LOCK", lock)
    assert newest.newer_than_the_lock(report) == ["opencv-python==4.14.0"]


def test_tests_that_pass_are_told_in_one_line(newest, monkeypatch, capsys, tmp_path):
    (tmp_path / "test_it.py").write_text("def test_a(): pass\n")
    status, lines = verdict_of(newest, monkeypatch, capsys, tests=(str(tmp_path),))
    assert status == 0
    assert len(lines) == 1
    assert lines[0].startswith("newest: 1 passed in ")
    assert lines[0].endswith("; newer than the lock: transformers==9.0.0")


def test_failures_are_named_before_the_verdict(newest, monkeypatch, capsys, tmp_path):
    (tmp_path / "test_it.py").write_text("def test_a(): assert 1 == 2\ndef test_b(): pass\n")
    status, lines = verdict_of(newest, monkeypatch, capsys, tests=(str(tmp_path),))
    assert status == 1
    assert len(lines) == 2
    assert "test_it.py::test_a - assert 1 == 2" in lines[0]
    assert lines[1].startswith("newest: 1 failed, 1 passed in ")


def test_tests_that_cannot_begin_are_a_failure(newest, monkeypatch, capsys):
    status, lines = verdict_of(newest, monkeypatch, capsys, tests=("--no-such-option",))
    assert status == 1
    assert any("--no-such-option" in line for line in lines)


def test_what_cannot_be_installed_is_told_with_pips_words(newest, monkeypatch, capsys):
    command = (sys.executable, "-c", "import sys; sys.exit('No matching distribution found for torch')")
    status, lines = verdict_of(newest, monkeypatch, capsys, command)
    assert status == 1
    assert lines[1:] == ["No matching distribution found for torch", "newest: it cannot be installed"]


def test_when_the_time_is_over_it_ends_with_all_its_children(newest, monkeypatch, capsys, tmp_path):
    child = "import signal; signal.pause()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    status, lines = verdict_of(newest, monkeypatch, capsys, (sys.executable, "-c", parent), minutes="0")
    assert status == 1
    assert lines[-1] == "newest: no verdict within 0 minutes"


def test_what_ran_until_the_time_was_over_is_told(newest, monkeypatch, capsys, tmp_path):
    """The second test ends the time and would wait for ever."""
    (tmp_path / "test_it.py").write_text(
        "import os, signal\n"
        "def test_a(): assert 1 == 2\n"
        "def test_b(): os.kill(os.getppid(), signal.SIGUSR1); signal.pause()\n"
    )

    def end_the_time(*_):
        raise newest.subprocess.TimeoutExpired("pytest", 300)

    before = newest.signal.signal(newest.signal.SIGUSR1, end_the_time)
    try:
        status, lines = verdict_of(newest, monkeypatch, capsys, tests=(str(tmp_path),))
    finally:
        newest.signal.signal(newest.signal.SIGUSR1, before)
    assert status == 1
    assert "test_it.py::test_a - assert 1 == 2" in lines[0]
    assert lines[1].startswith("newest: 1 failed in ")
    assert lines[1].endswith(" of 5 minutes, then the time was over; newer than the lock: transformers==9.0.0")
