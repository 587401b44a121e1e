"""Plays one episode after another, of any tasks, as messages: what evaluators, trainers and agent frameworks drive."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from types import TracebackType
from typing import Any, Final, Protocol

import gymnasium as gym

from vlm_gym.chat import ChatSession, ChatSettings, ChatTurn
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError, RunError, check_is
from vlm_gym.messages import Message, estimate_tokens
from vlm_gym.parsers.base import Parser
from vlm_gym.session_pool import SessionPool

RESENT: Final = ("history", "history_pictures", "token_budget")
"""Settings that choose which past turns are sent again."""
MAX_NUMBER: Final = 10**9  # of a tool call, far beyond any action's


@dataclass(frozen=True, eq=False)
class Step:
    """What came of a call.

    Attributes:
        news: What to send now, beside all that was sent before: this turn's question, or what was wrong with an answer
            that is asked for again; at the start with the system message. Empty at the end.
        reward: What the turn paid; 0 where none was played.
        is_terminated, is_truncated: How the episode has ended, if it has.
        info: The env's info now.
        turn: The turn that was played; None at the start, and where an answer was not played.
        is_late: Whether the episode had ended before the call, which did nothing then.
    """

    news: tuple[Message, ...]
    reward: float
    is_terminated: bool
    is_truncated: bool
    info: dict[str, Any]
    turn: ChatTurn | None = None
    is_late: bool = False

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended."""
        return self.is_terminated or self.is_truncated


class RecordedTurn(Protocol):
    """What must be known of a turn to play it again: all its answers, of which the last one counted, and what came."""

    @property
    def said(self) -> Sequence[str]:
        """The answers."""

    @property
    def action(self) -> str | None:
        """What was played."""

    @property
    def reward(self) -> float:
        """What it paid."""


