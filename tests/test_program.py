"""What every program does when its surroundings are against it: Ctrl-C, a reader that has gone, a poor terminal."""

import io
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

import moments
import pytest
from command_lines import command_line, commands, finite_commands, make_run

from vlm_gym.cli import main
from vlm_gym.installation import install_hint
from vlm_gym.program import extra_of, name_of_program

ROOT = moments.ROOT
TRAINERS = sorted(
    f"baselines.{path.stem}" for path in (ROOT / "baselines").glob("*.py") if '"__main__"' in path.read_text("utf-8")
)
PROGRAMS = ["vlm_gym", "vlm_gym.demo", *TRAINERS]
SCRIPT = (
    "import sys\nfrom vlm_gym.cli import main\nif __name__ == '__main__':\n    sys.exit(main())\n"  # as pip writes it
)

STRUCK_WHILE = {
    "list": "import:vlm_gym.evaluation.scores.statistics",
    "show": "open:picture.png",
    "play": "open:picture.png",
    "panels": "import:vlm_gym.evaluation.runs.panels",
    "eval": "open:.png",
    "ladder": "open:.png",
    "merge": "open:turns.jsonl",
    "report": "open:results.json",
    "results": "open:results.md",
    "view": "import:vlm_gym.web.view_server",
    "film": "open:film.gif",
    "collect": "open:train-",
    "download": "open:game.tw-pddl",
    "rescore": "open:run.json",
    "floor": "import:vlm_gym.evaluation.scores.statistics",
    "doctor": "import:vlm_gym.doctor",
    "bench": "import:vlm_gym.bench",
}
GO_ON = ("eval", "ladder", "collect", "download")
"""The commands that leave what they have done, to go on from there; the others leave nothing."""


@pytest.fixture(scope="module")
def a_run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "läuft ×")


def is_told(program, status, errors):
    """Check that a program was stopped in one line."""
    assert status == 130, errors
    assert "Traceback" not in errors
    assert "Exception ignored" not in errors
    assert f"{program}: stopped" in errors or "stopped by SIGINT" in errors


