"""What an endpoint's replies say: a completion, or that something failed.

A reply is hostile input: any bytes, of any shape. What is scored is what the model said by itself, to its own end or
to a limit of length; everything else is the server's failure and no answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vlm_gym.errors import AgentRefusedError
from vlm_gym.evaluation.models.endpoint_errors import (
    PassingFailureError,
    clean,
    error_body,
    found_error,
    meaning_in_reply,
    parse,
    read_error,
    retry_after_s,
)
from vlm_gym.evaluation.models.finish_reasons import Finish, meaning_of
from vlm_gym.evaluation.models.protocols.base import EndpointProtocol, Said, string
from vlm_gym.evaluation.models.protocols.names import CHAT

__all__ = ["Completion", "PassingFailureError", "clean", "read_completion", "read_error", "retry_after_s"]

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
STREAM_STARTS: Final = (b"data:", b"event:", b"id:", b"retry:")  # of server-sent events
STREAM_END: Final = b"data: [DONE]"
REQUEST_ID_HEADERS: Final = ("x-request-id", "request-id")


@dataclass(frozen=True)
class Completion:
    """What a model said.

    Attributes:
        text: The answer.
        prompt_tokens, completion_tokens: As the server counted them; 0 where it does not.
        is_cut_off: Whether it ended at a limit of its length.
        finish_reason: How it ended, in the server's word; None if it does not say.
        reasoning: What the model thought, where the server tells it apart from the answer.
        model: The model that answered, as the server calls it.
        request_id: The server's name for the reply.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    is_cut_off: bool
    finish_reason: str | None = None
    reasoning: str = ""
    model: str = ""
    request_id: str = ""


def read_completion(
    data: bytes,
    headers: Mapping[str, str] | None = None,
    key_env: str = "OPENAI_API_KEY",
    finish_reasons: Mapping[str, str] | None = None,
    protocol: EndpointProtocol = CHAT,
) -> Completion:
    """Read the body of a reply with status 200 or 201.

    Args:
        data: The body.
        headers: The reply's headers, names in lower case.
        key_env: Where the key came from, for error messages.
        finish_reasons: What further words for the end of an answer mean (`meaning_of`).
        protocol: Says where in the reply the answer is.

    Raises:
        PassingFailureError: if it is not an answer that the model itself ended: an error, no choice, a filter's work.
        AgentError: if it tells an error that stays; which one, its code says, as if it were the status.
    """
    headers = headers or {}
    reply = _object_of(data, headers, key_env)
    said = protocol.read(reply)
    if said is None:
        raise _no_answer(reply, data, protocol, headers, key_env)
    for part in (reply, *said.parts):
        _check_no_error(part, headers, key_env)
    finish, word = meaning_of(said.ending, finish_reasons)
    if said.text is None and finish is not Finish.LENGTH:  # so does Gemini, when all tokens went into thoughts
        raise PassingFailureError(f"the reply has no message that can be read: {clean(data)}")
    text = said.text or ""
    _check_is_answer(finish, word, said, text)
    request_ids = (headers[name] for name in REQUEST_ID_HEADERS if name in headers)
    return Completion(
        text=text,
        prompt_tokens=said.prompt_tokens,
        completion_tokens=said.completion_tokens,
        is_cut_off=finish is Finish.LENGTH,
        finish_reason=word,
        reasoning=said.reasoning,
        model=string(reply.get("model")),
        request_id=string(reply.get("id")) or next(request_ids, ""),
    )


def _object_of(data: bytes, headers: Mapping[str, str], key_env: str) -> dict[str, Any]:
    """Return the JSON object of a body, without the comments that keep a connection alive and an end of stream."""
    body = _without_comments(data)
    reply = parse(body)
    if isinstance(reply, dict):
        return reply
    event = _first_event(body)
    if event is not None:
        told = parse(event)
        if isinstance(told, dict):
            _check_no_error(told, headers, key_env)
        raise AgentRefusedError(
            f"the server streams its replies, though not asked to: {clean(data)}. Turn it off there"
        )
    told = error_body(reply) if isinstance(reply, list) else None
    if told is not None:
        raise meaning_in_reply(told, headers, key_env)
    raise PassingFailureError(f"the reply is not a JSON object: {clean(data) or 'it is empty'}")


def _without_comments(data: bytes) -> bytes:
    """Return a body without byte order mark, comment lines (": OPENROUTER PROCESSING") and a stream's end around it."""
    body = data.removeprefix(BYTE_ORDER_MARK).strip()
    while body.startswith(b":"):
        body = body.partition(b"\n")[2].strip()
    if body.startswith(b"{"):
        body = body.removesuffix(STREAM_END).rstrip()
    return body


def _first_event(body: bytes) -> bytes | None:
    """Return the data of a stream's first event; None if it is not a stream."""
    lines = body.splitlines()
    if not body.startswith(STREAM_STARTS):
        return None
    return next((line.partition(b":")[2].strip() for line in lines if line.startswith(b"data:")), b"")


def _no_answer(
    reply: Mapping[str, Any], data: bytes, protocol: EndpointProtocol, headers: Mapping[str, str], key_env: str
) -> Exception:
    """Return what a reply without an answer means: the error that it tells, in `error` or as a whole, or a failure."""
    body = error_body(reply)
    is_error = body is not None and bool(body.text) and protocol.answers not in reply
    if body is not None and (is_error or found_error(reply) is not None):
        return meaning_in_reply(body, headers, key_env)
    return PassingFailureError(f"the reply has no {protocol.answers}: {clean(data)}")


def _check_no_error(part: Mapping[str, Any], headers: Mapping[str, str], key_env: str) -> None:
    """Raise the error that a part of a reply with status 200 tells, if it tells one."""
    body = error_body(part) if found_error(part) is not None else None
    if body is not None:
        raise meaning_in_reply(body, headers, key_env)


def _check_is_answer(finish: Finish, word: str | None, said: Said, text: str) -> None:
    """Raise PassingFailureError unless a reply is an answer that the model itself ended."""
    if finish in (Finish.FINISHED, Finish.LENGTH):
        return
    told = "no finish_reason" if word is None else f"finish_reason {word!r}"
    if finish is Finish.FILTER:
        raise PassingFailureError(f"the provider's filter took the model's answer ({told})", is_filtered=True)
    if finish is Finish.FAILURE:
        raise PassingFailureError(f"the answer broke off on the server's side ({told}): {clean(text) or 'no text'}")
    if finish is Finish.UNKNOWN:
        raise PassingFailureError(
            f"the server ends an answer with {told}, which may be a failure: say what it means with "
            f"--finish-reason {clean(word or '')}=finished (or length, filter, failure)"
        )
    if said.is_piece:
        raise PassingFailureError("the reply is a piece of a stream, and does not say how the answer ended")
    if not text.strip():
        raise PassingFailureError("the reply has neither text nor a finish_reason")
