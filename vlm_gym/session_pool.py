"""Sessions that are used again, so that no episode waits for a task to be built."""

from collections import defaultdict
from collections.abc import Callable
from threading import Lock
from typing import Any

import gymnasium as gym

from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.episodes import EpisodeSpec, canonical
from vlm_gym.errors import ConfigError, check_is
from vlm_gym.messages import Message, estimate_tokens
from vlm_gym.parsers.base import Parser
from vlm_gym.parsers.registry import find_parser


class SessionPool:
    """Lends a session for an episode: one that is free and of the same task and arguments, or a new one.

    Any number of threads may use it.

    Args:
        chat: How a task is told.
        parser: What reads the answers, or its name; None for what an episode's arguments name, or else "json".
        count_tokens: Counts the tokens of a message, for `chat.token_budget`.
        wrap: Puts something around each environment, a wrapper that shapes rewards for example.

    Raises:
        ConfigError: if there is no such parser.
    """

    def __init__(
        self,
        chat: ChatSettings,
        parser: str | Parser | None = None,
        count_tokens: Callable[[Message], int] = estimate_tokens,
        wrap: Callable[[gym.Env[Any, Any]], gym.Env[Any, Any]] | None = None,
    ) -> None:
        check_is("chat", chat, ChatSettings, "ChatSettings")
        check_is("count_tokens", count_tokens, Callable, "a function of a Message")
        check_is("wrap", wrap, Callable | None, "a function of an environment, or None")
        self.chat, self._count_tokens, self._wrap = chat, count_tokens, wrap
        if parser is not None:
            find_parser(parser)  # told here, not at the first episode
        self._reader = {} if parser is None else {"parser": parser}
        self._free: dict[str, list[ChatSession]] = defaultdict(list)
        self._lock = Lock()

    def take(self, episode: EpisodeSpec) -> ChatSession:
        """Return a session, which is not reset; it is nobody else's until it is given back.

        Raises:
            ConfigError: if the episode's arguments are wrong.
        """
        kind = _kind_of(episode)
        with self._lock:
            free = self._free[kind]
            if free:
                return free.pop()
        env = episode.make(**self._reader)
        return ChatSession(env if self._wrap is None else self._wrap(env), self.chat, self._count_tokens)

    def give_back(self, episode: EpisodeSpec, session: ChatSession) -> None:
        """Take back a session that was lent for an episode."""
        with self._lock:
            self._free[_kind_of(episode)].append(session)

    def close(self) -> None:
        """Close the sessions that are free."""
        with self._lock:
            sessions = [session for free in self._free.values() for session in free]
            self._free.clear()
        for session in sessions:
            session.env.close()


def _kind_of(episode: EpisodeSpec) -> str:
    try:
        return canonical([episode.task, dict(episode.arguments)])
    except (TypeError, ValueError) as error:
        raise ConfigError(f"an episode's arguments must be plain values, got {episode.arguments!r}: {error}") from error
