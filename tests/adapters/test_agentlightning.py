"""Agent Lightning's own server and controller run our agent against a model server: the scores of the evaluator."""

from itertools import pairwise

import pytest
from adapters.pixel_model import PixelModel, PixelServer, chosen_episodes
from adapters.run_example import run_example

pytest.importorskip("agentlightning", reason="agentlightning is not installed: make adapters")

from adapters.agentlightning_gateway import KEY, MODEL, gateway_in, play

from vlm_gym.adapters.agentlightning import rollouts
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.panels import get_panel

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with gateway_in(tmp_path_factory.mktemp("agentlightning")) as (client, _):
        yield client


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
        gateway.request("DELETE", "/api/models")
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
