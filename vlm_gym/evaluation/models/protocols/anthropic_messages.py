"""Anthropic's messages API.

Source: the "Messages" and "Handling stop reasons" parts of Anthropic's API reference, version 2023-06-01.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.models.protocols.base import (
    EndpointProtocol,
    PictureData,
    Said,
    are_parts,
    chosen,
    count,
    objects,
    string,
)
from vlm_gym.messages import Message, sendable

if TYPE_CHECKING:
    from vlm_gym.evaluation.models.endpoint_settings import EndpointSettings


class AnthropicMessages(EndpointProtocol):
    """Messages: the system message stands apart, roles alternate, and an answer comes in blocks.

    The answer is the text of its text blocks; thinking blocks are the model's thoughts, and a block of another kind (a
    tool that it uses) says nothing here.
    """

    prefix = "anthropic"
    base_url = "https://api.anthropic.com/v1"
    key_env = "ANTHROPIC_API_KEY"
    path = "/messages"
    answers = "content"
    headers = MappingProxyType({"anthropic-version": "2023-06-01"})
    has_seed = False
    own_fields = ("model", "messages", "system", "stream")

    def check(self, settings: "EndpointSettings") -> None:
        """Raise ConfigError for a seed, for no limit of tokens, and for a limit by another name."""
        super().check(settings)
        if settings.max_tokens is None:
            raise ConfigError("anthropic: models must be told the most tokens of an answer: --max-tokens N")
        if settings.max_tokens_field != "max_tokens":
            raise ConfigError("anthropic: models take max_tokens: leave out --max-tokens-field")

    def key_headers(self, key: str) -> dict[str, str]:
        """Return the key in the header that Anthropic reads."""
        return {"x-api-key": key}

    def sampling(self, settings: "EndpointSettings") -> dict[str, Any]:
        """Return temperature, top_p and max_tokens."""
        fields = chosen(temperature=settings.temperature, top_p=settings.top_p, max_tokens=settings.max_tokens)
        return {**fields, **settings.extra_body}

    def request(self, model: str, messages: Sequence[Message], picture_data: PictureData) -> dict[str, Any]:
        """Return model, system message and messages; neighbours of one role are one message."""
        system = "\n\n".join(sendable(message) for message in messages if message.role == "system")
        turns = groupby((message for message in messages if message.role != "system"), lambda message: message.role)
        told = [
            {"role": role, "content": [block for each in group for block in _blocks(each, picture_data)]}
            for role, group in turns
        ]
        return {"model": model, **({"system": system} if system else {}), "messages": told}

    def read(self, reply: Mapping[str, Any]) -> Said | None:
        """Read a message's blocks."""
        if not are_parts(reply.get("content")):
            return None
        blocks = objects(reply["content"])
        usage = reply.get("usage")
        return Said(
            text="".join(string(block.get("text")) for block in blocks if block.get("type") == "text"),
            ending={"finish_reason": reply.get("stop_reason")},
            reasoning="".join(string(block.get("thinking")) for block in blocks if block.get("type") == "thinking"),
            # those that a cache of prompts took or gave are told apart from the others
            prompt_tokens=count(usage, "input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
            completion_tokens=count(usage, "output_tokens"),
        )


def _blocks(message: Message, picture_data: PictureData) -> list[dict[str, Any]]:
    words = {"type": "text", "text": sendable(message)}
    if message.picture is None:
        return [words]
    source = {"type": "base64", "media_type": "image/png", "data": picture_data(message)}
    return [{"type": "image", "source": source}, words]
