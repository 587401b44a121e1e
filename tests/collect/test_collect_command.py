"""`vlm-gym collect`, as a person uses it."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from data_sets import EZPOINTS, answers_of, bytes_of, rows_of

from vlm_gym.cli import main
from vlm_gym.installation import install_hint

LINES = ("--format", "llava")


def collect(*arguments):
    """Run the command here and return its exit status."""
    return main(["collect", *map(str, arguments)])


@pytest.fixture
def run_folder(tmp_path):
    """A run of 20 episodes that is no panel's."""
    folder = tmp_path / "run"
    playing = ["--task", "EZPoints-v0", "--episodes", "20", "--agent", "oracle:0.8", "--system", "You play."]
    assert main(["eval", *playing, "--out", str(folder)]) == 0
    return folder


def test_it_says_what_there_is_now(tmp_path, capsys):
    assert collect("NumberLine-v0", "--samples", 50, "--out", tmp_path / "d", *LINES) == 0
    assert f"{tmp_path / 'd'}: 50 samples with 26 distinct pictures in 1 file\n" in capsys.readouterr().out
    card = (tmp_path / "d/README.md").read_text()
    assert str(tmp_path) not in card
    assert "--out FOLDER" in card


def test_fewer_samples_than_wanted_are_told_and_show_in_the_exit_status(tmp_path, capsys):
    wanted = ("NumberLine-v0", "--samples", 50, "--cot", "none", "--patience", 200)
    assert collect(*wanted, "--out", tmp_path / "d", *LINES) == 1
    assert "vlm_gym/NumberLine-v0: 30 of 50 samples: 200 episodes in a row gave nothing new" in capsys.readouterr().err


def test_arguments_of_the_task_and_of_the_chat_reach_it(tmp_path):
    wanted = ("Points24-v0", "--samples", 10, "--arg", "solvable=true", "--arg", "image_size=84")
    assert collect(*wanted, "--system", "You play.", "--history", 1, "--out", tmp_path / "d", *LINES) == 0
    described = json.loads((tmp_path / "d/data.json").read_text())
    assert described["settings"]["arguments"] == {"solvable": True, "image_size": 84}
    assert described["settings"]["chat"]["system"] == "You play."
    assert described["is_complete"] is True
    assert rows_of(tmp_path / "d")[0]["conversations"][0] == {"from": "system", "value": "You play."}


def test_resume_finds_a_complete_data_set_complete(tmp_path, capsys):
    wanted = ("EZPoints-v0", "--samples", 20, "--out", tmp_path / "d", *LINES)
    assert collect(*wanted) == 0
    before = bytes_of(tmp_path / "d")
    assert collect(*wanted, "--resume") == 0
    assert bytes_of(tmp_path / "d") == before
    assert capsys.readouterr().out.count("20 samples") == 2


def test_format_only_is_a_name_for_random_labels(tmp_path):
    assert collect("EZPoints-v0", "--samples", 20, "--format-only", "--out", tmp_path / "a", *LINES) == 0
    assert collect("EZPoints-v0", "--samples", 20, "--label", "random", "--out", tmp_path / "b", *LINES) == 0
    assert answers_of(tmp_path / "a") == answers_of(tmp_path / "b")


def test_a_runs_answers_are_taken_over_word_by_word(tmp_path, run_folder):
    assert collect("--from-run", run_folder, "--out", tmp_path / "d", "--keep-duplicates", *LINES) == 0
    turns = [json.loads(line) for line in (run_folder / "turns.jsonl").read_text().splitlines()]
    expected = [turn["answers"][-1] for turn in turns if not (turn["fault"] or turn["illegal"])]
    assert sorted(answers_of(tmp_path / "d")) == sorted(expected)
    assert all(row["conversations"][0]["value"] == "You play." for row in rows_of(tmp_path / "d"))
    assert "a run of `vlm-gym eval`" in (tmp_path / "d/README.md").read_text()


def test_a_run_can_be_corrected(tmp_path, run_folder):
    wanted = ("--from-run", run_folder, "--label", "best", "--successful-only")
    assert collect(*wanted, "--out", tmp_path / "d", *LINES) == 0
    assert all(row["is_success"] for row in rows_of(tmp_path / "d"))
    assert all("thoughts" in json.loads(answer) for answer in answers_of(tmp_path / "d"))


