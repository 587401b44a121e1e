"""OpenAI's batch API, for chat completions and for responses.

Source: the "Batch" and "Files" parts of OpenAI's API reference.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from vlm_gym.evaluation.models.batches.service import (
    IDENTIFIER,
    MAX_RESULT_BYTES,
    TRANSFER_S,
    Batch,
    BatchService,
    BatchState,
    CancelledError,
)
from vlm_gym.evaluation.models.endpoint_errors import (
    PassingFailureError,
    clean,
    error_body,
    meaning_in_reply,
    read_error,
)
from vlm_gym.evaluation.models.protocols.base import count, objects, string

OVER: Final = ("completed", "failed", "expired", "cancelled")
ANSWERED: Final = (200, 201)


class OpenAIBatches(BatchService):
    """A file of requests is uploaded, and a batch made of it; answers and errors come as two files."""

    path = "/batches"
    max_requests = 50_000
    max_bytes = 190 * 10**6

    def line(self, key: str, body: bytes) -> bytes:
        """Return a line of the file."""
        url = f"/v1{self.client.protocol.path}"
        return b'{"custom_id": "%s", "method": "POST", "url": "%s", "body": %s}' % (key.encode(), url.encode(), body)

    async def prepare(self, lines: Sequence[bytes]) -> tuple[str, bytes]:
        """Upload the file; a batch is made of it."""
        border = secrets.token_hex(16)
        head = (
            f'--{border}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--{border}\r\n'
            'Content-Disposition: form-data; name="file"; filename="requests.jsonl"\r\n'
            "Content-Type: application/jsonl\r\n\r\n"
        )
        body = b"".join((head.encode("ascii"), b"\n".join(lines), f"\n\r\n--{border}--\r\n".encode("ascii")))
        kind = f"multipart/form-data; boundary={border}"
        made = await self.object("POST", "/files", body, content_type=kind, timeout_s=TRANSFER_S)
        file = self.name_in(made, "file")
        endpoint = f"/v1{self.client.protocol.path}"
        batch = {"input_file_id": file, "endpoint": endpoint, "completion_window": "24h"}
        return file, json.dumps(batch).encode("ascii")

    def is_it(self, listed: Mapping[str, Any], batch: Batch) -> bool:
        """Return whether a batch was made of the file."""
        return listed.get("input_file_id") == batch.file

    async def state(self, name: str) -> BatchState:
        """Return where a batch stands."""
        batch = await self.object("GET", f"{self.path}/{name}")
        status = string(batch.get("status"))
        files = (string(batch.get(field)) for field in ("output_file_id", "error_file_id"))
        return BatchState(
            name=name,
            status=status or "of no status",
            is_over=status in OVER,
            num_done=count(batch.get("request_counts"), "completed", "failed"),
            refusal=_refusal(batch) if status == "failed" else None,
            files=tuple(file for file in files if IDENTIFIER.fullmatch(file)),
        )

    async def results(self, state: BatchState) -> bytes:
        """Download the files of answers and of errors."""
        parts = [
            await self.client.call("GET", f"/files/{file}/content", max_bytes=MAX_RESULT_BYTES, timeout_s=TRANSFER_S)
            for file in state.files
        ]
        return b"\n".join(parts)

    def read(self, result: Mapping[str, Any]) -> tuple[bytes, dict[str, str]]:
        """Return the reply in a line of either file."""
        response, told = result.get("response"), result.get("error")
        if isinstance(response, dict):
            headers = {"x-request-id": string(response.get("request_id"))}
            status, data = response.get("status_code"), json.dumps(response.get("body")).encode("ascii")
            if status in ANSWERED:
                return data, headers
            raise read_error(status if type(status) is int else 500, headers, data, self.client.key_env)
        code = string(told.get("code")) if isinstance(told, dict) else ""
        if code in ("batch_cancelled", "batch_canceled"):
            raise CancelledError(f"the request was cancelled at the provider ({clean(json.dumps(told))})")
        body = error_body({"error": told})
        if code == "batch_expired" or body is None or not told:
            raise PassingFailureError(
                f"the request was not answered within the batch's time ({clean(json.dumps(told))})"
            )
        raise meaning_in_reply(body, {}, self.client.key_env)


def _refusal(batch: Mapping[str, Any]) -> str:
    errors = batch.get("errors")
    listed = objects(errors.get("data") if isinstance(errors, dict) else errors)
    told = dict.fromkeys(string(error.get("message")) or json.dumps(error) for error in listed)
    return clean("; ".join(told) or json.dumps(batch))