@pytest.mark.parametrize("module", ["gymnasium", "numpy", "vlm_gym.registration"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_ctrl_c_while_it_is_imported(tmp_path, program, module):
    status, out, errors = moments.run(tmp_path, "-m", program, "--help", strike_at=f"import:{module}")
    name = "vlm-gym" if program == "vlm_gym" else program
    assert (status, out, errors) == (130, "", f"{name}: stopped\n")


@pytest.mark.parametrize("module", ["gymnasium", "vlm_gym.registration", "asyncio", "vlm_gym.cli.bench"])
def test_ctrl_c_while_the_installed_command_is_imported(tmp_path, module):
    script = tmp_path / "vlm-gym"
    script.write_text(SCRIPT)
    status, out, errors = moments.run(tmp_path, script, "list", strike_at=f"import:{module}")
    assert (status, out, errors) == (130, "", "vlm-gym: stopped\n")


def test_ctrl_c_is_left_alone_in_other_programs(tmp_path):
    status, _, errors = moments.run(tmp_path, "-c", "import vlm_gym", strike_at="import:numpy")
    assert "KeyboardInterrupt" in errors
    assert status != 130


@pytest.mark.parametrize("command", commands())
def test_ctrl_c_while_a_command_is_at_work(tmp_path, a_run, command):
    out = tmp_path / "out"
    arguments = command_line(command, a_run, out)
    status, _, errors = moments.run(tmp_path, "-m", "vlm_gym", *arguments, strike_at=STRUCK_WHILE[command])
    is_told("vlm-gym", status, errors)
    left = [path for path in out.rglob("*") if path.is_file()] if out.exists() else []
    assert not [path for path in left if ".part" in path.name]
    assert not left or command in GO_ON


@pytest.mark.parametrize("command", GO_ON)
def test_a_command_goes_on_after_ctrl_c(tmp_path, a_run, command):
    out = tmp_path / "out"
    arguments = command_line(command, a_run, out)
    moments.run(tmp_path, "-m", "vlm_gym", *arguments, strike_at=STRUCK_WHILE[command])
    assert main([*arguments, *([] if command == "download" else ["--resume"])]) == 0


def test_the_table_of_moments_has_every_command():
    assert set(STRUCK_WHILE) == set(commands())


class _Terminal(io.TextIOWrapper):
    """Takes output as a stream of an encoding does."""

    def __init__(self, encoding):
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict", write_through=True)

    @property
    def told(self):
        return self.buffer.getvalue().decode(self.encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
@pytest.mark.parametrize("command", finite_commands())
def test_what_the_terminal_lacks_is_replaced(tmp_path, monkeypatch, a_run, command, encoding):
    out, errors = _Terminal(encoding), _Terminal(encoding)
    for name, stream in (("stdout", out), ("stderr", errors), ("stdin", io.StringIO("hit ×\n"))):
        monkeypatch.setattr(sys, name, stream)
    folder = tmp_path / "örter 🂡"
    assert main(command_line(command, a_run, folder)) == 0
    assert out.told or command == "play"
    assert "Traceback" not in errors.told


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("name", ["no-such-tàsk", "🂡", "\udcff"])
@pytest.mark.parametrize("command", ["show", "play", "bench", "film", "report", "merge", "panels"])
def test_a_mistake_is_told_in_any_encoding(tmp_path, monkeypatch, command, name, encoding):
    errors = _Terminal(encoding)
    monkeypatch.setattr(sys, "stderr", errors)
    monkeypatch.chdir(tmp_path)
    more = {"film": ["x"], "merge": ["--out", "x"]}.get(command, [])
    assert main([command, name, *more]) == 2
    assert errors.told.startswith("vlm-gym: ")


def test_what_a_person_types_need_not_be_in_the_encoding(tmp_path, monkeypatch, capsys):
    keyboard = io.TextIOWrapper(io.BytesIO("hit\xff×\nstand\n".encode("latin-1", "replace")), encoding="ascii")
    monkeypatch.setattr(sys, "stdin", keyboard)
    assert main(["play", "Blackjack-v0", "--text"]) == 0
    assert "return" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["-m", "vlm_gym", "list"], ["-m", "vlm_gym", "--help"]])
def test_a_process_writes_in_the_encoding_that_it_is_told(tmp_path, arguments):
    status, out, errors = moments.run(tmp_path, *arguments, PYTHONIOENCODING="ascii", LC_ALL="C", PYTHONUTF8="0")
    assert (status, errors) == (0, "")
    assert out.isascii()


@pytest.fixture
def closed_pipe():
    """A stream that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield stream


@pytest.mark.parametrize("command", finite_commands())
def test_a_reader_that_has_gone_is_no_error(tmp_path, monkeypatch, capsys, a_run, closed_pipe, command):
    monkeypatch.setattr(sys, "stdout", closed_pipe)
    monkeypatch.setattr(sys, "stdin", io.StringIO("hit\n"))
    assert main(command_line(command, a_run, tmp_path / "out")) == 0
    assert "vlm-gym: " not in capsys.readouterr().err
    closed_pipe.flush()  # as Python does at its end


@pytest.mark.parametrize("command", [None, *commands()])
def test_help_ends_quietly_without_a_reader(monkeypatch, capsys, closed_pipe, command):
    monkeypatch.setattr(sys, "stdout", closed_pipe)
    with pytest.raises(SystemExit) as stop:
        main([*([command] if command else []), "--help"])
    assert stop.value.code == 0
    assert capsys.readouterr().err == ""
    closed_pipe.flush()


@pytest.mark.parametrize("words", [["list"], ["--help"], ["eval", "--help"], ["panels", "cards-v0"]])
def test_a_process_without_a_reader_ends_quietly(tmp_path, words):
    with moments.begin(tmp_path, "-m", "vlm_gym", *words) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_run_whose_progress_nobody_reads_does_not_seem_finished(tmp_path, monkeypatch, closed_pipe):
    monkeypatch.setattr(sys, "stderr", closed_pipe)
    monkeypatch.setattr("vlm_gym.cli.progress.SECONDS_PER_LINE", 0.0)
    arguments = ["--agent", "random", "--task", "NumberLine-v0", "--episodes", "9", "--out", str(tmp_path / "run")]
    assert main(["eval", *arguments]) == 1


@pytest.mark.parametrize("words", [["list"], ["--help"], ["show", "NumberLine-v0"]])
def test_output_that_cannot_be_written_is_said(tmp_path, words):
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full on this system")
    script = tmp_path / "program.py"
    script.write_text(
        "import sys\nsys.stdout = open('/dev/full', 'w')\nfrom vlm_gym.cli import main\nsys.exit(main())\n"
    )
    words = [*words, "--out", str(tmp_path / "picture.png")] if words[0] == "show" else words
    status, _, errors = moments.run(tmp_path, script, *words)
    assert status == 2
    assert errors == "vlm-gym: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("command", finite_commands())
def test_closed_streams_are_no_error(tmp_path, monkeypatch, a_run, command):
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(command_line(command, a_run, tmp_path / "out")) == 0


@pytest.mark.parametrize("program", [*TRAINERS, "baselines.evaluate", "baselines.models.vlm"])
def test_a_trainer_without_torch_names_its_extra(tmp_path, program):
    status, out, errors = moments.run(tmp_path, "-m", program, "--help", absent="torch")
    assert status == 2
    assert (out, errors) == ("", f"{program}: PyTorch is missing: {install_hint(extra_of(program))}\n")


def test_a_trainer_that_is_imported_without_torch_names_its_extra(tmp_path):
    _, _, errors = moments.run(tmp_path, "-c", "import baselines.rollout", absent="torch")
    last = errors.splitlines()[-1]
    assert last == f"vlm_gym.errors.MissingDependencyError: PyTorch is missing: {install_hint('train')}"


@pytest.mark.parametrize(
    ("program", "package"),
    [
        *((program, "torch") for program in TRAINERS if program != "baselines.cnn_ppo"),  # which imports it later
        pytest.param("baselines.ppo", "transformers", marks=pytest.mark.slow),
        pytest.param("baselines.sft", "accelerate", marks=pytest.mark.slow),
        ("baselines.cnn_ppo", "yaml"),
        ("vlm_gym.adapters.openenv", "openenv"),
    ],
)
def test_a_package_that_is_damaged_is_told_with_the_extra(tmp_path, program, package):
    broken = tmp_path / "site" / package
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('libcudnn.so.9: cannot open shared object file')")
    if package != "torch" and find_spec("torch") is None:
        pytest.skip("needs PyTorch: make train")
    status, _, errors = moments.run(tmp_path, "-m", program, "--help", path=[tmp_path / "site"])
    assert status == 2
    assert errors.count("\n") == 1
    assert errors.startswith(f"{program}: ")
    assert "libcudnn.so.9" in errors
    assert install_hint(extra_of(program)) in errors


@pytest.mark.parametrize(
    ("argv", "orig_argv", "name"),
    [
        (["-m", "list"], ["python", "-m", "vlm_gym", "list"], "vlm-gym"),
        (["-m"], ["python", "-X", "dev", "-Wd", "-m", "vlm_gym"], "vlm-gym"),
        (["-m"], ["python", "-mvlm_gym"], "vlm-gym"),
        (["-m", "-m", "x"], ["python", "-Im", "vlm_gym.demo", "-m", "x"], "vlm_gym.demo"),
        (["-m", "--help"], ["python", "-u", "-m", "baselines.ppo", "--help"], "baselines.ppo"),
        (["-m", "-m", "baselines.ppo"], ["python", "-m", "accelerate.commands.launch", "-m", "baselines.ppo"], None),
        (["-m", "vlm_gym"], ["python", "-m", "pytest", "vlm_gym"], None),
        (["-m"], ["python", "-m", "vlm_gym_agents"], None),
        (["-m"], ["python", "-m", "my_baselines.ppo"], None),
        (["/usr/bin/vlm-gym", "list"], ["python", "/usr/bin/vlm-gym", "list"], "vlm-gym"),
        (["C:/Scripts/vlm-gym.exe"], ["python", "C:/Scripts/vlm-gym.exe"], "vlm-gym"),
        (["/usr/bin/pytest"], ["python", "/usr/bin/pytest"], None),
        (["-c"], ["python", "-c", "import vlm_gym"], None),
        ([""], ["python"], None),
        ([], ["python"], None),
    ],
)
def test_our_programs_are_known_by_their_command_lines(argv, orig_argv, name):
    assert name_of_program(argv, orig_argv) == name


def test_every_program_says_its_own_name():
    for program in TRAINERS:
        text = (ROOT / f"{program.replace('.', '/')}.py").read_text("utf-8")
        assert re.search(rf'run_program\("{re.escape(program)}", main\)', text)
