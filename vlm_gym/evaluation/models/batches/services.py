"""Batch APIs by protocol."""

from collections.abc import Mapping
from typing import Final

from vlm_gym.evaluation.models.batches.anthropic_batches import AnthropicBatches
from vlm_gym.evaluation.models.batches.openai_batches import OpenAIBatches
from vlm_gym.evaluation.models.batches.service import BatchService
from vlm_gym.evaluation.models.endpoint_client import EndpointClient

SERVICES: Final[Mapping[str, type[BatchService]]] = {
    "openai": OpenAIBatches,
    "responses": OpenAIBatches,
    "anthropic": AnthropicBatches,
}


def batch_service(client: EndpointClient) -> BatchService:
    """Return the batch API of what a client speaks."""
    return SERVICES[client.protocol.prefix](client)