class Rollout:
    """Plays one episode after another, of any tasks; their environments are kept and used again.

    It is driven like this::

        rollout = Rollout()
        step = rollout.start(EpisodeSpec("vlm_gym/Points24-v0", seed=0))
        while not step.is_over:
            step = rollout.answer(model(to_openai(rollout.messages())))
        print(rollout.metrics())

    `messages()` is the whole request, for callers that send everything again each time. A framework that appends to one
    conversation sends `Step.news` instead, and says `append_only=True`: then all turns stay, and `messages()` is that
    conversation. One rollout belongs to one thread at a time; any number of rollouts may play at once.

    Args:
        settings: How a task is told.
        parser: What reads the answers, or its name; None for what an episode's arguments name, or else
            "json". With "tool" the prompt asks for no form of answer, for models that call functions (`act`).
        append_only: Whether what was sent once stays for the whole episode.
        count_tokens: Counts the tokens of a message, for `settings.token_budget`.
        pool: Sessions that several rollouts share, in place of `settings`, `parser` and `count_tokens`; it is not
            closed.

    Raises:
        ConfigError: if a conversation that only grows is to leave past turns out, both a pool and what it has are
            given, or there is no such parser.
    """

    def __init__(
        self,
        settings: ChatSettings | None = None,
        *,
        parser: str | Parser | None = None,
        append_only: bool = False,
        count_tokens: Callable[[Message], int] = estimate_tokens,
        pool: SessionPool | None = None,
    ) -> None:
        if pool is not None and (settings is not None or parser is not None or count_tokens is not estimate_tokens):
            raise ConfigError("a pool has its own settings, parser and count_tokens: give those to SessionPool")
        check_is("settings", settings, ChatSettings | None, "ChatSettings or None")
        check_is("append_only", append_only, bool, "True or False")
        check_is("pool", pool, SessionPool | None, "a SessionPool or None")
        self._owns_pool = pool is None
        self._pool = pool or SessionPool(settings or ChatSettings(), parser, count_tokens)
        if append_only:
            _check_appendable(self._pool.chat)
        self._appended: list[Message] | None = [] if append_only else None
        self._lent: tuple[EpisodeSpec, ChatSession] | None = None

    @property
    def episode(self) -> EpisodeSpec:
        """The episode that was started last."""
        return self._started()[0]

    @property
    def session(self) -> ChatSession:
        """The conversation of this episode, with its env, task, picture and turns."""
        return self._started()[1]

    @property
    def is_over(self) -> bool:
        """Whether the episode has ended; False before the first."""
        return self._lent is not None and self._lent[1].is_over

    def start(self, episode: EpisodeSpec | Mapping[str, Any]) -> Step:
        """Begin an episode, whether or not the one before has ended.

        Args:
            episode: What is played, or its row (`EpisodeSpec.to_row`).

        Raises:
            ConfigError: if a column of the row, an argument or an option is wrong, or there is no such task.
        """
        spec = episode if isinstance(episode, EpisodeSpec) else EpisodeSpec.from_row(episode)
        self._give_back()
        session = self._pool.take(spec)
        try:
            session.reset(**spec.start)
        except BaseException:
            session.env.close()  # nobody knows what is left of it
            raise
        self._lent = spec, session
        news = session.messages()
        if self._appended is not None:
            self._appended = list(news)
        return Step(news, 0.0, False, False, session.info)

    def answer(self, text: str) -> Step:
        """Play an answer. One that comes after the end does nothing, and its step says so.

        Raises:
            ConfigError: if the answer is not a str. A text of any content is fine.
            gymnasium.error.ResetNeeded: before the first start.
        """
        session = self.session
        if session.is_over:
            last = session.turns[-1]
            return Step((), 0.0, last.is_terminated, last.is_truncated, session.info, is_late=True)
        turn = session.answer(text)
        news = () if session.is_over else (session.last_message,)
        if self._appended is not None:
            self._appended += [Message("assistant", text), *news]
        if turn is None:
            return Step(news, 0.0, False, False, session.info)
        return Step(news, turn.reward, turn.is_terminated, turn.is_truncated, turn.info, turn)

    def act(self, action: object, thoughts: object = "") -> Step:
        """Play an action, as a model's tool call names it: written as the answer that the parser reads back.

        What is not an action of the task is a fault of the answer, as in text; so is what is not even a str.
        """
        session = self.session
        named, thought = _as_words(action), "" if thoughts is None else _as_words(thoughts)
        try:
            text = session.parser.write(named, session.task.actions, thought)
        except ConfigError:
            text = json.dumps({"thoughts": thought, session.task.actions.key: named})
        return self.answer(text)

    def replay(self, recorded: Iterable[RecordedTurn]) -> None:
        """Play the answers of recorded turns again, from where the episode stands.

        Raises:
            RunError: if a turn goes otherwise than it did.
        """
        for turn in recorded:
            steps = [self.answer(text) for text in turn.said]
            self.check_replayed(turn, steps[-1].turn if steps else None)

    def check_replayed(self, recorded: RecordedTurn | None, turn: ChatTurn | None) -> None:
        """Compare a turn that was just played with its record; None where there is no such turn.

        Raises:
            RunError: if it went otherwise.
        """
        expected = None if recorded is None else (recorded.action, recorded.reward)
        got = None if turn is None else (turn.info["action"], turn.reward)
        if got is not None and got == expected:
            return
        number = len(self.session.turns) + (turn is None)
        raise RunError(
            f"turn {number} of {self.episode.key} does not play as it was recorded: expected {_outcome(expected)}, "
            f"got {_outcome(got)}. Another version of vlm_gym wrote it: start a new run"
        )

    def messages(self) -> tuple[Message, ...]:
        """Return the whole request for the next answer, or what was said, once the episode is over."""
        return self.session.messages() if self._appended is None else tuple(self._appended)

    def metrics(self) -> dict[str, float]:
        """Return how the episode went so far, as plain numbers.

        `return` is the undiscounted sum of rewards, `success` 0 or 1, `progress` the share of the goal's conditions
        that are met; `turns`, and of these `faults` (without a readable action) and `illegal` ones; `truncated` is 1 if
        the turns ran out.
        """
        session = self.session
        turns, info = session.turns, session.info
        is_out_of_turns = bool(turns) and turns[-1].is_truncated and not turns[-1].is_terminated
        return {
            "return": sum((turn.reward for turn in turns), 0.0),
            "success": float(info["is_success"]),
            "progress": float(info["progress"]),
            "turns": float(len(turns)),
            "faults": float(sum(turn.info["fault"] is not None for turn in turns)),
            "illegal": float(sum(turn.info["illegal"] is not None for turn in turns)),
            "truncated": float(is_out_of_turns),
        }

    def close(self) -> None:
        """Close the environments, or give back what is the pool's; another start opens them again."""
        self._give_back()
        if self._owns_pool:
            self._pool.close()

    def __enter__(self) -> "Rollout":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _started(self) -> tuple[EpisodeSpec, ChatSession]:
        if self._lent is None:
            raise gym.error.ResetNeeded("expected start() before anything else: no episode has been started")
        return self._lent

    def _give_back(self) -> None:
        if self._lent is not None:
            self._pool.give_back(*self._lent)
            self._lent = None


def _check_appendable(settings: ChatSettings) -> None:
    """Raise ConfigError for settings that an append-only conversation cannot keep."""
    plain = ChatSettings()
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name in RESENT and value != getattr(plain, field.name):
            raise ConfigError(
                f"{field.name}={value!r} means nothing with append_only=True: there all past turns stay as they were "
                f"sent. Leave it out, or send messages() as a whole each time, without append_only"
            )


def _outcome(outcome: tuple[str | None, float] | None) -> str:
    return "no turn" if outcome is None else f"the action {outcome[0]!r} and the reward {outcome[1]:g}"


def _as_words(value: object) -> str:
    """Return what a tool call holds as text: a number as it is written, of anything else but a text its type."""
    if isinstance(value, str):
        return value
    is_number = isinstance(value, (int, float)) and abs(value) < MAX_NUMBER
    return str(value) if is_number else type(value).__name__
