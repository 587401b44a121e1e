"""Playing an episode for its samples."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, NamedTuple

import numpy as np

from vlm_gym.chat import ChatTurn
from vlm_gym.collect.answers import choose, think, thinker_of, write_answer
from vlm_gym.collect.samples import Sample, Step, Told
from vlm_gym.collect.settings import CollectSettings
from vlm_gym.collect.sources import Start
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.agents import Agent, OracleAgent, RandomAgent, SearcherAgent
from vlm_gym.evaluation.runs.episodes import AGENT_STREAM
from vlm_gym.evaluation.runs.records import TurnRecord
from vlm_gym.messages import Message, picture_name, sendable
from vlm_gym.parsers.base import AnswerText, Parsed
from vlm_gym.rollout import Rollout
from vlm_gym.thoughts.thinker import Thinker

WORDS_STREAM: Final = 2  # neither the env's chance nor the agent's
NUM_CACHED_PICTURES: Final = 1024


@dataclass
class PictureCache:
    """Encodes a picture once, while it is among the last ones that were asked for."""

    pngs: OrderedDict[str, bytes] = field(default_factory=OrderedDict)

    def png(self, message: Message) -> bytes | None:
        """Return a message's picture as PNG; None if it has none."""
        if message.picture is None:
            return None
        name = picture_name(message.picture)
        if name not in self.pngs:
            self.pngs[name] = message.png
        self.pngs.move_to_end(name)
        while len(self.pngs) > NUM_CACHED_PICTURES:
            self.pngs.popitem(last=False)
        return self.pngs[name]


@dataclass(frozen=True)
class Played:
    """What came of an episode: whether it succeeded, and its samples."""

    is_success: bool
    samples: tuple[Sample, ...]


class Lesson(NamedTuple):
    """An answer to learn, and what is in it."""

    answer: str
    action: str
    kind: str | None
    span: tuple[int, int]
    thoughts: str


class Taught(NamedTuple):
    """A step and the messages that lead up to it, its answer included."""

    messages: tuple[Told, ...]
    step: Step


async def play(
    rollout: Rollout, agent: Agent, start: Start, settings: CollectSettings, pictures: PictureCache
) -> Played:
    """Play an episode, and return what can be learnt from it.

    Where nothing can succeed any more the oracle has nothing to teach, so that its episodes end there. Turns without a
    readable action and moves that break a rule teach nothing either: a step with one is left out, and a conversation
    with one as a whole.

    Raises:
        AgentError: if the agent cannot answer.
        RunError: if the env does not do what was recorded.
    """
    episode = start.episode
    rollout.start(episode)
    session = rollout.session
    turns = await _Player(rollout, agent, start, settings, pictures).play()
    taught = [turn for turn in turns if turn is not None]
    is_success, game = bool(session.info["is_success"]), session.info.get("game")
    if settings.unit == "step":
        samples = [Sample(episode, messages, (step,), is_success, game) for messages, step in taught]
        return Played(is_success, tuple(samples))
    if not taught or len(taught) < len(turns):
        return Played(is_success, ())
    steps = tuple(step for _, step in taught)
    opening = () if settings.chat.system is None else (Told("system", settings.chat.system),)
    told = chain.from_iterable((step.question, Told("assistant", step.answer)) for step in steps)
    return Played(is_success, (Sample(episode, (*opening, *told), steps, is_success, game),))


