"""Protocols by the prefix of an agent's name."""

from collections.abc import Mapping
from typing import Final

from vlm_gym.evaluation.models.protocols.anthropic_messages import AnthropicMessages
from vlm_gym.evaluation.models.protocols.base import EndpointProtocol
from vlm_gym.evaluation.models.protocols.openai_chat import OpenAIChat
from vlm_gym.evaluation.models.protocols.openai_responses import OpenAIResponses

CHAT: Final = OpenAIChat()
PROTOCOLS: Final[Mapping[str, EndpointProtocol]] = {
    protocol.prefix: protocol for protocol in (CHAT, AnthropicMessages(), OpenAIResponses())
}
