"""Where episodes are played: in this process, or behind the same interface elsewhere."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from vlm_gym.chat import ChatSession
from vlm_gym.evaluation.agents import Agent
from vlm_gym.evaluation.episodes import EpisodeSpec, OnTurn, run_episode
from vlm_gym.evaluation.plan import Plan
from vlm_gym.evaluation.records import EpisodeRecord, TurnRecord, canonical
from vlm_gym.messages import Message


class Player(Protocol):
    """Plays episodes, several at once."""

    async def describe(self) -> dict[str, Any]:
        """Return `Agent.describe()` of its agent."""

    async def play(
        self,
        episode: EpisodeSpec,
        past: Sequence[TurnRecord],
        on_turn: OnTurn,
        on_picture: Callable[[Message], object],
    ) -> EpisodeRecord:
        """Play an episode as `run_episode` does. What `on_turn` raises ends the episode."""

    async def close(self) -> None:
        """Let go of what it holds."""


class LocalPlayer:
    """Plays in this process. Sessions are used again, so that no episode waits for a task to be built."""

    def __init__(self, agent: Agent, plan: Plan) -> None:
        self.agent = agent
        self.plan = plan
        self._free: dict[str, list[ChatSession]] = defaultdict(list)

    async def describe(self) -> dict[str, Any]:
        """Return the agent's description."""
        return self.agent.describe()

    async def play(
        self,
        episode: EpisodeSpec,
        past: Sequence[TurnRecord],
        on_turn: OnTurn,
        on_picture: Callable[[Message], object],
    ) -> EpisodeRecord:
        """Play an episode in a session that is free, or a new one."""
        free = self._free[canonical([episode.task, episode.arguments])]
        session = free.pop() if free else ChatSession(episode.make(parser=self.plan.parser), self.plan.chat)
        try:
            return await run_episode(session, self.agent, episode, past=past, on_turn=on_turn, on_picture=on_picture)
        finally:
            free.append(session)

    async def close(self) -> None:
        """Close the sessions; the agent stays open, for it belongs to the caller."""
        for sessions in self._free.values():
            for session in sessions:
                session.env.close()
        self._free.clear()
