"""vf-eval itself plays our tasksets against a streaming server: the scores of the evaluator."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from adapters.pixel_model import PixelModel, PixelServer, chosen_episodes
from adapters.run_example import copy_example

pytest.importorskip("verifiers", reason="verifiers is not installed: make adapters")

import verifiers.v1 as vf
from verifiers.v1.utils.loaders import environment_class, taskset_class

import vlm_gym_verifiers
from vlm_gym import EpisodeSpec
from vlm_gym.adapters.verifiers import PanelConfig, VlmGymTaskset
from vlm_gym.errors import ConfigError

PLAYED = ("NumberLine-v0-1000000001", "Points24-v0-1000000000", "Household-v0-1000000000-put")


def play(folder, url, *arguments, module="vlm_gym_verifiers"):
    """Run `vf-eval` from a folder that knows nothing of vlm_gym; return the traces."""
    command = [
        str(Path(sys.executable).with_name("vf-eval")), module, "--no-push", "--no-rich", "--model", "pixels",
        "--client.base-url", url, "--client.api-key-var", "PIXELS_KEY", "-c", "16", "-o", "out",
    ]  # fmt: skip
    environment = {**os.environ, "PIXELS_KEY": "none", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (path,) = folder.glob("out/**/traces.jsonl")
    episodes = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [trace for episode in episodes for trace in episode["traces"]]


def check(traces, model):
    for trace in traces:
        expected = dict(model.expected[trace["task"]["key"]])
        assert trace["ok"]
        assert trace["rewards"] == {"return": {"score": expected.pop("return"), "weight": 1.0}}
        assert trace["metrics"] == expected


@pytest.mark.slow
@pytest.mark.parametrize("panel", ["cards-v0", "household-v0"])
def test_a_panel_scores_as_the_evaluator_scores_it(tmp_path, panel):
    episodes = [episode for episode in chosen_episodes() if episode.name in PLAYED]
    model = PixelModel(episodes)
    with PixelServer(model) as server:
        traces = play(tmp_path, server.url, "--env.taskset.panel", panel, "--select.include.names", json.dumps(PLAYED))
    assert not model.unknown
    assert {trace["task"]["data"]["name"] for trace in traces} == {
        episode.name for episode in episodes if ("Household" in episode.task) == (panel == "household-v0")
    }
    check(traces, model)


@pytest.mark.slow
def test_sixteen_play_at_once_and_settings_reach_the_conversation(tmp_path):
    (episode,) = (episode for episode in chosen_episodes() if episode.name == PLAYED[0])
    model = PixelModel([episode])
    with PixelServer(model) as server:
        named = ["--select.include.names", json.dumps([episode.name]), "-r", "16"]
        told = ["--env.taskset.settings", json.dumps({"system": "Play well."})]
        traces = play(tmp_path, server.url, *named, *told)
    assert not model.unknown
    assert len(traces) == 16
    check(traces, model)
    messages = [node["message"] for node in traces[0]["nodes"]]
    assert messages[0] == {"role": "system", "content": "Play well."}
    assert [message["role"] for message in messages[1:]] == ["user", "assistant"] * int(traces[0]["metrics"]["turns"])


def test_its_own_loader_finds_one_taskset_and_one_environment():
    assert taskset_class("vlm_gym_verifiers") is vlm_gym_verifiers.VlmGymTaskset
    assert environment_class("vlm-gym-verifiers") is vlm_gym_verifiers.VlmGymEnv


def test_tasks_are_the_panels_episodes_by_their_keys():
    tasks = list(VlmGymTaskset(PanelConfig(first=2)))
    assert {episode.key for episode in chosen_episodes() if "Household" not in episode.task} < {t.key for t in tasks}
    assert isinstance(tasks[0], vf.Task)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"panel": "cards-v9"}, "cards-v9"),
        ({"settings": {"history": 3}}, "history=3 means nothing with append_only"),
        ({"settings": {"sytem": "x"}}, "sytem.*system"),
        ({"parser": "jason"}, "jason"),
        ({"first": 0}, "number of episodes"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_played(config, message):
    with pytest.raises(ConfigError, match=message):
        list(VlmGymTaskset(PanelConfig(**config)))


@pytest.mark.slow
def test_the_example_is_a_taskset_of_ones_own(tmp_path):
    copy_example("verifiers_tasks", tmp_path)
    model = PixelModel([EpisodeSpec("vlm_gym/NumberLine-v0", seed) for seed in range(2)])
    with PixelServer(model) as server:
        traces = play(tmp_path, server.url, "--env.taskset.starts", "2", module="verifiers_tasks")
    assert not model.unknown
    assert sorted(trace["task"]["data"]["seed"] for trace in traces) == [0, 1]
    check(traces, model)
