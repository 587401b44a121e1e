"""Playing on a Ray cluster: workers play, and this process writes what they send."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, TypeAlias

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import AgentError, ConfigError, MissingDependencyError, VlmGymError
from vlm_gym.evaluation.models.agents import Agent
from vlm_gym.evaluation.runs.episodes import OnTurn
from vlm_gym.evaluation.runs.plan import Plan
from vlm_gym.evaluation.runs.players import LocalPlayer
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.installation import install_hint
from vlm_gym.messages import Message

MAX_RESTARTS: Final = 3  # of a worker that dies

Sent: TypeAlias = tuple[TurnRecord, Message] | Message | EpisodeRecord | VlmGymError


class ClusterPlayer:
    """Plays on the workers of a Ray cluster: that of `RAY_ADDRESS`, or one on this machine, which is started.

    The episodes of a run are dealt out as workers are free; every turn is sent here as soon as it is played. An
    agent's key and files must be there for the workers.

    Args:
        make: Makes the agent, on each worker anew; it is pickled.
        plan: What is played.
        num_workers: Workers; None for as many as the cluster has room for.
        gpus_per_worker: GPUs that each of them takes.

    Raises:
        ConfigError: if the cluster has no room for them.
        MissingDependencyError: if Ray is not installed.
    """

    def __init__(
        self, make: Callable[[], Agent], plan: Plan, *, num_workers: int | None = None, gpus_per_worker: float = 0.0
    ) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingDependencyError(f"Ray is missing: {install_hint('ray')}") from error
        self._ray: Any = ray
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a run must call its endpoint and nobody else
            ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        room = self._room(gpus_per_worker)
        if not 1 <= (room if num_workers is None else num_workers) <= room:
            raise ConfigError(f"the Ray cluster has room for {room} workers, expected {num_workers or 'at least 1'}")
        worker = self._ray.remote(_Worker).options(num_cpus=1, num_gpus=gpus_per_worker, max_restarts=MAX_RESTARTS)
        self._load = {worker.remote(make, plan): 0 for _ in range(num_workers or room)}

    async def describe(self) -> dict[str, Any]:
        """Return the agent's description.

        Raises:
            ConfigError: if a worker cannot make the agent.
        """
        try:
            description: dict[str, Any] = await next(iter(self._load)).describe.remote()
        except self._ray.exceptions.RayActorError as error:
            raise ConfigError(f"a worker of the Ray cluster cannot make the agent: {error}") from error
        return description

    async def play(
        self,
        episode: EpisodeSpec,
        past: Sequence[TurnRecord],
        on_turn: OnTurn,
        on_picture: Callable[[Message], object],
    ) -> EpisodeRecord:
        """Play an episode on the worker that has least to do."""
        worker = min(self._load, key=lambda each: self._load[each])
        self._load[worker] += 1
        stream = worker.play.options(num_returns="streaming").remote(episode, tuple(past))
        try:
            return await self._receive(stream, on_turn, on_picture)
        except self._ray.exceptions.RayActorError as error:
            raise AgentError(f"a worker of the Ray cluster died: {error}") from error
        finally:
            self._load[worker] -= 1
            self._ray.cancel(stream)

    async def check(self, episodes: Sequence[EpisodeSpec]) -> list[str]:
        """Let one worker send a first request."""
        checked: list[str] | VlmGymError = await next(iter(self._load)).check.remote(tuple(episodes))
        if isinstance(checked, VlmGymError):
            raise checked
        return checked

    async def close(self) -> None:
        """Stop the workers, and the cluster if it was started here."""
        for worker in self._load:
            self._ray.kill(worker)
        self._load.clear()
        if self._is_ours:
            self._ray.shutdown()

    async def _receive(self, stream: Any, on_turn: OnTurn, on_picture: Callable[[Message], object]) -> EpisodeRecord:
        async for reference in stream:
            sent: Sent = await reference
            if isinstance(sent, VlmGymError):
                raise sent
            if isinstance(sent, EpisodeRecord):
                return sent
            if isinstance(sent, Message):
                on_picture(sent)
            else:
                on_turn(*sent)
        raise AgentError("a worker of the Ray cluster stopped in the middle of an episode")

    def _room(self, gpus_per_worker: float) -> int:
        resources = self._ray.cluster_resources()
        rooms = [resources.get("CPU", 0.0)]
        if gpus_per_worker > 0:
            rooms.append(resources.get("GPU", 0.0) / gpus_per_worker)
        return int(min(rooms))


class _Worker:
    """Plays episodes in a process of the cluster."""

    def __init__(self, make: Callable[[], Agent], plan: Plan) -> None:
        self.agent = make()
        self.player = LocalPlayer(self.agent, plan)

    async def describe(self) -> dict[str, Any]:
        return await self.player.describe()

    async def check(self, episodes: Sequence[EpisodeSpec]) -> list[str] | VlmGymError:
        try:
            return await self.player.check(episodes)
        except VlmGymError as error:  # Ray would wrap it in a traceback
            return error

    async def play(self, episode: EpisodeSpec, past: Sequence[TurnRecord]) -> AsyncIterator[Sent]:
        """Yield every turn with its picture, the last picture, and the episode's record or why there is none."""
        sent: asyncio.Queue[Sent | None] = asyncio.Queue()
        playing = asyncio.create_task(self._play(episode, past, sent))
        try:
            while (item := await sent.get()) is not None:
                yield item
            await playing
        finally:
            playing.cancel()

    async def _play(self, episode: EpisodeSpec, past: Sequence[TurnRecord], sent: "asyncio.Queue[Sent | None]") -> None:
        try:
            record = await self.player.play(
                episode, past, lambda turn, shown: sent.put_nowait((turn, shown)), sent.put_nowait
            )
            sent.put_nowait(record)
        except VlmGymError as error:  # Ray would wrap it in a traceback
            sent.put_nowait(error)
        finally:
            sent.put_nowait(None)
