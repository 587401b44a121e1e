"""Collecting: episodes are played in order, and what they teach is written shard by shard."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from vlm_gym._version import __version__
from vlm_gym.collect.card import write_card
from vlm_gym.collect.folder import DataFolder
from vlm_gym.collect.formats.writer import Writer, make_writer
from vlm_gym.collect.play import PictureCache, Played, play
from vlm_gym.collect.samples import Sample
from vlm_gym.collect.settings import CollectSettings
from vlm_gym.collect.sources import Source, Start, quotas, sources_of
from vlm_gym.collect.tally import Tally, TaskTally
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.agents import Agent, OracleAgent, RandomAgent, SearcherAgent
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.evaluation.runs.plan import versions
from vlm_gym.evaluation.runs.run_folder import read_run
from vlm_gym.rollout import Rollout
from vlm_gym.session_pool import SessionPool

SHARD_BYTES: Final = 2**26  # of pictures: what is kept in memory


@dataclass(frozen=True)
class Progress:
    """How far it is: samples of all that are wanted (None if nobody knows), and of which task the last ones are."""

    num_samples: int
    num_wanted: int | None
    task: str


async def collect(
    folder: Path,
    settings: CollectSettings,
    agent: Agent,
    *,
    concurrency: int = 16,
    command: Sequence[str] = (),
    is_resumed: bool = False,
    on_progress: Callable[[Progress], object] | None = None,
) -> Mapping[str, Any]:
    """Collect a data set into a folder.

    The same settings and versions give the same bytes, whether it was interrupted or not, if the agent's answers are
    the same. A task whose episodes give nothing new for a long time is left with fewer samples; its notice says so.

    Args:
        folder: Where the files go.
        settings: What determines them.
        agent: What plays, unless a run is played again.
        concurrency: Episodes at once, for agents that are models; their order does not depend on it.
        command: The command line, for the data card.
        is_resumed: Whether to go on with what is in the folder.
        on_progress: Is called after each episode.

    Returns:
        The counts, as data.json has them.

    Raises:
        ConfigError: if the settings contradict each other or ask for evaluation episodes, or the folder is not empty.
        AgentError: if the agent cannot answer; what is written stays, and `is_resumed` goes on from there.
        MissingDependencyError: if the format's extra is not installed.
        RunError: if the folder or the run cannot be used or written.
    """
    sources, writer = sources_of(settings), make_writer(settings)
    data = DataFolder(folder, _describe(settings, agent, writer, command), is_resumed=is_resumed)
    if data.is_complete:
        return data.counts()
    tally = data.read_tally() or _empty_tally(settings, sources)
    collection = _Collection(data, writer, settings, tally, on_progress)
    pool, pictures = SessionPool(settings.chat, settings.parser), PictureCache()

    async def play_one(start: Start) -> Played:
        with Rollout(pool=pool) as rollout:
            return await play(rollout, agent, start, settings, pictures)

    is_local = isinstance(agent, (OracleAgent, RandomAgent, SearcherAgent)) or settings.from_run is not None
    try:
        for source in sources[tally.source :]:
            starts = source.begin(tally.episode)
            await collection.take(in_order(map(play_one, starts), 1 if is_local else concurrency))
    finally:
        pool.close()
    writer.finish(folder)
    counts = _counts(tally)
    data.finish(write_card(settings, data.described, counts, writer), counts)
    return counts


async def in_order(jobs: Iterable[Coroutine[Any, Any, Played]], width: int) -> AsyncIterator[Played]:
    """Yield what jobs return, in their order; up to `width` of them are under way at a time."""
    pending: deque[asyncio.Future[Played]] = deque()
    try:
        for job in jobs:
            pending.append(asyncio.ensure_future(job))
            if len(pending) >= width:
                yield await pending[0]
                pending.popleft()
        while pending:
            yield await pending[0]
            pending.popleft()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


class _Collection:
    """Takes samples in and writes them."""

    def __init__(
        self,
        data: DataFolder,
        writer: Writer,
        settings: CollectSettings,
        tally: Tally,
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        self._data, self._writer, self._settings, self._tally = data, writer, settings, tally
        self._on_progress = on_progress
        self._batch: list[Sample] = []
        self._num_bytes = 0

    async def take(self, episodes: AsyncIterator[Played]) -> None:
        """Take in the samples of a task, to its quota, its last episode, or the end of patience."""
        tally = self._tally
        task = tally.tasks[tally.source]
        try:
            async for played in episodes:
                self._take_episode(played)
                if self._on_progress is not None:
                    self._on_progress(Progress(tally.num_samples, self._settings.samples, task.task))
                if task.is_full or tally.fruitless >= self._settings.patience:
                    break
                if self._is_batch_full():
                    self._write_batch()
        finally:
            await episodes.aclose()  # type: ignore[attr-defined]  # it is a generator
        task.notice = _notice(task, tally.fruitless, self._settings.patience)
        tally.source, tally.episode, tally.fruitless = tally.source + 1, 0, 0
        self._write_batch()

    def _take_episode(self, played: Played) -> None:
        tally, settings = self._tally, self._settings
        task = tally.tasks[tally.source]
        tally.episode += 1
        tally.fruitless += 1
        task.num_episodes += 1
        task.num_successes += played.is_success
        if settings.successful_only and not played.is_success:
            return
        for sample in played.samples:
            if not task.is_full and self._is_wanted(sample, task):
                self._take_sample(sample)

    def _is_wanted(self, sample: Sample, task: TaskTally) -> bool:
        if self._settings.balance_actions and not self._has_room_for(sample.steps[0].kind):
            return False
        if self._settings.keep_duplicates or self._tally.is_new(sample):
            return True
        task.num_duplicates += 1
        return False

    def _has_room_for(self, kind: str | None) -> bool:
        if kind is None:
            raise ConfigError("balance_actions needs a task with a list of actions; formulas have none")
        return self._tally.tasks[self._tally.source].has_room_for(kind)

    def _take_sample(self, sample: Sample) -> None:
        self._tally.add(sample)
        self._tally.fruitless = 0
        self._batch.append(sample)
        self._num_bytes += sum(map(len, sample.pngs))

    def _is_batch_full(self) -> bool:
        return len(self._batch) >= self._settings.shard_size or self._num_bytes >= SHARD_BYTES

    def _write_batch(self) -> None:
        if not self._batch:
            return
        self._writer.write(self._data.path, self._tally.num_shards, self._batch)
        self._tally.num_shards += 1
        self._data.write_progress(self._tally, self._batch)
        self._batch, self._num_bytes = [], 0


def _empty_tally(settings: CollectSettings, sources: Sequence[Source]) -> Tally:
    shares = quotas(settings.samples, len(sources))
    return Tally(tuple(TaskTally(source.task, share) for source, share in zip(sources, shares, strict=True)))


def _notice(task: TaskTally, fruitless: int, patience: int) -> str | None:
    """Say why a task has fewer samples than were wanted."""
    if task.quota is None or task.is_full:
        return None
    if fruitless >= patience:
        return (
            f"{task.num_samples} of {task.quota} samples: {patience} episodes in a row gave nothing new: either "
            "there are hardly more distinct ones, or hardly any that are wanted"
        )
    return f"{task.num_samples} of {task.quota} samples: the episodes are used up"


def _counts(tally: Tally) -> dict[str, Any]:
    return {
        "num_samples": tally.num_samples,
        "num_pictures": len(tally.pictures),
        "num_shards": tally.num_shards,
        "tasks": [asdict(task) for task in tally.tasks],
    }


def _describe(settings: CollectSettings, agent: Agent, writer: Writer, command: Sequence[str]) -> dict[str, Any]:
    """Return what determines a data set, and its command line."""
    played_by = agent.describe() if settings.from_run is None else read_run(Path(settings.from_run))["agent"]
    return {
        "vlm_gym": __version__,
        "versions": versions(*writer.packages),
        "command": list(command),
        "settings": {**asdict(settings), "chat": settings.chat.to_plain()},
        "agent": played_by,
        "panel": None if settings.panel is None else get_panel(settings.panel).fingerprint,
    }
