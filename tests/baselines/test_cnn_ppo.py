"""The CNN baseline: it learns, its runs are read like any other's, and what is missing is named."""

import json
import re
import sys

import numpy as np
import pytest

from baselines import cnn_ppo
from baselines.cnn_ppo import CnnConfig, main, plan_of, shrink
from vlm_gym.cli import main as vlm_gym
from vlm_gym.errors import ConfigError, VlmGymError
from vlm_gym.evaluation.runs.run_folder import FORMAT, READ, read_run
from vlm_gym.evaluation.scores.summary import summarise
from vlm_gym.installation import install_hint


@pytest.mark.slow
def test_it_learns_number_line_and_vlm_gym_reads_the_run(tmp_path, caplog):
    pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed")
    main(f"--env NumberLine-v0 --picture-size 64 --steps 20480 --first 50 --folder {tmp_path}".split())
    summary = summarise(tmp_path / "panel")
    assert (summary.agent, summary.panel, summary.num_episodes) == ("cnn", "cards-v0", 50)
    assert summary.overall.success.value >= 0.9
    assert summary.overall.fault_rate == 0.0
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["steps"] == 20480
    assert lines[0]["success"] < 0.8 < lines[-1]["success"]
    assert (tmp_path / "model.zip").is_file()
    assert vlm_gym(["report", str(tmp_path / "panel"), "--out", str(tmp_path / "report.html")]) == 0
    assert "positive return" in caplog.text


@pytest.mark.slow
def test_masked_it_breaks_no_rule(tmp_path):
    pytest.importorskip("sb3_contrib", reason="sb3-contrib is not installed")
    arguments = ["--masked", "true", "--sampled", "true", "--steps", "64", "--turns", "8", "--num-envs", "4"]
    main([*arguments, "--env", "EZPoints-v0", "--minibatch", "16", "--first", "10", "--folder", str(tmp_path)])
    summary = summarise(tmp_path / "panel")
    assert summary.agent == "cnn-masked"
    assert summary.overall.illegal_rate == 0.0
    assert read_run(tmp_path / "panel")["agent"]["masked"] is True


def test_its_panel_is_the_frozen_one():
    plan = plan_of(CnnConfig(env="Blackjack-v0", first=7))
    assert len(plan.episodes) == 7
    assert {episode.task for episode in plan.episodes} == {"vlm_gym/Blackjack-v0"}
    assert plan.panel["tasks"] == ["vlm_gym/Blackjack-v0"]


def test_a_picture_is_shrunk_to_what_the_network_takes():
    picture = np.full((300, 300, 3), 255, np.uint8)
    picture[100:200] = 0
    small = shrink(picture, 84)
    assert small.shape == (84, 84, 3)
    assert (small.min(), small.max()) == (0, 255)
    assert shrink(small, 84) is small


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"env": "NumberLin-v0"}, "Did you mean 'NumberLine-v0'"),
        ({"env": "EZPointsFormula-v0"}, "played in text only"),
        ({"steps": 0}, "steps must be an int from 1"),
    ],
)
def test_wrong_settings_are_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        CnnConfig(**settings)


def test_a_panel_without_the_task_is_refused():
    with pytest.raises(ConfigError, match="no episode of vlm_gym/NumberLine-v0"):
        plan_of(CnnConfig(panel="household-v0"))


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "sb3_contrib", None)
    with pytest.raises(VlmGymError, match=re.escape(install_hint("cnn"))):
        main(["--folder", str(tmp_path)])


def test_help_shows_examples_and_every_setting(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert "--masked true" in shown
    assert "--entropy_weight" in shown
    assert "--config NAME" not in shown


def test_a_folder_with_a_run_is_refused(tmp_path):
    panel = tmp_path / cnn_ppo.PANEL
    panel.mkdir()
    (panel / "run.json").write_text(json.dumps({**dict.fromkeys(READ), "format": FORMAT}))
    (panel / "turns.jsonl").write_text("{}\n")
    with pytest.raises(VlmGymError, match="holds a run already"):
        main(["--folder", str(tmp_path)])
