"""Sessions that are used again, so that no episode waits for a task to be built."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from vlm_gym.chat import ChatSession, ChatSettings
from vlm_gym.evaluation.runs.episodes import EpisodeSpec
from vlm_gym.evaluation.runs.records import canonical


class SessionPool:
    """Lends a session for an episode: one that is free and of the same task and arguments, or a new one.

    Args:
        parser: What reads the answers.
        chat: How a task is told.
    """

    def __init__(self, parser: str, chat: ChatSettings) -> None:
        self._parser, self._chat = parser, chat
        self._free: dict[str, list[ChatSession]] = defaultdict(list)

    @contextmanager
    def lend(self, episode: EpisodeSpec) -> Iterator[ChatSession]:
        """Lend a session, which is not reset."""
        free = self._free[canonical([episode.task, episode.arguments])]
        session = free.pop() if free else ChatSession(episode.make(parser=self._parser), self._chat)
        try:
            yield session
        finally:
            free.append(session)

    def close(self) -> None:
        """Close the sessions that are free."""
        for sessions in self._free.values():
            for session in sessions:
                session.env.close()
        self._free.clear()
