"""Agent Lightning's own server and controller run our agent against a model server: the scores of the evaluator."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from adapters.pixel_model import PixelModel, PixelServer, chosen_episodes
from adapters.run_example import run_example

pytest.importorskip("agentlightning", reason="agentlightning is not installed: make adapters")

from vlm_gym.adapters.agentlightning import rollouts
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.panels import get_panel

pytestmark = pytest.mark.slow
MODEL, KEY, TIME_S = "Qwen/Qwen2.5-7B-Instruct", "none-of-your-business", 300


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """Both programs of Agent Lightning; yields a client of the first."""
    folder = tmp_path_factory.mktemp("agentlightning")
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as found:
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    controller = [
        "runner_type=local", "local_runner.maximum_size=16", "local_runner.poll_interval=0.2", f"agl_server.url={url}"
    ]  # fmt: skip
    with (
        _program(folder, "agl-server", "host=127.0.0.1", f"port={port}", f"key={KEY}"),
        httpx.Client(base_url=url, timeout=30, headers={"Authorization": f"Bearer {KEY}"}) as client,
    ):
        end = time.monotonic() + TIME_S
        while not _answers(client):
            assert time.monotonic() < end
            time.sleep(0.1)
        with _program(folder, "agl-controller", *controller, f"agl_server.key={KEY}"):
            yield client


@contextlib.contextmanager
def _program(folder, name, *arguments):
    with (folder / f"{name}.log").open("w", encoding="utf-8") as log:
        command = [str(Path(sys.executable).with_name(name)), *arguments]
        environment = {**os.environ, "HYDRA_FULL_ERROR": "1"}
        with subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as program:
            yield program
            program.terminate()


def _answers(client):
    with contextlib.suppress(httpx.TransportError):
        return client.get("/health").status_code < 500
    return False


def play(client, body):
    """Post rollouts, wait for their end; return the state and the events of each."""
    made = client.post("/api/rollouts", json=body).raise_for_status().json()
    end = time.monotonic() + TIME_S
    while client.get("/api/rollouts", params={"state_in": ["queuing", "running"]}).json():
        assert time.monotonic() < end
        time.sleep(0.2)
    states = [client.get(f"/api/rollouts/{one['rollout_id']}").json()["rollout"]["status"]["state"] for one in made]
    return states, [client.get(f"/api/rollouts/{one['rollout_id']}/events").json() for one in made]


def told(events, kind):
    return [event["data"] for event in events if event["event_type"] == kind]


def test_sixteen_play_at_once_as_the_evaluator_does(gateway):
    episodes = chosen_episodes()
    body = [
        one
        for panel in ("cards-v0", "household-v0")
        for one in rollouts(panel, first=2)
        if one["input"]["data_id"] in {episode.key for episode in episodes}
    ]
    assert len(body) == len(episodes)
    again = [one for one in body if "NumberLine" in one["input"]["task"]] * 5
    model = PixelModel(episodes)
    with PixelServer(model) as server:
        gateway.post("/api/models", json=[{"model": MODEL, "endpoint": server.url}]).raise_for_status()
        states, events = play(gateway, [*body, *again])
        gateway.request("DELETE", "/api/models", json=[{"model": MODEL, "endpoint": server.url}])
    assert not model.unknown
    assert set(states) == {"succeeded"}
    for one, happened in zip([*body, *again], events, strict=True):
        (metrics,), (reward,) = told(happened, "metrics"), told(happened, "reward")
        assert metrics == model.expected[one["input"]["data_id"]]
        assert reward == {"value": metrics["return"], "source": "agent"}
        requests = [data["request"]["messages"] for data in told(happened, "model_request")]
        assert len(requests) == metrics["turns"]
        for before, after in pairwise(requests):
            assert after[: len(before)] == before, "each request extends the one before"


def test_an_episode_that_cannot_be_played_fails_alone(gateway):
    body = rollouts(get_panel("cards-v0").first(1))[:1]
    body[0]["input"]["task"] = "vlm_gym/Nope-v0"
    states, events = play(gateway, body)
    assert states == ["failed"]
    assert told(events[0], "reward") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"panel": "cards-v9"}, "cards-v9"),
        ({"panel": "cards-v0", "settings": {"histry": 1}}, "histry"),
        ({"panel": "cards-v0", "parser": "jason"}, "jason"),
        ({"panel": "cards-v0", "first": 0}, "number of episodes"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_posted(arguments, message):
    with pytest.raises(ConfigError, match=message):
        rollouts(**arguments)


def test_the_example_prints_what_came_of_a_panel(gateway, tmp_path):
    episodes = get_panel("cards-v0").first(1).episodes
    model = PixelModel(episodes)
    with PixelServer(model) as server:
        options = ("--gateway", str(gateway.base_url), "--endpoint", server.url, "--first", 1)
        said = run_example("agentlightning_rollouts", tmp_path, *options, environment={"AGL_KEY": KEY})
        gateway.request("DELETE", "/api/models")
    assert not model.unknown
    success = sum(metrics["success"] for metrics in model.expected.values()) / len(episodes)
    assert said.splitlines()[0] == f"{len(episodes)} of {len(episodes)} episodes were played"
    assert f"success {success:.2f}" in said.splitlines()
