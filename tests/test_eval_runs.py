"""`vlm-gym eval` with several agents and panels, and with variants of a panel."""

import json

import pytest
from recorded import results

from vlm_gym.cli import main
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.panels import fingerprint_of, get_panel
from vlm_gym.evaluation.runs.run_folder import read_run, read_turns

AGENTS = ("oracle:0.5", "random")
PANELS = ("cards-v0", "household-v0")


def test_every_agent_plays_every_panel_and_one_table_tells_of_all(capsys, tmp_path):
    several = ["eval", "--agent", *AGENTS, "--panel", *PANELS, "--first", "2", "--out", str(tmp_path / "all")]
    assert main(several) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["floor", "ceiling", *AGENTS]
    assert [line.split()[0] for line in lines[1:10]] == [
        "cards-v0", "NumberLine-v0", "EZPoints-v0", "Points24-v0", "EZPointsFormula-v0", "Points24Formula-v0",
        "Blackjack-v0", "household-v0", "Household-v0",
    ]  # fmt: skip
    assert (
        main(["eval", "--agent", "random", "--panel", "cards-v0", "--first", "2", "--out", str(tmp_path / "one")]) == 0
    )
    assert results(tmp_path / "all" / "random" / "cards-v0") == results(tmp_path / "one")
    assert main([*several, "--resume"]) == 0
    assert capsys.readouterr().out.splitlines()[-len(lines) :] == lines


def test_folders_are_named_by_what_differs(tmp_path):
    agents = ["eval", "--agent", "constant:../a b", "--agent", "random", "--panel", "cards-v0", "--first", "1"]
    assert main([*agents, "--tasks", "Blackjack-v0", "--out", str(tmp_path)]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["constant-..-a-b", "random"]


def test_an_agent_that_fails_leaves_the_others_theirs(capsys, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "broken_agent.py").write_text(
        "from vlm_gym.errors import AgentRefusedError\n"
        "def answer(messages):\n    raise AgentRefusedError('the key is wrong')\n"
    )
    command = ["eval", "--agent", "python:broken_agent:answer", "random", "--panel", "cards-v0", "--first", "1"]
    assert main([*command, "--out", str(tmp_path / "runs")]) == 1
    told = capsys.readouterr()
    assert "the key is wrong" in told.err
    assert told.out.splitlines()[0].split() == ["floor", "ceiling", "random"]


def test_a_run_over_fewer_episodes_is_marked(capsys, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "lazy_agent.py").write_text(
        "from vlm_gym.errors import AgentError\n"
        "def answer(messages):\n"
        "    if 'Blackjack' in messages[-1]['content'][-1]['text']:\n        raise AgentError('too hard')\n"
        "    return '+'\n"
    )
    command = ["eval", "--agent", "random", "python:lazy_agent:answer", "--panel", "cards-v0", "--first", "1"]
    assert main([*command, "--out", str(tmp_path / "runs")]) == 1
    told = capsys.readouterr()
    assert "too hard" in told.err
    lines = {line.split()[0]: line for line in told.out.splitlines() if line}
    assert lines["cards-v0"].count("*") == 1
    assert lines["Blackjack-v0"].endswith(" -")
    assert "No episode is finished of Blackjack-v0." in told.out


def test_the_folder_of_a_run_is_none_for_several(capsys, tmp_path):
    command = ["eval", "--panel", "cards-v0", "--first", "1", "--out", str(tmp_path)]
    assert main([*command, "--agent", "random"]) == 0
    assert main([*command, "--agent", "random", "oracle"]) == 2
    assert "is the folder of one run: choose another --out for several" in capsys.readouterr().err


def test_a_variant_has_a_name_and_a_fingerprint_of_its_own():
    panel = get_panel("cards-v0")
    variant = panel.variant({"prompt": "action_only", "image_size": 200})
    assert variant.name == "cards-v0[image_size=200, prompt=action_only]"
    assert variant.fingerprint == fingerprint_of(variant.episodes) != panel.fingerprint
    assert [(each.task, each.seed, each.options) for each in variant.episodes] == [
        (each.task, each.seed, each.options) for each in panel.episodes
    ]
    assert all(each.arguments == {"image_size": 200, "prompt": "action_only"} for each in variant.episodes)
    assert variant.first(2).fingerprint == variant.fingerprint
    assert panel.variant({}) is panel
    words, pixels = panel.variant({"prompt": "action_only"}).fingerprint.split("-")
    assert words != panel.fingerprint.split("-")[0]
    assert pixels == fingerprint_of(panel.episodes).split("-")[1]  # the same pictures, told otherwise
    with pytest.raises(ConfigError, match="a variant is one of the whole panel"):
        panel.first(2).variant({"prompt": "action_only"})


def test_a_variant_is_played_and_named_everywhere(capsys, tmp_path):
    command = ["--panel", "cards-v0", "--arg", "prompt=action_only", "--first", "1", "--out", str(tmp_path / "run")]
    assert main(["eval", "--agent", "oracle", *command]) == 0
    panel = read_run(tmp_path / "run")["panel"]
    assert (panel["name"], panel["arguments"]) == ("cards-v0[prompt=action_only]", {"prompt": "action_only"})
    assert all("without any reasoning" in turn.prompt for turn in read_turns(tmp_path / "run"))
    assert main(["report", str(tmp_path / "run"), "--out", str(tmp_path / "report.html")]) == 0
    summary = json.loads((tmp_path / "results.json").read_text())["runs"][0]["summary"]
    assert (summary["panel"], summary["fingerprint"]) == (panel["name"], panel["fingerprint"])
    assert summary["overall"]["floor"] is not None  # words change no chance
    capsys.readouterr()
    assert main(["panels", "cards-v0", "--arg", "prompt=action_only"]) == 0
    assert f"fingerprint {panel['fingerprint']}, 600 episodes" in capsys.readouterr().out


def test_a_variant_is_never_checked(capsys):
    assert main(["panels", "cards-v0", "--arg", "prompt=action_only", "--check"]) == 2
    assert "--arg makes a variant of one panel, which was never published" in capsys.readouterr().err
