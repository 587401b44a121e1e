"""A sample: messages and the answer that is learnt, with what is known of it."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.messages import Role

HASH_BYTES: Final = 8


class Told(NamedTuple):
    """A message with its picture as PNG, or None."""

    role: Role
    text: str
    png: bytes | None = None


@dataclass(frozen=True)
class Step:
    """One turn.

    Attributes:
        turn: Its number, from 1.
        question: What was asked, with the picture.
        answer: What is learnt.
        action: The action in the answer.
        kind: What counts as the same when actions are counted (`answers.kind_of`).
        span: Its half-open character range in the answer.
        thoughts: The reasoning in the answer.
        best_action: A best action, or None where nothing could succeed any more.
        observation_text: What the picture shows, in words.
    """

    turn: int
    question: Told
    answer: str
    action: str
    kind: str | None
    span: tuple[int, int]
    thoughts: str
    best_action: str | None
    observation_text: str


@dataclass(frozen=True)
class Sample:
    """A row of a data set: one step, or all of an episode.

    `messages` end with the answer that is learnt; in a conversation all answers are. `game` is the name of the game,
    where games have names.
    """

    episode: EpisodeSpec
    messages: tuple[Told, ...]
    steps: tuple[Step, ...]
    is_success: bool
    game: str | None = None

    @cached_property
    def pngs(self) -> tuple[bytes, ...]:
        """The pictures in the order of the messages."""
        return tuple(message.png for message in self.messages if message.png is not None)

    @cached_property
    def digest(self) -> str:
        """What two samples have in common only if a model sees the same and learns the same, in hex."""
        content = hashlib.blake2b(digest_size=HASH_BYTES)
        for message in self.messages:
            for part in (message.role.encode(), message.text.encode(), message.png or b""):
                content.update(len(part).to_bytes(8, "little") + part)
        return content.hexdigest()


def digest_of(png: bytes) -> str:
    """Return a short name of a picture, in hex."""
    return hashlib.blake2b(png, digest_size=HASH_BYTES).hexdigest()
