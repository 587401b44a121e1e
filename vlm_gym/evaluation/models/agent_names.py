"""Agents by name, as the command line names them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from vlm_gym.errors import ConfigError, check_is, did_you_mean
from vlm_gym.evaluation.models.agents import (
    Agent,
    ConstantAgent,
    OracleAgent,
    RandomAgent,
    ScriptedAgent,
    SearcherAgent,
    callable_agent,
)
from vlm_gym.evaluation.models.endpoint import EndpointAgent
from vlm_gym.evaluation.models.endpoint_settings import EndpointSettings
from vlm_gym.evaluation.models.local_settings import LocalSettings
from vlm_gym.evaluation.models.protocols.names import PROTOCOLS
from vlm_gym.plugins import AGENTS as GROUP
from vlm_gym.plugins import load_plugin, plugin_names, told_of

FORMS: Final = (
    "openai:MODEL, anthropic:MODEL, responses:MODEL, hf:PATH, random, oracle, oracle:P, searcher, constant:TEXT, "
    "script:FILE, python:MODULE:FUNCTION"
)


def make_agent(
    name: str | Agent, endpoint: EndpointSettings | None = None, local: LocalSettings | None = None
) -> Agent:
    """Return the agent of a name; an agent itself as it is.

    - `openai:MODEL`: a model behind an endpoint that speaks OpenAI's chat completions, reached as `endpoint` says;
      `anthropic:MODEL` and `responses:MODEL`: behind one of Anthropic's messages API, or OpenAI's responses API
    - `hf:PATH`: a Hugging Face model in this process, which samples as `endpoint` says and is loaded as `local` says

    - `random`: uniformly random actions; `oracle`: best ones; `oracle:0.8`: best ones with probability 0.8
    - `searcher`: in the household tasks, a good player that knows only what it has seen
    - `constant:TEXT`: the same answer always; `script:FILE`: the answers of a JSON list, one a turn
    - `python:MODULE:FUNCTION`: a function `(messages) -> str`
    - `KIND:TEXT` of another package, which brings it as the entry point KIND of the group "vlm_gym.agents": a function
      that takes TEXT and returns an `Agent`

    Raises:
        ConfigError: if there is no such agent, or what a package brings is not an agent.
    """
    if isinstance(name, Agent):
        return name
    if not isinstance(name, str):
        raise ConfigError(f"an agent must be a name, such as 'oracle', or an Agent, got {name!r}")
    for setting, value, wanted in (("endpoint", endpoint, EndpointSettings), ("local", local, LocalSettings)):
        check_is(setting, value, wanted | None, f"{wanted.__module__}.{wanted.__name__}(...) or None")
    kind, _, rest = name.partition(":")
    if kind in PROTOCOLS:
        return EndpointAgent(rest, endpoint, PROTOCOLS[kind])
    if kind == "hf":
        return _local(rest, endpoint or EndpointSettings(), local or LocalSettings())
    if kind in _KINDS:
        return _KINDS[kind](rest)
    make = load_plugin(GROUP, kind) if kind else None
    if make is not None:
        return _brought(kind, make, rest)
    hint = did_you_mean(kind, (*PROTOCOLS, "hf", *_KINDS, *plugin_names(GROUP)))
    raise ConfigError(f"there is no agent {name!r}.{hint} Agents are {FORMS}")


def _brought(kind: str, make: object, rest: str) -> Agent:
    """Make an agent that another package brings."""
    told = told_of(GROUP, kind)
    if not callable(make):
        raise ConfigError(f"{told} must be a function that takes a text and returns an agent, got {make!r}")
    agent = make(rest)
    if not isinstance(agent, Agent):
        raise ConfigError(f"{told} must return a vlm_gym.evaluation.models.agents.Agent, got {agent!r}")
    return agent


def _random(rest: str) -> Agent:
    if rest:
        raise ConfigError(f"the agent random has no setting, got {rest!r}")
    return RandomAgent()


def _searcher(rest: str) -> Agent:
    if rest:
        raise ConfigError(f"the agent searcher has no setting, got {rest!r}")
    return SearcherAgent()


def _oracle(rest: str) -> Agent:
    try:
        return OracleAgent(float(rest) if rest else 1.0)
    except ValueError as error:
        raise ConfigError(f"the oracle's probability must be a number from 0 to 1, got {rest!r}") from error


def _script(rest: str) -> Agent:
    try:
        texts = json.loads(Path(rest).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the script {rest!r}, which must be a JSON list of texts: {error}") from error
    return ScriptedAgent(texts)


def _local(path: str, settings: EndpointSettings, local: LocalSettings) -> Agent:
    from vlm_gym.evaluation.models.local_model import LocalModelAgent  # it imports torch

    return LocalModelAgent(path, settings.temperature, settings.top_p, settings.max_tokens, local)


_KINDS: Final[dict[str, Callable[[str], Agent]]] = {
    "random": _random,
    "oracle": _oracle,
    "searcher": _searcher,
    "constant": ConstantAgent,
    "script": _script,
    "python": callable_agent,
}

AGENT_KINDS: Final[dict[str, str]] = {
    **dict.fromkeys(_KINDS, ""),
    **dict.fromkeys(PROTOCOLS, "eval"),
    "hf": "train",
}
"""The agents of this package by the first word of their names, and the extra that each needs; "" for none."""