def test_a_run_that_plays_otherwise_now_is_refused(tmp_path, run_folder, capsys):
    turns = (run_folder / "turns.jsonl").read_text().replace('"reward": 10.0', '"reward": 11.0')
    (run_folder / "turns.jsonl").write_text(turns)
    assert collect("--from-run", run_folder, "--out", tmp_path / "d", *LINES) == 2
    assert "does not play as it was recorded" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"), [("turns", "has no finished episode"), ("episodes", "has no finished episode")]
)
def test_a_run_that_lost_its_turns_or_episodes_is_refused(tmp_path, run_folder, capsys, name, message):
    (run_folder / f"{name}.jsonl").write_text("")
    assert collect("--from-run", run_folder, "--samples", 5, "--out", tmp_path / "d", *LINES) == 2
    assert "has no finished episode" in capsys.readouterr().err


@pytest.mark.parametrize(
    "variant",
    [
        ["--panel", "cards-v0", "--tasks", "EZPoints-v0", "--first", "2", "--arg", "prompt=action_only"],
        ["--task", "EZPoints-v0", "--seed", "1000000000", "--episodes", "2", "--arg", "image_size=84"],
    ],
)
def test_a_panels_starts_are_refused_with_whatever_arguments(tmp_path, capsys, variant):
    """The deal is what nobody may train on; a prompt or a picture of another kind makes no other one of it."""
    assert main(["eval", *variant, "--agent", "oracle", "--out", str(tmp_path / "run")]) == 0
    for panel in ([], ["--panel", "household-v0"]):
        assert collect("--from-run", tmp_path / "run", "--out", tmp_path / "d", *panel, *LINES) == 2
        assert "the run holds episodes of the panel 'cards-v0'" in capsys.readouterr().err


def test_nothing_that_is_kept_is_told(tmp_path, capsys):
    playing = ("--agent", "constant:-", "--task", "EZPoints-v0", "--episodes", "2")
    assert main(["eval", *playing, "--out", str(tmp_path / "run")]) == 0
    assert collect("--from-run", tmp_path / "run", "--successful-only", "--out", tmp_path / "d", *LINES) == 1
    assert "nothing was kept" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [["eval", "--agent", "random", "--task", "NumberLine-v0"], ["play", "--web", "--no-open", "NumberLine-v0"]],
)
def test_options_that_are_no_object_are_told(tmp_path, capsys, command):
    assert main([*command, "--options", "[1]", "--out", str(tmp_path / "run")]) == 2
    assert "options must be a dict or None, got [1]" in capsys.readouterr().err


def test_a_panels_run_is_refused_unless_the_panel_is_named(tmp_path, capsys):
    playing = ("--panel", "cards-v0", "--tasks", "EZPoints-v0", "--first", "3", "--agent", "oracle")
    assert main(["eval", *playing, "--out", str(tmp_path / "run")]) == 0
    assert collect("--from-run", tmp_path / "run", "--out", tmp_path / "d", *LINES) == 2
    assert "the run holds episodes of the panel 'cards-v0'" in capsys.readouterr().err
    assert not (tmp_path / "d").exists()
    assert collect("--from-run", tmp_path / "run", "--panel", "cards-v0", "--out", tmp_path / "d", *LINES) == 0
    assert "must not be scored" in (tmp_path / "d/README.md").read_text().replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["EZPoints-v0"], "samples must say how many samples are wanted"),
        (["--samples", "5"], "expected one task or more, a panel or a run; got none"),
        (["EZPints-v0", "--samples", "5"], "Did you mean 'EZPoints-v0'?"),
        (["EZPoints-v0", "--samples", "5", "--format", "llama"], "format must be one of 'parquet', 'llava', 'trl'"),
        (["EZPoints-v0", "--samples", "5", "--unit", "turn"], "unit must be one of 'step', 'conversation'"),
        (["EZPoints-v0", "--samples", "5", "--agent", "oracel"], "Did you mean 'oracle'?"),
        (["EZPoints-v0", "--samples", "5", "--arg", "parser=json"], "--arg parser cannot be chosen here"),
        (["EZPoints-v0", "--samples", "5", "--arg", "num_card=3"], "Did you mean 'num_cards'?"),
        (["EZPoints-v0", "--samples", "5", "--parser", "jsn"], "Did you mean 'json'?"),
        (["--panel", "card-v0"], "Did you mean 'cards-v0'?"),
        (["--from-run", "nowhere"], "nowhere is not a run of `vlm-gym eval`"),
        (["ALFWorld-ValidSeen-v0", "--samples", "5"], "which are for evaluation"),
    ],
)
def test_a_mistake_gets_one_clear_line_and_leaves_no_folder(tmp_path, capsys, arguments, message):
    assert collect(*LINES, *arguments, "--out", tmp_path / "d") == 2  # a format that needs no extra
    error = capsys.readouterr().err
    assert error.startswith("vlm-gym: ")
    assert message in error
    assert error.count("\n") == 1
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".jsonl", ".png")]


