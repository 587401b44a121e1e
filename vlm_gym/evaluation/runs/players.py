"""Where episodes are played: in this process, or behind the same interface elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import check_is
from vlm_gym.evaluation.models.agents import Agent
from vlm_gym.evaluation.runs.episodes import OnTurn, run_episode
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.preflight import longest_telling, preflight
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.messages import Message
from vlm_gym.rollout import Rollout
from vlm_gym.session_pool import SessionPool


@runtime_checkable
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

    async def check(self, episodes: Sequence[EpisodeSpec]) -> list[str]:
        """Do what `preflight` does, with that of these episodes that has the longest request."""

    async def close(self) -> None:
        """Free what it holds."""


class LocalPlayer:
    """Plays in this process."""

    def __init__(self, agent: Agent, plan: Plan) -> None:
        self.agent, self._stop_repeats = agent, plan.stop_repeats
        self._pool = SessionPool(plan.chat, plan.parser)

    async def describe(self) -> dict[str, Any]:
        """Return the agent's description."""
        told = self.agent.describe()
        check_is(f"what {type(self.agent).__name__}.describe returns", told, Mapping, "a dict that has a name")
        return told

    async def play(
        self,
        episode: EpisodeSpec,
        past: Sequence[TurnRecord],
        on_turn: OnTurn,
        on_picture: Callable[[Message], object],
    ) -> EpisodeRecord:
        """Play an episode in a session that is free, or a new one."""
        with Rollout(pool=self._pool) as rollout:
            return await run_episode(
                rollout,
                self.agent,
                episode,
                past=past,
                stop_repeats=self._stop_repeats,
                on_turn=on_turn,
                on_picture=on_picture,
            )

    async def check(self, episodes: Sequence[EpisodeSpec]) -> list[str]:
        """Send a first request."""
        if type(self.agent).check is Agent.check:
            return []
        lengths = []
        for each in episodes:
            with Rollout(pool=self._pool) as rollout:
                lengths.append(longest_telling(rollout, each).num_tokens)
        episode = episodes[lengths.index(max(lengths))]
        with Rollout(pool=self._pool) as rollout:
            return await preflight(rollout, self.agent, episode)

    async def close(self) -> None:
        """Close the sessions; the agent stays open, for it belongs to the caller."""
        self._pool.close()
