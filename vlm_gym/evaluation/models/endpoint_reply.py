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

__all__ = ["Completion", "PassingFailureError", "clean", "read_completion", "read_error", "retry_after_s"]

MAX_TOKENS: Final = 10**12  # a count above it is nonsense
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
STREAM_STARTS: Final = (b"data:", b"event:", b"id:", b"retry:")  # of server-sent events
STREAM_END: Final = b"data: [DONE]"
THOUGHT_TYPES: Final = ("thinking", "redacted_thinking", "reasoning", "reasoning_content", "thought")
TEXT_TYPES: Final = ("text", "output_text", "refusal")


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
) -> Completion:
    """Read the body of a reply with status 200 or 201.

    The answer is the `content`: a text, parts of text, or nothing, when the model spent all its tokens on reasoning
    (which servers tell in a field of its own) or refused in so many words (`refusal`).

    Args:
        data: The body.
        headers: The reply's headers, names in lower case.
        key_env: Where the key came from, for error messages.
        finish_reasons: What further words for the end of an answer mean (`meaning_of`).

    Raises:
        PassingFailureError: if it is no answer that the model itself ended: an error, no choice, a filter's work.
        AgentError: if it tells an error that stays; which one, its code says, as if it were the status.
    """
    headers = headers or {}
    reply = _object_of(data, headers, key_env)
    choice = _first_choice(reply, data)
    _check_no_error(reply, choice, headers, key_env)
    finish, word = meaning_of(choice, finish_reasons)
    message = choice.get("message")
    if not isinstance(message, dict):
        message = {} if finish is Finish.LENGTH else None  # Gemini, when all tokens went into thoughts
    if message is None:
        raise PassingFailureError(f"the reply's choice has no message: {clean(data)}")
    text = _text(message)
    _check_is_answer(finish, word, choice, reply, text)
    return Completion(
        text=text,
        prompt_tokens=_count(reply, "prompt_tokens"),
        completion_tokens=_count(reply, "completion_tokens"),
        is_cut_off=finish is Finish.LENGTH,
        finish_reason=word,
        reasoning=_reasoning(message),
        model=_string(reply.get("model")),
        request_id=_string(reply.get("id")) or headers.get("x-request-id", ""),
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
        if isinstance(told, dict) and found_error(told) is not None:
            _check_no_error(told, {}, headers, key_env)
        raise AgentRefusedError(
            f"the server streams its replies, though not asked to: {clean(data)}. Turn it off there"
        )
    told = error_body(reply) if isinstance(reply, list) else None
    if told is not None:
        raise meaning_in_reply(told, headers, key_env)
    raise PassingFailureError(f"the reply is no JSON object: {clean(data) or 'it is empty'}")


def _without_comments(data: bytes) -> bytes:
    """Return a body without byte order mark, comment lines (": OPENROUTER PROCESSING") and a stream's end around it."""
    body = data.removeprefix(BYTE_ORDER_MARK).strip()
    while body.startswith(b":"):
        body = body.partition(b"\n")[2].strip()
    if body.startswith(b"{"):
        body = body.removesuffix(STREAM_END).rstrip()
    return body


def _first_event(body: bytes) -> bytes | None:
    """Return the data of a stream's first event; None if it is no stream."""
    lines = body.splitlines()
    if not body.startswith(STREAM_STARTS):
        return None
    return next((line.partition(b":")[2].strip() for line in lines if line.startswith(b"data:")), b"")


def _first_choice(reply: Mapping[str, Any], data: bytes) -> dict[str, Any]:
    """Return the choice with the lowest index; nothing if there is none but the reply tells an error."""
    choices = reply.get("choices")
    listed = [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []
    if listed:
        return min(listed, key=_index)
    body = error_body(reply)
    is_error = body is not None and bool(body.text) and "choices" not in reply
    if found_error(reply) is None and not is_error:
        raise PassingFailureError(f"the reply has no choices: {clean(data)}")
    return {}


def _index(choice: Mapping[str, Any]) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def _check_no_error(
    reply: Mapping[str, Any], choice: Mapping[str, Any], headers: Mapping[str, str], key_env: str
) -> None:
    """Raise the error that a reply with status 200 tells, if it tells one."""
    message = choice.get("message")
    for part in (reply, choice, message if isinstance(message, dict) else {}):
        if found_error(part) is not None or (part is reply and not choice):
            body = error_body(part)
            if body is not None:
                raise meaning_in_reply(body, headers, key_env)


def _check_is_answer(
    finish: Finish, word: str | None, choice: Mapping[str, Any], reply: Mapping[str, Any], text: str
) -> None:
    """Raise PassingFailureError unless a choice is an answer that the model itself ended."""
    if finish in (Finish.FINISHED, Finish.LENGTH):
        return
    said = "no finish_reason" if word is None else f"finish_reason {word!r}"
    if finish is Finish.FILTER:
        raise PassingFailureError(f"the provider's filter took the model's answer ({said})", is_filtered=True)
    if finish is Finish.FAILURE:
        raise PassingFailureError(f"the answer broke off on the server's side ({said}): {clean(text) or 'no text'}")
    if finish is Finish.UNKNOWN:
        raise PassingFailureError(
            f"the server ends an answer with {said}, which may be a failure: say what it means with "
            f"--finish-reason {clean(word or '')}=finished (or length, filter, failure)"
        )
    if "delta" in choice or str(reply.get("object", "")).endswith(".chunk"):
        raise PassingFailureError("the reply is a piece of a stream, and does not say how the answer ended")
    if not text.strip():
        raise PassingFailureError("the reply has neither text nor a finish_reason")


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, (list, dict)):
        return "".join(map(_part_text, content if isinstance(content, list) else [content]))
    return _string(message.get("refusal"))


def _part_text(part: Any) -> str:
    if isinstance(part, dict):
        kind = part.get("type", "text")
        part = (part.get("text") or part.get("refusal")) if kind in TEXT_TYPES else None
    return _string(part)


def _reasoning(message: Mapping[str, Any]) -> str:
    """Return a model's thoughts, of the field or the parts in which servers tell them."""
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(message.get(name), str) and message[name]:
            return str(message[name])
    content = message.get("content")
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    thoughts = [part for part in parts if part.get("type") in THOUGHT_TYPES]
    return "".join(_thought(part.get("thinking", part.get("text"))) for part in thoughts)


def _thought(value: Any) -> str:
    return "".join(map(_part_text, value)) if isinstance(value, list) else _string(value)


def _string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(reply: Mapping[str, Any], name: str) -> int:
    usage = reply.get("usage")
    value = usage.get(name) if isinstance(usage, dict) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS:
        return value
    return 0