class _Player:
    """Plays one episode that has just begun."""

    def __init__(
        self, rollout: Rollout, agent: Agent, start: Start, settings: CollectSettings, pictures: PictureCache
    ) -> None:
        self._rollout, self._session, self._agent = rollout, rollout.session, agent
        self._start, self._settings = start, settings
        self._thinker: Thinker | None = thinker_of(self._session.task) if settings.cot == "varied" else None
        self._is_oracle = isinstance(agent, OracleAgent) and not start.recorded
        if (self._is_oracle or settings.label == "best") and not self._session.task.has_oracle():
            raise ConfigError(
                f"{type(self._session.task).__qualname__} has no oracle: collect what another agent plays (--agent)"
            )
        if settings.label == "searcher" and self._session.task.searcher_action() is None:
            raise ConfigError(
                f"{type(self._session.task).__qualname__} has no searcher: use another label (--label best)"
            )
        self._is_silent = isinstance(agent, (OracleAgent, RandomAgent, SearcherAgent)) and not start.recorded
        self._recorded = chain.from_iterable(turn.said for turn in start.recorded)
        self._pictures = pictures
        self._told: dict[Message, Told] = {}

    async def play(self) -> list[Taught | None]:
        """Play to the end; return what each turn teaches, None where it teaches nothing."""
        taught: list[Taught | None] = []
        while not self._rollout.is_over:
            if self._thinker is not None:
                self._thinker.look()
            best = self._session.task.oracle_action()
            if best is None and self._is_oracle:
                break
            taught.append(await self._play_turn(best))
        return taught

    async def _play_turn(self, best: str | None) -> Taught | None:
        session, label = self._session, self._settings.label
        rng, seen = self._rng(WORDS_STREAM), session.info["observation_text"]
        question = self._tell(session.question)
        other = None if label == "played" else self._write_other(best, rng)
        turn, messages = await self._answer(rng)
        lesson = self._lesson_played(turn) if label == "played" else other
        if lesson is None:
            return None
        told = (*map(self._tell, messages), Told("assistant", lesson.answer))
        step = Step(len(session.turns), question, best_action=best, observation_text=seen, **lesson._asdict())
        return Taught(told, step)

    def _rng(self, stream: int) -> np.random.Generator:
        episode = self._start.episode
        return np.random.default_rng((stream, episode.seed, episode.repeat, len(self._session.turns) + 1))

    def _write_other(self, best: str | None, rng: np.random.Generator) -> Lesson | None:
        """Write what the turn teaches instead of what is played."""
        label = self._settings.label
        action = choose(self._session, label, best, rng)
        if action is None:
            return None
        return self._read(write_answer(self._session, action, think(self._thinker, label, action, rng)), action)

    async def _answer(self, rng: np.random.Generator) -> tuple[ChatTurn, Sequence[Message]]:
        """Play a turn; return it and the messages that its last answer answers."""
        chance = self._rng(AGENT_STREAM)
        turn: ChatTurn | None = None
        messages: Sequence[Message] = ()
        while turn is None:
            messages = self._rollout.messages()
            turn = self._rollout.answer(await self._say(chance, rng)).turn
        if self._start.recorded:
            self._rollout.check_replayed(self._recorded_turn(len(self._session.turns)), turn)
        return turn, messages

    def _recorded_turn(self, number: int) -> TurnRecord | None:
        return self._start.recorded[number - 1] if number <= len(self._start.recorded) else None

    async def _say(self, chance: np.random.Generator, rng: np.random.Generator) -> str:
        """Return the agent's answer, with thoughts if it is one that has none of its own."""
        if self._start.recorded:
            return next(self._recorded, "")
        reply = await self._agent.answer(self._session, chance)
        text = AnswerText(reply.text, is_cut_off=reply.is_cut_off)
        is_shown = self._settings.label == "played" or self._settings.chat.history != 0
        if not (self._is_silent and is_shown):
            return text
        parsed = self._session.parser.parse(text, self._session.task.actions)
        if not isinstance(parsed, Parsed):
            return text
        return write_answer(self._session, parsed.action, think(self._thinker, "played", parsed.action, rng))

    def _lesson_played(self, turn: ChatTurn) -> Lesson | None:
        info = turn.info
        if info["fault"] is not None or info["illegal"] is not None:
            return None
        return self._read(sendable(Message("assistant", turn.answers[-1])), info["action"])

    def _read(self, answer: str, action: str) -> Lesson | None:
        """Read an answer; None if the parser does not read it as the action that was meant."""
        task = self._session.task
        parsed = self._session.parser.parse(answer, task.actions)
        if not isinstance(parsed, Parsed) or parsed.action != action:
            return None
        return Lesson(answer, action, task.kind_of(action), parsed.span, parsed.thoughts)

    def _tell(self, message: Message) -> Told:
        if message not in self._told:
            self._told[message] = Told(message.role, sendable(message), self._pictures.png(message))
        return self._told[message]
