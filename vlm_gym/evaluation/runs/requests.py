"""The requests of an episode as a run records them: who says what, and which picture goes with it."""

from typing import NamedTuple

from vlm_gym.chat import ChatSession
from vlm_gym.messages import Message, sendable


class SentMessage(NamedTuple):
    """One message of a request, as it was sent, whatever the protocol (`hf:` models get special tokens broken up).

    Attributes:
        role: "system", "user" or "assistant".
        text: Its text.
        picture: Name of the picture that stands before the text, a file pictures/NAME.png of the run; None where no
            picture was shown. Where `ChatSettings.picture_size` enlarges pictures, it is the one before that.
    """

    role: str
    text: str
    picture: str | None


class RequestLog:
    """Writes down the requests of one episode. Messages that are sent again, as the past is, are looked at once."""

    def __init__(self) -> None:
        self._sent: dict[Message, SentMessage] = {}

    def note(self, question: Message, picture: str) -> None:
        """Note a turn's question and the name of its picture: later requests may show them again."""
        self._sent[question] = _sent(question, picture)

    def request(self, session: ChatSession, picture: str) -> tuple[SentMessage, ...]:
        """Return what is sent now; `picture` is the name of what the turn shows."""
        if session.question not in self._sent:
            self.note(session.question, picture)
        messages = session.messages()
        sent = tuple(self._sent.get(message) or _sent(message, None) for message in messages)
        self._sent = dict(zip(messages, sent, strict=True))
        return sent


def _sent(message: Message, picture: str | None) -> SentMessage:
    return SentMessage(message.role, sendable(message), None if message.picture is None else picture)
