"""One sitting of a run: plays what is left of it, many episodes at once."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vlm_gym.episodes import EpisodeSpec, canonical
from vlm_gym.errors import AgentError, AgentRefusedError
from vlm_gym.evaluation.runs.limits import Limits
from vlm_gym.evaluation.runs.played import Unplayable, grouped
from vlm_gym.evaluation.runs.players import Player
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.evaluation.runs.run_folder import RunWriter, read_episodes, read_turns
from vlm_gym.messages import Message


@dataclass(frozen=True)
class Failure:
    """An episode that could not be played to its end, and why."""

    episode: EpisodeSpec
    reason: str


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        num_episodes: Episodes of the run, or those that this sitting was to play.
        num_done, num_successes: Those that are finished, and those of them that reached the goal.
        num_unplayable: Those that could not be played to their end, whether they count as failures or are missing.
        num_turns: Turns that were played, those of unfinished episodes included.
        num_requests, num_tokens, cost: What these turns took.
        failures: The episodes whose agent failed in this sitting.
        stopped_by: The limit at which the run stopped, in words, or None.
    """

    num_episodes: int
    num_done: int = 0
    num_successes: int = 0
    num_unplayable: int = 0
    num_turns: int = 0
    num_requests: int = 0
    num_tokens: int = 0
    cost: float = 0.0
    failures: tuple[Failure, ...] = ()
    stopped_by: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether every episode is finished."""
        return self.num_done == self.num_episodes


OnCheck = Callable[[str], object]
OnProgress = Callable[[Progress], object]


class _BudgetSpent(Exception):  # noqa: N818  # ends an episode, and is not an error
    """No further turn may be begun."""


class Sitting:
    """Plays what is left of a run."""

    def __init__(
        self,
        episodes: Sequence[EpisodeSpec],
        player: Player,
        writer: RunWriter,
        limits: Limits,
        unplayable: Unplayable,
        on_progress: OnProgress | None,
    ) -> None:
        self.episodes, self.player, self.writer, self.limits = episodes, player, writer, limits
        self.unplayable, self.on_progress = unplayable, on_progress
        self.past: dict[str, list[TurnRecord]] = defaultdict(list)
        self.finished: set[str] = set()
        self.failures: tuple[Failure, ...] = ()
        self.refused: str | None = None  # why, of the last episodes
        self.num_refused = 0
        self.num_successes = self.num_unplayable = self.num_turns = self.num_requests = self.num_tokens = 0
        self.cost = 0.0
        self.is_stopped = False
        self._read()

    async def play(self, concurrency: int, on_check: OnCheck | None) -> None:
        """Play until all is done, a limit is reached, or the agent refuses."""
        left = [episode for episode in self.episodes if episode.key not in self.finished]
        waiting = iter(left)
        self._tell()
        new = grouped(
            (each for each in left if not self.past.get(each.key)), lambda each: canonical([each.task, each.arguments])
        )
        if on_check is not None and new and self._used_up() is None:
            for note in await self.player.check([episodes[0] for episodes in new.values()]):
                on_check(note)
        workers = [asyncio.create_task(self._work(waiting)) for _ in range(concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    def progress(self) -> Progress:
        """Return where the run stands."""
        return Progress(
            num_episodes=len(self.episodes),
            num_done=len(self.finished),
            num_successes=self.num_successes,
            num_unplayable=self.num_unplayable,
            num_turns=self.num_turns,
            num_requests=self.num_requests,
            num_tokens=self.num_tokens,
            cost=self.cost,
            failures=self.failures,
            stopped_by=self._used_up() if self.is_stopped else None,
        )

    def _read(self) -> None:
        """Take over what earlier sittings left: an episode is finished if its record and all its turns are there."""
        own = {episode.key for episode in self.episodes}
        for turn in read_turns(self.writer.folder):
            self._count(turn)
            if turn.turn == len(self.past[turn.episode]) + 1:
                self.past[turn.episode].append(turn)
        for episode in read_episodes(self.writer.folder):
            is_whole = len(self.past[episode.episode]) == episode.num_turns
            if episode.episode in own and is_whole and self._is_finished(episode):
                self._finish(episode)
                del self.past[episode.episode]

    async def _work(self, waiting: Iterator[EpisodeSpec]) -> None:
        for episode in waiting:
            if self._used_up() is not None:
                self.is_stopped = True
                return
            try:
                await self._play(episode)
            except _BudgetSpent:
                self.is_stopped = True
                return

    async def _play(self, episode: EpisodeSpec) -> None:
        past = self.past.pop(episode.key, [])
        try:
            record = await self.player.play(episode, past, self._keep_turn, self.writer.add_picture)
        except AgentRefusedError:
            raise
        except AgentError as error:
            self.failures = (*self.failures, Failure(episode, str(error)))
        else:
            self.writer.add_episode(record)
            self._note_refusal(record)
            if self._is_finished(record):
                self._finish(record)
            else:
                self.num_unplayable += 1
                self.failures = (*self.failures, Failure(episode, record.stop_words))
        self._tell()

    def _keep_turn(self, turn: TurnRecord, shown: Message) -> None:
        self.writer.add_turn(turn, shown)
        self._count(turn)
        self._tell()
        self._check_tokens_are_counted()
        if not (turn.is_terminated or turn.is_truncated) and self._used_up() is not None:
            raise _BudgetSpent

    def _is_finished(self, record: EpisodeRecord) -> bool:
        return self.unplayable == "failure" or not record.is_unplayable

    def _note_refusal(self, record: EpisodeRecord) -> None:
        """Count episodes that are refused in a row for the same reason, whatever numbers it names."""
        reason = re.sub(r"\d+", "#", record.stop_words) if record.is_unplayable else None
        self.num_refused = self.num_refused + 1 if reason == self.refused else 1
        self.refused = reason

    def _finish(self, record: EpisodeRecord) -> None:
        self.finished.add(record.episode)
        self.num_unplayable += record.is_unplayable
        self.num_successes += record.is_success

    def _count(self, turn: TurnRecord) -> None:
        self.num_turns += 1
        self.num_requests += turn.num_requests
        self.num_tokens += turn.prompt_tokens + turn.completion_tokens
        self.cost += turn.cost

    def _check_tokens_are_counted(self) -> None:
        """Raise AgentRefusedError if the run would go on for ever below its limits."""
        is_limited = self.limits.max_tokens is not None or self.limits.max_cost is not None
        if is_limited and self.num_requests and not self.num_tokens:
            raise AgentRefusedError(
                "the server does not count tokens (its replies have no usage), so that neither --max-run-tokens nor "
                "--max-cost can stop the run: leave them out, or give --max-requests, and go on with --resume"
            )

    def _used_up(self) -> str | None:
        """Say which limit is reached."""
        spent = self.limits.reached(self.num_requests, self.num_tokens, self.cost)
        most = self.limits.max_refusals
        if spent is None and self.refused is not None and most is not None and self.num_refused >= most:
            return f"{self.num_refused} episodes in a row that were refused for the same reason, {self.refused}"
        return spent

    def _tell(self) -> None:
        if self.on_progress is not None:
            self.on_progress(self.progress())
