"""Anthropic's message batches.

Source: the "Message Batches" part of Anthropic's API reference, version 2023-06-01.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from vlm_gym.evaluation.models.batches.service import (
    MAX_RESULT_BYTES,
    TRANSFER_S,
    Batch,
    BatchService,
    BatchState,
    CancelledError,
)
from vlm_gym.evaluation.models.endpoint_errors import PassingFailureError, clean, error_body, meaning_in_reply
from vlm_gym.evaluation.models.protocols.base import count, string

CLOCKS_DIFFER_S: Final = 300.0
FATES: Final = ("succeeded", "errored", "canceled", "expired")


class AnthropicBatches(BatchService):
    """A batch is one request that holds all others; its results are one file."""

    path = "/messages/batches"
    max_requests = 100_000
    max_bytes = 240 * 10**6

    def line(self, key: str, body: bytes) -> bytes:
        """Return an item of the batch's list."""
        return b'{"custom_id": "%s", "params": %s}' % (key.encode(), body)

    async def prepare(self, lines: Sequence[bytes]) -> tuple[str, bytes]:
        """Return no name, for nothing is uploaded beforehand, and the whole batch."""
        return "", b'{"requests": [%s]}' % b",\n".join(lines)

    def is_it(self, listed: Mapping[str, Any], batch: Batch) -> bool:
        """Return whether a batch began since then and has as many requests: more is not told before it is over."""
        num_requests = count(listed.get("request_counts"), "processing", *FATES)
        is_since = _seconds(listed.get("created_at")) >= batch.since_s - CLOCKS_DIFFER_S
        return is_since and num_requests == len(batch.keys)

    async def state(self, name: str) -> BatchState:
        """Return where a batch stands."""
        batch = await self.object("GET", f"{self.path}/{name}")
        status = string(batch.get("processing_status"))
        return BatchState(
            name=name,
            status=status or "of no status",
            is_over=status == "ended",
            num_done=count(batch.get("request_counts"), *FATES),
        )

    async def results(self, state: BatchState) -> bytes:
        """Download the results."""
        path = f"{self.path}/{state.name}/results"  # not `results_url`, which might lead the key elsewhere
        return await self.client.call("GET", path, max_bytes=MAX_RESULT_BYTES, timeout_s=TRANSFER_S)

    def read(self, result: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Return the message in a line of the results."""
        told = result.get("result")
        fate = told.get("type") if isinstance(told, dict) else None
        if not isinstance(told, dict) or fate not in FATES:
            raise PassingFailureError(f"the batch's result says nothing: {clean(json.dumps(result))}")
        if fate == "succeeded":
            return json.dumps(told.get("message")).encode("ascii"), {}
        if fate == "canceled":
            raise CancelledError("the request was cancelled at the provider")
        if fate == "expired":
            raise PassingFailureError("the request was not answered within the batch's time")
        body = error_body(told.get("error"))
        if body is None:
            raise PassingFailureError(f"the batch's result is an error without words: {clean(json.dumps(result))}")
        raise meaning_in_reply(body, {}, self.client.key_env)


def _seconds(time: Any) -> float:
    try:
        return datetime.fromisoformat(string(time).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0
