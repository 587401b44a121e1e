"""Reads the answers of a run again, with another parser, version of it or fault policy, as far as the episodes agree.

A task is told as it was recorded, and the recorded answers are played again. This works for as long as what would be
sent to the model is what was sent: then it would have answered the same. From the first other request on nobody knows
what it would have said, and the episode has parted; unless it ended before, its outcome is unknown.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import gymnasium as gym
import numpy as np

from vlm_gym.chat import ChatSession
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, RunError, UnplayableError, VlmGymError
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.runs.episodes import run_episode
from vlm_gym.evaluation.runs.plan import planned_episodes, told_as
from vlm_gym.evaluation.runs.played import Played, PlayedRun
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.evaluation.runs.run_folder import RunWriter, is_empty, read_episodes, read_run, read_turns
from vlm_gym.files import whole_folder
from vlm_gym.messages import sendable
from vlm_gym.rollout import Rollout
from vlm_gym.session_pool import SessionPool
from vlm_gym.wrappers.text import FaultPolicy, TextPlay

READ_AGAIN: Final = "read_again"
"""The part of run.json that says of which run the answers are, and how they were read there."""

OnEpisode = Callable[[int, int], object]
"""Takes the number of episodes that have been read again, and of all."""


@dataclass(frozen=True)
class Parting:
    """The first turn of an episode that was read otherwise.

    Attributes:
        episode: What was played.
        turn: The turn's number, from 1.
        recorded: What came of it, in words: the action, or the fault.
        read: What comes of it now.
        is_known: Whether the outcome of the episode is known all the same.
    """

    episode: EpisodeSpec
    turn: int
    recorded: str
    read: str
    is_known: bool


@dataclass(frozen=True)
class Rescored:
    """A run that was read again.

    Attributes:
        run: The episodes whose outcome is known, as a run: those that are missing have parted before their end, or
            were not finished.
        num_same: Episodes of which every turn was read as it was, to the end.
        partings: The others that were finished, in the order of the run.
    """

    run: PlayedRun
    num_same: int
    partings: tuple[Parting, ...]


async def rescore(
    folder: Path,
    *,
    parser: str | None = None,
    on_fault: FaultPolicy | None = None,
    out: Path | None = None,
    on_episode: OnEpisode | None = None,
) -> Rescored:
    """Read a run's answers again.

    Args:
        folder: The run's folder, which stays as it is.
        parser: What reads the answers; None for the parser of the run, as it is in this version.
        on_fault: What an answer without a readable action does; None for what it did in the run.
        out: A folder to which the run is written as it is read now, for `vlm-gym report`; it must be new.
        on_episode: Is called after each episode.

    Raises:
        RunError: if the folder is not a run, nothing of it was played, or `out` cannot be written.
        ConfigError: if the parser or the policy does not fit the tasks.
        DataNotFoundError: if a task's games are not on this machine.
    """
    run = read_run(folder)
    recorded = _recorded(folder, run)
    if not recorded:
        raise RunError(f"{folder} has no turn yet, so there is nothing to read again")
    again = {**run, "parser": parser or run["parser"]}
    again[READ_AGAIN] = {"run": folder.resolve().name, "parser": run["parser"], "on_fault": on_fault}
    pool = _Pool(told_as(run), run["parser"], again["parser"])
    read: list[_Episode] = []
    try:
        with nullcontext() if out is None else _writer(out, again) as writer:
            for number, one in enumerate(recorded, start=1):
                read.append(await _read(one, pool, on_fault, writer))
                if on_episode is not None:
                    on_episode(number, len(recorded))
    finally:
        pool.close()
    return _rescored(folder, again, recorded, read)


@dataclass(frozen=True)
class _Episode:
    """An episode with its turns; `record` is None if it is not finished, or nobody knows how it would have ended."""

    spec: EpisodeSpec
    turns: tuple[TurnRecord, ...]
    record: EpisodeRecord | None


def _rescored(folder: Path, again: dict[str, Any], recorded: Sequence[_Episode], read: Sequence[_Episode]) -> Rescored:
    played = tuple(Played(one.record, one.turns) for one in read if one.record is not None)
    stopped = Counter(item.task for item in played if item.episode.is_unplayable)
    pairs = [(was, now) for was, now in zip(recorded, read, strict=True) if was.record is not None]
    partings = tuple(filter(None, (_parting(was, now) for was, now in pairs)))
    run = PlayedRun(folder, again, played, num_unplayable=stopped)
    return Rescored(run, len(pairs) - len(partings), partings)


@contextmanager
def _writer(out: Path, run: dict[str, Any]) -> Iterator[RunWriter]:
    if not is_empty(out):
        raise RunError(f"{out} holds something already: choose another --out")
    own = {name: value for name, value in run.items() if name != "format"}
    with whole_folder(out) as draft, RunWriter(draft, own, out) as writer:
        yield writer


class _PartedError(VlmGymError):
    """What would be sent now is not what was sent, or nothing was sent any more."""


class _Pool(SessionPool):
    """Lends sessions that tell a task in the form of one parser, and read the answers with another."""

    def __init__(self, chat: Any, told: str, reader: str) -> None:
        super().__init__(chat, told)
        self._answers = reader

    def take(self, episode: EpisodeSpec) -> ChatSession:
        """Return a session that reads with the other parser."""
        session = super().take(episode)
        play = _text_play(session.env)
        play.parser = session.parser = TextPlay(session.task, self._answers).parser
        return session


class _Recorded(Agent):
    """Gives the recorded answers for as long as what is sent is what was sent."""

    def __init__(self, episode: _Episode) -> None:
        self.episode = episode
        self._turn = self._place = 0

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:  # noqa: ARG002
        """Give the answer of this turn, or the next of it."""
        turns, number = self.episode.turns, len(session.turns) + 1
        self._place = self._place + 1 if number == self._turn else 0
        self._turn = number
        if number > len(turns):
            record = self.episode.record
            if record is not None and record.stopped is not None and _is_told(session, record.final_prompt):
                raise UnplayableError(record.stop_words, record.stopped)
            raise _PartedError
        turn = turns[number - 1]
        if self._place >= len(turn.answers) or not self._is_same(session, turn):
            raise _PartedError
        return _reply(turn, self._place)

    def describe(self) -> dict[str, Any]:
        """Return a name."""
        return {"name": "recorded"}

    def _is_same(self, session: ChatSession, turn: TurnRecord) -> bool:
        """Whether what is sent now is what was sent; pixels aside, which other versions of packages may change."""
        if session.info["observation_text"] != turn.observation_text:
            return False
        if turn.requests:
            sent = [(message.role, message.text) for message in turn.requests[self._place]]
            return sent == [(message.role, sendable(message)) for message in session.messages()]
        # The first formats do not say what was sent: it followed from the prompt, and from what was wrong before.
        is_fault_told = session.settings.tell_mistakes and bool(session.turns)
        before = self.episode.turns[turn.turn - 2] if is_fault_told else None
        if before is not None and session.turns[-1].info["fault"] != before.fault:
            return False
        return _is_told(session, turn.prompt)


async def _read(one: _Episode, pool: SessionPool, on_fault: FaultPolicy | None, writer: RunWriter | None) -> _Episode:
    """Read an episode again; its records have the names of the recorded one."""
    spec = one.spec
    if on_fault is not None:
        spec = replace(spec, arguments={**spec.arguments, "on_fault": on_fault})
    turns: list[TurnRecord] = []

    def keep(turn: TurnRecord, shown: Any) -> None:
        turns.append(replace(turn, episode=one.spec.key))
        if writer is not None:
            writer.add_turn(turns[-1], shown)

    record = None
    with Rollout(pool=pool) as rollout:
        try:
            on_picture = None if writer is None else writer.add_picture
            record = await run_episode(rollout, _Recorded(one), spec, on_turn=keep, on_picture=on_picture)
        except _PartedError:
            pass
    if record is not None:
        record = replace(record, episode=one.spec.key, arguments=one.spec.arguments)
        if writer is not None:
            writer.add_episode(record)
    return _Episode(one.spec, tuple(turns), record)


def _parting(recorded: _Episode, read: _Episode) -> Parting | None:
    """Return where an episode parts from its record; None if it does not."""
    pairs = zip(recorded.turns, read.turns, strict=False)
    number = next((i for i, (one, other) in enumerate(pairs) if _outcome(one) != _outcome(other)), None)
    if number is None:
        if read.record is not None and len(read.turns) == len(recorded.turns):
            return None
        number = len(read.turns)
    turns = [each.turns[number] if number < len(each.turns) else None for each in (recorded, read)]
    was, now = map(_words, turns)
    return Parting(recorded.spec, number + 1, was, now, is_known=read.record is not None)


def _outcome(turn: TurnRecord) -> tuple[object, ...]:
    return turn.answers, turn.action, turn.fault_kind, turn.illegal, turn.reward


def _words(turn: TurnRecord | None) -> str:
    if turn is None:
        return "not played"
    said = turn.fault or repr(turn.action)
    if turn.fault is not None and turn.action is not None:  # a random one
        said += f", for which {turn.action!r} was played"
    return said + (f", after {len(turn.answers)} answers" if len(turn.answers) > 1 else "")


def _recorded(folder: Path, run: dict[str, Any]) -> list[_Episode]:
    """Return the episodes of a run that have turns, in the order of its plan."""
    records = {record.episode: record for record in read_episodes(folder)}
    turns: dict[str, list[TurnRecord]] = {}
    for turn in read_turns(folder):
        turns.setdefault(turn.episode, []).append(turn)
    played = [EpisodeSpec(each.task, each.seed, each.arguments, each.options, each.repeat) for each in records.values()]
    specs = {spec.key: spec for spec in (*planned_episodes(run), *played)}
    episodes = []
    for key in specs:
        own, record = turns.get(key, []), records.get(key)
        whole = [turn for number, turn in enumerate(own, start=1) if turn.turn == number]
        is_whole = record is not None and record.num_turns == len(whole)
        if whole or is_whole:
            episodes.append(_Episode(specs[key], tuple(whole), record if is_whole else None))
    return episodes


def _reply(turn: TurnRecord, place: int) -> Reply:
    """Return what came back for one answer of a turn; the first formats have the turn's sums alone."""
    if turn.replies:
        return turn.replies[place]
    is_cut_off = place in turn.cut_off or (turn.is_last_cut_off and place == len(turn.answers) - 1)
    reply = Reply(turn.answers[place], is_cut_off=is_cut_off)
    if place:
        return reply
    return replace(
        reply,
        prompt_tokens=turn.prompt_tokens,
        completion_tokens=turn.completion_tokens,
        cost=turn.cost,
        latency_s=turn.latency_s,
        num_requests=turn.num_requests,
        is_cached=turn.is_cached,
    )


def _is_told(session: ChatSession, prompt: str) -> bool:
    return bool(session.info["prompt"] == prompt)


def _text_play(env: gym.Env[Any, Any]) -> TextPlay:
    """Return the wrapper of an env that reads the answers."""
    while not isinstance(env, TextPlay):
        if not isinstance(env, gym.Wrapper):
            raise ConfigError(f"expected a task in text play, got {env!r}")
        env = env.env
    return env
