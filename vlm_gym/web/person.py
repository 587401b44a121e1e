"""A person as an agent: `run_episode` stands still at each turn until the person's answer comes."""

import types
from collections.abc import Generator
from typing import Any, Final

import numpy as np

from vlm_gym.chat import ChatSession
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import Agent, Reply
from vlm_gym.evaluation.runs.episodes import run_episode
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.messages import Message, picture_name
from vlm_gym.render.encode import png_bytes
from vlm_gym.rollout import Rollout
from vlm_gym.web.recording import Recording
from vlm_gym.web.telling import Telling

ASKING: Final = object()  # what `run_episode` yields where it waits for the person


class PersonAgent(Agent):
    """Waits for whoever drives the coroutine: `send` brings the reply."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling

    async def answer(self, session: ChatSession, rng: np.random.Generator) -> Reply:
        """Answer with what is sent."""
        return await _reply()

    def describe(self) -> dict[str, Any]:
        """Return the name, where the person sits, and what the person is told."""
        return self._telling.description


class PersonsEpisode:
    """One episode that a person plays, from the turn at which it was left.

    `session` is the conversation, `turns` are the records of all turns played, `record` is that of the whole episode
    once it is over and written. Nothing runs between two answers, so any thread may call, one at a time.

    Raises:
        VlmGymError: if the task cannot be made, or does not do what the recorded turns say.
    """

    def __init__(self, spec: EpisodeSpec, recording: Recording, telling: Telling) -> None:
        self.spec = spec
        self.record: EpisodeRecord | None = None
        self.turns = list(recording.turns(spec))
        self.telling = telling
        self._rollout = Rollout(telling.chat, parser=telling.parser)
        self._recording = recording
        self._end: EpisodeRecord | None = None
        self._last: Message | None = None
        self._playing = run_episode(
            self._rollout,
            PersonAgent(telling),
            spec,
            past=tuple(self.turns),
            on_turn=self._add_turn,
            on_picture=self._keep_last,
        )
        self._go_on(None)
        self._write_end()

    @property
    def session(self) -> ChatSession:
        """The conversation."""
        return self._rollout.session

    @property
    def is_played(self) -> bool:
        """Whether all turns are played and written, the episode's end perhaps not yet."""
        return self._end is not None

    def answer(self, text: str, latency_s: float) -> None:
        """Play an answer, which took so many seconds.

        Raises:
            RunError: if the turn cannot be written: the episode is of no more use then. Or if its end cannot be:
                then it `is_played`, and the next call tries again.
        """
        if not self.is_played:
            self._go_on(Reply(text, latency_s=latency_s))
        self._write_end()

    def picture(self, name: str) -> bytes | None:
        """Return a picture of this episode as PNG, or None if it has none of that name."""
        if name == self.picture_now:
            return png_bytes(self.session.picture)
        sent = next((message for message in self.session.messages() if picture_of(message) == name), None)
        if sent is not None:
            return sent.png
        is_known = any(turn.picture == name for turn in self.turns)
        return self._recording.read_picture(name) if is_known else None

    def close(self) -> None:
        """Leave the episode where it is."""
        self._playing.close()
        self._rollout.close()

    def _go_on(self, reply: Reply | None) -> None:
        """Let `run_episode` play up to the next question, or to the end."""
        try:
            while self._playing.send(reply) is not ASKING:  # it may give way to other episodes; here are none
                reply = None
        except StopIteration as end:
            self._end = end.value
        self.picture_now = picture_name(self.session.picture)

    def _write_end(self) -> None:
        if self._end is None or self._last is None:
            return
        self._recording.add_picture(self._last)
        self._recording.add_episode(self._end)
        self.record = self._end

    def _keep_last(self, shown: Message) -> None:
        self._last = shown

    def _add_turn(self, turn: TurnRecord, shown: Message) -> None:
        self._recording.add_turn(turn, shown)
        self.turns.append(turn)


def picture_of(message: Message) -> str | None:
    """Return the name of a message's picture; None without one."""
    return None if message.picture is None else picture_name(message.picture)


@types.coroutine
def _reply() -> Generator[object, Reply, Reply]:
    return (yield ASKING)