def test_a_run_has_an_agent_of_its_own(tmp_path, run_folder, capsys):
    assert collect("--from-run", run_folder, "--agent", "random", "--out", tmp_path / "d") == 2
    assert "--from-run has an agent, a parser and a way of telling of its own" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(capsys):
    assert collect("EZPoints-v0", "--samples", 5, "--out", "/proc/no/data", *LINES) == 2
    assert "cannot write /proc/no/data/data.json" in capsys.readouterr().err


@pytest.mark.parametrize("style", ["parquet", "llava", "trl"])
def test_folders_need_not_be_utf_8(tmp_path, monkeypatch, run_folder, style):
    if style != "llava":
        pytest.importorskip("pyarrow", reason=f"parquet needs pyarrow: {install_hint('data')}")
    run = run_folder.rename(tmp_path / "l\udcffuf")
    out = tmp_path / "\udcfe"
    monkeypatch.setattr(sys, "argv", ["vlm-gym", "collect", "--from-run", str(run)])  # the card shows it
    assert collect("--from-run", run, "--format", style, "--out", out) == 0
    assert "?uf" in (out / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["EZPints-v0", "--samples", "5"], "Did you mean 'EZPoints-v0'?"),
        (["--panel", "card-v0"], "Did you mean 'cards-v0'?"),
        (["--from-run", "nowhere"], "nowhere is not a run"),
        (["ALFWorld-ValidSeen-v0", "--samples", "5"], "which are for evaluation"),
    ],
)
def test_what_is_to_be_played_is_looked_at_before_an_extra(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert collect(*arguments, "--out", tmp_path / "d") == 2
    assert message in capsys.readouterr().err


def test_a_missing_extra_is_named(tmp_path):
    program = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from vlm_gym.cli import main\n"
        f"sys.exit(main(['collect', 'EZPoints-v0', '--samples', '5', '--out', {str(tmp_path / 'd')!r}]))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr == f"vlm-gym: parquet files need pyarrow: {install_hint('data')}\n"
    assert not (tmp_path / "d").exists()


@pytest.mark.skipif(shutil.which("script") is None, reason="`script` gives a program a terminal")
def test_on_a_terminal_there_is_a_bar(tmp_path):
    command = f"{sys.executable} -m vlm_gym collect EZPoints-v0 --samples 40 --out {tmp_path / 'd'} --format llava"
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    ran = subprocess.run(
        ["script", "-qec", command, "/dev/null"], capture_output=True, text=True, check=True, env=environ
    )
    assert "40/40" in ran.stdout
    assert "samples, EZPoints-v0" in ran.stdout
    card = (tmp_path / "d/README.md").read_text()
    assert "\nvlm-gym collect EZPoints-v0 --samples 40 --format llava --out FOLDER\n" in card


def test_the_help_has_examples(capsys):
    with pytest.raises(SystemExit) as stop:
        collect("--help")
    assert stop.value.code == 0
    assert "examples:" in capsys.readouterr().out


def test_collecting_imports_no_deep_learning():
    program = "import sys, vlm_gym.collect.run; print(sorted({'torch', 'transformers', 'datasets'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_two_tasks_come_one_after_the_other(tmp_path):
    assert collect("EZPoints-v0", "Blackjack-v0", "--samples", 10, "--out", tmp_path / "d", *LINES) == 0
    assert [row["task"] for row in rows_of(tmp_path / "d")] == [EZPOINTS] * 5 + ["vlm_gym/Blackjack-v0"] * 5
