"""A run: plays the episodes of a plan, many at once, and writes every turn down as soon as it is played."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, get_args

from vlm_gym.episodes import EpisodeSpec, canonical
from vlm_gym.errors import AgentError, AgentRefusedError, ConfigError, RunError, check_choice, check_int
from vlm_gym.evaluation.models.agents import Agent
from vlm_gym.evaluation.runs.plan import Plan, describe, differences
from vlm_gym.evaluation.runs.played import Unplayable, grouped
from vlm_gym.evaluation.runs.players import LocalPlayer, Player
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.evaluation.runs.run_folder import RunWriter, has_turns, is_empty, read_episodes, read_run, read_turns
from vlm_gym.messages import Message

CONCURRENCY: Final = 16
MAX_CONCURRENCY: Final = 10_000
MAX_REFUSALS: Final = 100


@dataclass(frozen=True)
class Limits:
    """What a run may spend, turns of earlier sittings included; None is no limit.

    Attributes:
        max_requests: Requests to an endpoint, failed ones that were tried again included.
        max_tokens: Tokens read and written.
        max_cost: Money, in the currency of the prices given.
        max_refusals: Episodes that are refused in a row for the same reason, none played to its end in between.
    """

    max_requests: int | None = None
    max_tokens: int | None = None
    max_cost: float | None = None
    max_refusals: int | None = MAX_REFUSALS

    def __post_init__(self) -> None:
        for field in fields(self):
            limit = getattr(self, field.name)
            if limit is not None and not limit > 0:
                raise ConfigError(f"{field.name} must be a number above 0 or None, got {limit!r}")


@dataclass(frozen=True)
class Failure:
    """An episode that could not be played to its end, and why."""

    episode: EpisodeSpec
    reason: str


@dataclass(frozen=True)
class Progress:
    """Where a run stands.

    Attributes:
        num_episodes: Episodes of the run.
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


async def evaluate(
    folder: Path,
    plan: Plan,
    agent: Agent | Player,
    *,
    concurrency: int = CONCURRENCY,
    limits: Limits | None = None,
    is_resumed: bool = False,
    unplayable: Unplayable = "failure",
    on_progress: OnProgress | None = None,
    on_check: OnCheck | None = None,
) -> Progress:
    """Play the episodes of a plan and write them to a run's folder.

    The records hang on the plan and the agent alone, not on `concurrency` nor on where a run was interrupted; their
    order and latency do. Cancelling the task that awaits this ends the run at once and keeps all turns but those in
    flight.

    Args:
        folder: The run's folder; it must be new, unless the run is resumed.
        plan: What is played.
        agent: What plays; it is not closed. A `Player` plays elsewhere than in this process.
        concurrency: Episodes in play at the same time.
        limits: Budgets. When one is used up, turns in flight are finished and no other is begun.
        is_resumed: Go on with the run that is in the folder, if there is one: finished episodes are kept,
            half-played ones are played again up to where they stopped, with the answers that were given.
        unplayable: What an episode is that cannot be played to its end, since a request of it is refused for its
            content: a "failure", finished; or "missing", to be played when the run is resumed.
        on_progress: Is called after each turn, episode and failure.
        on_check: If given, a first request is sent before anything is played (`preflight`), and this is called with
            each thing that it shows and that is worth knowing, in a sentence.

    Returns:
        Where the run stands at the end. An `AgentError` ends its episode alone, which stays unfinished.

    Raises:
        RunError: if the folder holds another run, cannot be written, or does not play as it was recorded.
        AgentRefusedError: if the agent will never answer, or does not count the tokens that are limited; all turns
            so far are kept.
        ConfigError: if an argument is wrong.
    """
    check_int("concurrency", concurrency, 1, MAX_CONCURRENCY)
    check_choice("unplayable", unplayable, get_args(Unplayable))
    folder = Path(folder)
    if not isinstance(plan, Plan):
        raise ConfigError(f"plan must be a Plan, such as Plan(get_panel('cards-v0').episodes), got {plan!r}")
    if isinstance(agent, str):
        raise ConfigError(f"agent must be an Agent, got its name: give make_agent({agent!r})")
    player = LocalPlayer(agent, plan) if isinstance(agent, Agent) else agent
    try:
        run = describe(plan, await player.describe())
        check_folder(folder, run, is_resumed=is_resumed)
        with RunWriter(folder, run) as writer:
            sitting = _Sitting(plan, player, writer, limits or Limits(), unplayable, on_progress)
            await sitting.play(concurrency, on_check)
        return sitting.progress()
    finally:
        if player is not agent:
            await player.close()


def check_folder(folder: Path, run: dict[str, Any], *, is_resumed: bool) -> None:
    """Raise RunError unless this run may be written to this folder: no other run has a turn there."""
    if is_empty(folder):
        return
    there = read_run(folder)
    if not has_turns(folder):
        return
    if not is_resumed:
        raise RunError(f"{folder} holds a run already: add --resume to go on with it, or choose another --out")
    differing = differences(there, run)
    if differing:
        listed = "\n  ".join(differing)
        raise RunError(
            f"{folder} holds a run of other settings: choose another --out, or settings as there:\n  {listed}"
        )


class _BudgetSpent(Exception):  # noqa: N818  # ends an episode, and is no error
    """No further turn may be begun."""


class _Sitting:
    """Plays what is left of a run."""

    def __init__(
        self,
        plan: Plan,
        player: Player,
        writer: RunWriter,
        limits: Limits,
        unplayable: Unplayable,
        on_progress: OnProgress | None,
    ) -> None:
        self.plan, self.player, self.writer, self.limits = plan, player, writer, limits
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
        left = [episode for episode in self.plan.own_episodes if episode.key not in self.finished]
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
            num_episodes=len(self.plan.own_episodes),
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
        own = {episode.key for episode in self.plan.own_episodes}
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
        spent: Sequence[tuple[str, float, float | None]] = (
            ("requests", self.num_requests, self.limits.max_requests),
            ("tokens", self.num_tokens, self.limits.max_tokens),
            ("cost", self.cost, self.limits.max_cost),
        )
        for name, amount, limit in spent:
            if limit is not None and amount >= limit:
                return f"{name}: {amount:g} spent of {limit:g}"
        most = self.limits.max_refusals
        if self.refused is not None and most is not None and self.num_refused >= most:
            return f"{self.num_refused} episodes in a row that were refused for the same reason, {self.refused}"
        return None

    def _tell(self) -> None:
        if self.on_progress is not None:
            self.on_progress(self.progress())
