"""Tasks as agents of Agent Lightning's controller, which runs one episode in a process of its own.

    httpx.post("http://localhost:8080/api/rollouts", json=rollouts("cards-v0"))

The model is asked through Agent Lightning's gateway, which records every request; the reward that is reported is what
the episode paid, and an event "metrics" holds those of `Rollout.metrics`. By default a request shows all past turns, so
that an episode is one trajectory whose requests each extend the one before. Written for agentlightning 1.0.2 (the extra
`agentlightning`), which needs Python 3.12.
"""

import json
import os
from collections.abc import Mapping
from typing import Any, Final

from vlm_gym.adapters import needs
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import UnplayableError
from vlm_gym.evaluation.models.endpoint import EndpointAgent, EndpointSettings
from vlm_gym.evaluation.runs.episodes import turn_rng
from vlm_gym.evaluation.runs.panels import Panel, get_panel
from vlm_gym.parsers import AnswerText
from vlm_gym.rollout import Rollout

with needs("agentlightning"):
    import httpx

EPISODE_VARIABLE: Final = "VLM_GYM_EPISODE"
AGENT_CLASS: Final = "vlm_gym.adapters.agentlightning:VlmGymRollout"
WHOLE_TALK: Final = {"history": "all"}


def rollouts(
    panel: str | Panel,
    first: int | None = None,
    *,
    settings: Mapping[str, Any] = WHOLE_TALK,
    parser: str | None = None,
    max_tokens: int | None = 1024,
    is_train: bool = True,
    timeout_s: int = 3600,
) -> list[dict[str, Any]]:
    """Return a panel's episodes as the body of a request to `/api/rollouts`.

    Args:
        panel: A panel or its name.
        first: Only the first so many episodes of each task.
        settings: How a task is told: those of `vlm_gym.ChatSettings` by name.
        parser: What reads the answers; None for "json".
        max_tokens: The most tokens of an answer; None for what the server allows.
        is_train: Whether the gateway samples as for training.
        timeout_s: The longest that an episode may take.

    Raises:
        ConfigError: if there is no such panel, or a setting is wrong.
    """
    Rollout(ChatSettings.from_plain(settings), parser=parser)  # what is wrong is told here, not in each process
    chosen = get_panel(panel) if isinstance(panel, str) else panel
    told = {"settings": dict(settings), "parser": parser, "max_tokens": max_tokens}
    run = {"agent_class": AGENT_CLASS, "env_map": {EPISODE_VARIABLE: "input"}}
    return [
        {
            "input": {"data_id": spec.key, **spec.to_row(), **told},
            "is_train": is_train,
            "config": {"timeout_seconds": timeout_s, "local": run},
        }
        for spec in (chosen if first is None else chosen.first(first)).episodes
    ]


class VlmGymRollout:
    """One episode, as the controller's environment variables name it."""

    async def run(self) -> None:
        """Play it against the gateway and report what it paid.

        Raises:
            AgentError: if the gateway does not answer.
        """
        told = json.loads(os.environ[EPISODE_VARIABLE])
        reached = EndpointSettings(
            base_url=os.environ["AGL_OPENAI_BASE_URL"], key_env="AGL_KEY", max_tokens=told.get("max_tokens")
        )
        agent = EndpointAgent("policy", reached)
        try:
            settings = ChatSettings.from_plain(told.get("settings", WHOLE_TALK))
            with Rollout(settings, parser=told.get("parser")) as rollout:
                metrics = await _play(rollout, agent, EpisodeSpec.from_row(told))
        finally:
            await agent.close()
        await _report({"reward": {"value": metrics["return"], "source": "agent"}, "metrics": metrics})


async def _play(rollout: Rollout, agent: EndpointAgent, episode: EpisodeSpec) -> dict[str, float]:
    """Play to the end, or to a question that the model cannot take, and return the metrics."""
    rollout.start(episode)
    while not rollout.is_over:
        try:
            reply = await agent.answer(rollout.session, turn_rng(episode, len(rollout.session.turns) + 1))
        except UnplayableError:
            break
        rollout.answer(AnswerText(reply.text, is_cut_off=reply.is_cut_off))
    return rollout.metrics()


async def _report(events: Mapping[str, Mapping[str, Any]]) -> None:
    key = os.environ.get("AGL_KEY")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with httpx.AsyncClient(headers=headers, transport=httpx.AsyncHTTPTransport(retries=5)) as client:
        for kind, data in events.items():
            reply = await client.post(os.environ["AGL_EVENT_URL"], json={"event_type": kind, "data": dict(data)})
            reply.raise_for_status()
