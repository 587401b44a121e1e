"""Agents by name."""

import json

import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.agent_names import make_agent
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings


@pytest.mark.parametrize(
    ("name", "described"),
    [
        ("random", {"name": "random"}),
        ("searcher", {"name": "searcher"}),
        ("oracle", {"name": "oracle", "p": 1.0}),
        ("oracle:0.25", {"name": "oracle:0.25", "p": 0.25}),
        ("constant:stand: now", {"name": "constant:stand: now", "text": "stand: now"}),
        ("python:json:dumps", {"name": "json:dumps"}),
    ],
)
def test_an_agent_has_a_name(name, described):
    assert make_agent(name).describe() == described


def test_a_script_is_read_from_a_file(tmp_path):
    path = tmp_path / "script.json"
    path.write_text(json.dumps(["a", "b"]))
    assert make_agent(f"script:{path}").describe() == {"name": "script", "texts": ["a", "b"]}


def test_an_endpoint_takes_its_settings():
    agent = make_agent("openai:org/model:tag", EndpointSettings(base_url="http://h/v1"))
    assert isinstance(agent, EndpointAgent)
    assert agent.model == "org/model:tag"
    assert agent.settings.base_url == "http://h/v1"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "there is no agent ''. Agents are openai:MODEL, anthropic:MODEL, responses:MODEL, hf:PATH, random"),
        ("randum", "there is no agent 'randum'. Did you mean 'random'?"),
        ("openAI:gpt", "Did you mean 'openai'?"),
        ("random:5", "the agent random has no setting, got '5'"),
        ("searcher:5", "the agent searcher has no setting, got '5'"),
        ("oracle:much", "the oracle's probability must be a number from 0 to 1, got 'much'"),
        ("oracle:2", "must be a number from 0 to 1, got '2'"),
        ("openai:", "openai:MODEL"),
        ("openai", "openai:MODEL"),
        ("python:x", "must be named module:function"),
        ("script:", "cannot read the script ''"),
        ("script:/no/such/file", "cannot read the script '/no/such/file'"),
    ],
)
def test_a_wrong_name_is_told_in_a_sentence(name, message):
    with pytest.raises(ConfigError) as caught:
        make_agent(name)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"a": "b"}', '["a", 5]', "\ud800"])
def test_a_file_that_is_no_script_is_refused(tmp_path, text):
    path = tmp_path / "script.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(ConfigError, match="script"):
        make_agent(f"script:{path}")
