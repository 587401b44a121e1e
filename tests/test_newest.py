"""The trial of tomorrow's releases ends in time and with a verdict, whatever goes wrong."""

import importlib.util
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


def verdict_of(newest, monkeypatch, capsys, *commands, minutes="5", tests=()):
    """Run the trial with these commands in place of the installation, and these options of pytest."""
    monkeypatch.setattr(sys, "argv", ["newest.py", "--torch", "torch", "--minutes", minutes])
    monkeypatch.setattr(newest, "installing", lambda venv, python, torch: iter(commands))
    monkeypatch.setattr(newest, "newer_than_the_lock", lambda python, deadline: ["transformers==9.0.0"])
    monkeypatch.setattr(newest, "OPTIONS", ("-q", "-rfE", "-p", "no:cacheprovider", *tests))
    monkeypatch.setattr(newest, "python_of", lambda venv: sys.executable)
    return newest.main(), capsys.readouterr().out.splitlines()


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
