"""What the page plays: one episode after another, one answer at a time, however many tabs are open."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import RunError, VlmGymError
from vlm_gym.web.person import PersonsEpisode
from vlm_gym.web.recording import Recording
from vlm_gym.web.telling import Telling
from vlm_gym.web.view import episode_view, task_list

Choose = Callable[[str], Iterable[EpisodeSpec]]
"""Takes the id of a task that the person chose; returns its episodes, or raises ConfigError."""


class StaleError(VlmGymError):
    """What a tab sent belongs to a state of the game that has passed: another tab went on."""


class Game:
    """A person's game. Its methods may be called from any thread and return the page's state, plain values.

    A state has a `version`, which what is sent must name: so two tabs never play the same turn twice.

    Args:
        recording: Where episodes are written. Those that it has are not played again.
        episodes: What is played, in this order; None lets the person choose a task first.
        num_episodes: How many those are, where they end.
        choose: Lists the episodes of a task that the person chooses.
        telling: How the person is told them.
    """

    def __init__(
        self,
        recording: Recording,
        episodes: Iterable[EpisodeSpec] | None = None,
        num_episodes: int | None = None,
        choose: Choose | None = None,
        telling: Telling | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._recording = recording
        self._num_episodes = num_episodes
        self._choose = choose
        self._telling = telling or Telling()
        self._episodes: Iterator[EpisodeSpec] | None = None
        self._now: PersonsEpisode | None = None
        self._version = 0
        self._shown_s: float | None = None
        if episodes is not None:
            self._episodes = iter(episodes)
            self._begin_next()

    def show(self) -> dict[str, Any]:
        """Return the state. The person's time for a turn starts when it is first shown."""
        with self._lock:
            return self._show()

    def answer(self, version: int, text: str) -> dict[str, Any]:
        """Play an answer.

        Raises:
            StaleError: if another tab has gone on, or the episode is over.
            RunError: if the turn cannot be written: it is not played then. Or if the episode's end cannot be: the next
                answer, whatever it is, tries that again.
        """
        with self._lock:
            self._check(version)
            if self._now is None or self._now.record is not None:
                raise StaleError("There is no turn to answer: the episode is over.")
            self._play(self._now, text)
            return self._show()

    def go_on(self, version: int) -> dict[str, Any]:
        """Begin the next episode, once this one is over.

        Raises:
            StaleError: if another tab has gone on, or the episode is not over.
        """
        with self._lock:
            self._check(version)
            if self._now is None or self._now.record is None:
                raise StaleError("There is no next episode yet: this one is not over.")
            self._begin_next()
            return self._show()

    def choose(self, version: int, task: str | None) -> dict[str, Any]:
        """Play a task that the person chose, or with None go back to the list; what is left can be taken up again.

        Raises:
            StaleError: if another tab has gone on, or there is nothing to choose.
            VlmGymError: if the task cannot be played here.
        """
        with self._lock:
            self._check(version)
            if self._choose is None:
                raise StaleError("There is nothing to choose: the tasks are set.")
            if task is None:
                self._turn_to(None, None)
                return self._show()
            episodes = iter(self._choose(task))
            self._turn_to(episodes, self._next_of(episodes))
            return self._show()

    def picture(self, name: str) -> bytes | None:
        """Return a picture of the current episode as PNG, or None if it has none of that name."""
        with self._lock:
            return None if self._now is None else self._now.picture(name)

    @property
    def folder(self) -> Path:
        """Where episodes are recorded."""
        return self._recording.folder

    @property
    def num_played(self) -> int:
        """How many episodes have been played to their end, earlier ones included."""
        return len(self._recording.episodes)

    def __enter__(self) -> "Game":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the game; what was played is written."""
        with self._lock:
            self._turn_to(None, None)
            self._recording.close()

    def _check(self, version: int) -> None:
        if version != self._version:
            raise StaleError("Not sent: the game has gone on in another tab or window. This is where it stands now.")

    def _play(self, episode: PersonsEpisode, text: str) -> None:
        latency_s = 0.0 if self._shown_s is None else time.monotonic() - self._shown_s
        try:
            episode.answer(text, latency_s)
        except RunError:
            if not episode.is_played:
                self._turn_to(self._episodes, self._episode(episode.spec))  # from what is written
            raise
        self._step()

    def _begin_next(self) -> None:
        assert self._episodes is not None  # noqa: S101  # an episode was played, so there is a list of them
        self._turn_to(self._episodes, self._next_of(self._episodes))

    def _next_of(self, episodes: Iterator[EpisodeSpec]) -> PersonsEpisode | None:
        spec = next((spec for spec in episodes if not self._recording.is_finished(spec)), None)
        return None if spec is None else self._episode(spec)

    def _episode(self, spec: EpisodeSpec) -> PersonsEpisode:
        return PersonsEpisode(spec, self._recording, self._telling)

    def _turn_to(self, episodes: Iterator[EpisodeSpec] | None, episode: PersonsEpisode | None) -> None:
        if self._now is not None:
            self._now.close()
        self._episodes, self._now = episodes, episode
        self._step()

    def _step(self) -> None:
        self._version += 1
        self._shown_s = None

    def _show(self) -> dict[str, Any]:
        if self._shown_s is None:
            self._shown_s = time.monotonic()
        return {
            "version": self._version,
            "phase": self._phase(),
            "can_choose": self._choose is not None,
            "tasks": task_list() if self._phase() == "choose" else [],
            "num_episodes": self._num_episodes,
            "num_played": self.num_played,
            "num_successes": self._num_successes(),
            "is_as_model": self._telling.is_as_model,
            "episode": None if self._now is None else episode_view(self._now),
        }

    def _num_successes(self) -> int | None:
        """Return how many episodes succeeded; None as long as the person is told no more than a model is."""
        if self._telling.is_as_model and self._phase() != "done":
            return None
        return sum(episode.is_success for episode in self._recording.episodes.values())

    def _phase(self) -> str:
        if self._now is None:
            return "choose" if self._episodes is None else "done"
        return "play" if self._now.record is None else "over"


def seeds_from(
    task: str, seed: int, arguments: dict[str, Any] | None = None, options: dict[str, Any] | None = None
) -> Iterator[EpisodeSpec]:
    """List the episodes of a task from a seed on, without end."""
    return (EpisodeSpec(task, number, arguments or {}, options) for number in itertools.count(seed))
