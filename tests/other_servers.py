"""Small servers of Anthropic's messages API and of OpenAI's responses API, as strict as the real ones.

Each refuses what its provider refuses: unknown fields, missing headers, roles that do not alternate, pictures that are
none, texts without words.
"""

import base64
import io
import json
from dataclasses import dataclass
from typing import Any

from openai_server import TOKENS_PER_PICTURE, OpenAIServer, Response, error
from PIL import Image

MESSAGES_FIELDS = {"model", "messages", "system", "max_tokens", "temperature", "top_p", "top_k", "thinking"}
RESPONSES_FIELDS = {"model", "input", "max_output_tokens", "temperature", "top_p", "store", "reasoning"}


class NotTakenError(ValueError):
    """A request that the provider refuses."""


def blocks(*content: dict[str, Any], stop: str | None = "end_turn", **more: Any) -> Response:
    """Return a message of the messages API with these blocks; `more` are further fields of it."""
    message = {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "model-20250929",
        "content": list(content),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 0, "output_tokens": 3, "service_tier": "standard"},
        **more,
    }
    return Response(body=json.dumps(message).encode(), headers=(("request-id", "req_01"),))


def text_block(text: str) -> dict[str, Any]:
    """Return a block of text."""
    return {"type": "text", "text": text}


def anthropic_error(status: int, kind: str, message: str, **headers: str) -> Response:
    """Return an error in Anthropic's shape; underscores in the headers' names stand for hyphens."""
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_02"}
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, json.dumps(body).encode(), named)


def output(*items: dict[str, Any], status: str = "completed", **more: Any) -> Response:
    """Return a response of the responses API with these items of its output; `more` are further fields of it."""
    response = {
        "id": "resp_01",
        "object": "response",
        "created_at": 1,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": "model-2026-01-01",
        "output": list(items),
        "usage": {
            "input_tokens": 5,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 8,
        },
        **more,
    }
    return Response(body=json.dumps(response).encode(), headers=(("x-request-id", "req_01"),))


def message_item(text: str, kind: str = "output_text") -> dict[str, Any]:
    """Return an item of an output: a message with one part."""
    part = {"type": kind, ("refusal" if kind == "refusal" else "text"): text}
    return {"id": "msg_01", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def reasoning_item(*summary: str, **more: Any) -> dict[str, Any]:
    """Return an item of an output: what the model thought."""
    parts = [{"type": "summary_text", "text": text} for text in summary]
    return {"id": "rs_01", "type": "reasoning", "summary": parts, **more}


@dataclass
class AnthropicServer(OpenAIServer):
    """Speaks the messages API."""

    path: str = "/v1/messages"

    def refusal_of(self, headers: dict[str, str]) -> Response | None:
        """Refuse a wrong key, and a request without a version."""
        if self.key is not None and headers.get("x-api-key") != self.key:
            return anthropic_error(401, "authentication_error", "invalid x-api-key")
        if headers.get("anthropic-version") != "2023-06-01":
            return anthropic_error(400, "invalid_request_error", "anthropic-version: header is required")
        return None

    def _complete(self, request: dict[str, Any]) -> Response:
        self.requests.append(request)
        if request.get("model") != self.model:
            return anthropic_error(404, "not_found_error", f"model: {request.get('model')}")
        try:
            num_read = check_messages(request, MESSAGES_FIELDS | self.more_fields)
        except (NotTakenError, KeyError, TypeError, ValueError, OSError) as reason:
            return anthropic_error(400, "invalid_request_error", str(reason))
        said = self.answer(request)
        if isinstance(said, Response):
            return said
        usage = {"input_tokens": num_read, "output_tokens": len(said.split())}
        return Response(body=blocks(text_block(said), usage=usage).body, delay_s=self.delay_s)


@dataclass
class ResponsesServer(OpenAIServer):
    """Speaks the responses API."""

    path: str = "/v1/responses"

    def _complete(self, request: dict[str, Any]) -> Response:
        self.requests.append(request)
        if request.get("model") != self.model:
            return error(400, f"The requested model '{request.get('model')}' does not exist.", "model_not_found")
        try:
            num_read = check_input(request, RESPONSES_FIELDS | self.more_fields)
        except (NotTakenError, KeyError, TypeError, ValueError, OSError) as reason:
            return error(400, str(reason), "invalid_value")
        said = self.answer(request)
        if isinstance(said, Response):
            return said
        usage = {"input_tokens": num_read, "output_tokens": len(said.split())}
        return Response(body=output(reasoning_item(), message_item(said), usage=usage).body, delay_s=self.delay_s)


def check_messages(request: dict[str, Any], fields: set[str]) -> int:
    """Raise what Anthropic says against a request; return how many tokens it has."""
    for name in request:
        if name not in fields:
            raise NotTakenError(f"{name}: Extra inputs are not permitted")
    if type(request.get("max_tokens")) is not int:
        raise NotTakenError("max_tokens: Field required")
    if not 0 <= request.get("temperature", 1.0) <= 1:
        raise NotTakenError("temperature: range: 0..1")
    roles = [message["role"] for message in request["messages"]]
    if roles != (["user", "assistant"] * len(roles))[: len(roles)] or roles[-1] != "user":
        raise NotTakenError(f'messages: roles must alternate between "user" and "assistant", got {roles}')
    parts = [part for message in request["messages"] for part in message["content"]]
    return len(request.get("system", "").split()) + sum(map(_count_block, parts))


def check_input(request: dict[str, Any], fields: set[str]) -> int:
    """Raise what OpenAI says against a request; return how many tokens it has."""
    for name in request:
        if name not in fields:
            raise NotTakenError(f"Unknown parameter: '{name}'.")
    if request.get("max_output_tokens", 16) < 16:
        raise NotTakenError("Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16")
    return sum(_count_input(item["role"], part) for item in request["input"] for part in item["content"])


def _count_block(block: dict[str, Any]) -> int:
    if block["type"] == "text" and set(block) == {"type", "text"}:
        if not block["text"].strip():
            raise NotTakenError("messages: text content blocks must contain non-whitespace text")
        return len(block["text"].split())
    source = block["source"]
    if block["type"] != "image" or (source["type"], source["media_type"]) != ("base64", "image/png"):
        raise NotTakenError(f"messages: Input should be 'base64', got {source}")
    return _check_picture(source["data"])


def _count_input(role: str, part: dict[str, Any]) -> int:
    if part["type"] == ("output_text" if role == "assistant" else "input_text"):
        return len(part["text"].split())
    prefix, data = part["image_url"].split(",")
    if part["type"] != "input_image" or role != "user" or prefix != "data:image/png;base64":
        raise NotTakenError(f"Invalid value: {part['type']!r} for {role}")
    return _check_picture(data)


def _check_picture(data: str) -> int:
    with Image.open(io.BytesIO(base64.b64decode(data, validate=True))) as picture:
        picture.verify()
    return TOKENS_PER_PICTURE
