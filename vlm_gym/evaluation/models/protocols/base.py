"""What a protocol of endpoints is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from vlm_gym.errors import ConfigError
from vlm_gym.messages import Message

if TYPE_CHECKING:
    from vlm_gym.evaluation.models.endpoint_settings import EndpointSettings

MAX_TOKENS: Final = 10**12  # a count above it is nonsense

PictureData = Callable[[Message], str]
"""Returns what stands in a request for a message's picture, in the place of its PNG in base64."""


@dataclass(frozen=True)
class Said:
    """What a reply says that has an answer in it, or a place for one, before anybody judges it.

    Attributes:
        text: The answer; None if the reply has no message.
        ending: Says how the answer ended, in a form that `finish_reasons.meaning_of` reads.
        parts: The parts of the reply that may tell an error, beside the reply itself.
        reasoning: What the model thought, where that is told apart.
        prompt_tokens, completion_tokens: As the server counted them; 0 where it does not.
        is_piece: Whether it is a piece of a stream.
    """

    text: str | None
    ending: Mapping[str, Any]
    parts: Sequence[Mapping[str, Any]] = ()
    reasoning: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_piece: bool = False


class EndpointProtocol(ABC):
    """Writes requests and reads replies, in memory only.

    Attributes:
        prefix: Of an agent's name: `openai` for openai:MODEL.
        base_url, key_env: The provider's address, and the usual environment variable of its key.
        path: Where requests go, below the address.
        answers: The field of a reply that holds the answer.
        headers: Are sent with every request, unless the user gives them another value.
        has_seed: Whether a request may have a seed.
        own_fields: Those of a request that this package writes itself.
    """

    prefix: ClassVar[str]
    base_url: ClassVar[str]
    key_env: ClassVar[str]
    path: ClassVar[str]
    answers: ClassVar[str]
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({})
    has_seed: ClassVar[bool] = True
    own_fields: ClassVar[tuple[str, ...]] = ("model", "messages", "n", "stream", "stream_options")

    def check(self, settings: "EndpointSettings") -> None:
        """Raise ConfigError if the settings ask for what a request of this protocol cannot say."""
        if settings.seed is not None and not self.has_seed:
            raise ConfigError(f"{self.prefix}: models take no seed: leave out --sampling-seed")
        for name in self.own_fields:
            if name in settings.extra_body:
                raise ConfigError(
                    f"extra_body must not hold {name!r}, which the agent {self.prefix}: sets itself or cannot read"
                )

    def key_headers(self, key: str) -> dict[str, str]:
        """Return the headers that tell the key."""
        return {"Authorization": f"Bearer {key}"}

    @abstractmethod
    def sampling(self, settings: "EndpointSettings") -> dict[str, Any]:
        """Return what every request holds besides the model, the messages and a seed."""

    @abstractmethod
    def request(self, model: str, messages: Sequence[Message], picture_data: PictureData) -> dict[str, Any]:
        """Return the fields of a request that hold the model and the messages."""

    @abstractmethod
    def read(self, reply: Mapping[str, Any]) -> Said | None:
        """Return what a reply says; None if there is no answer in it, nor a place for one.

        The reply is hostile input: a JSON object of any shape. Nothing is raised.
        """


def chosen(**fields: Any) -> dict[str, Any]:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def count(usage: Any, *names: str) -> int:
    """Return the sum of counts of a reply's usage; what is not a count is 0."""
    values = [usage.get(name) for name in names] if isinstance(usage, Mapping) else []
    return sum(value for value in values if type(value) is int and 0 <= value <= MAX_TOKENS)


def string(value: Any) -> str:
    """Return a text, or nothing for what is none."""
    return value if isinstance(value, str) else ""


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the JSON objects of a list; nothing for what is none."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def are_parts(value: Any) -> bool:
    """Whether a content is a list of parts, of which some may be odd; one of which all are is a broken reply."""
    return isinstance(value, list) and (not value or any(map(_is_part, value)))


def _is_part(item: Any) -> bool:
    return isinstance(item, str) or (
        isinstance(item, dict) and (isinstance(item.get("type"), str) or isinstance(item.get("text"), str))
    )
