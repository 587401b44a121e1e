"""What an endpoint's replies mean: a completion, a failure that may pass, or an error that stays.

A reply is hostile input: any bytes, of any shape.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final

from vlm_gym.errors import AgentError, AgentRefusedError

MAX_WORDS: Final = 300  # characters of a server's own words that an error shows
MAX_TOKENS: Final = 10**12  # a count above it is nonsense
STREAM_STARTS: Final = (b"data:", b"event:", b"id:", b"retry:", b":")  # of server-sent events

KEY_STATUSES: Final = (401, 403)
MONEY_STATUS: Final = 402
ADDRESS_STATUSES: Final = (301, 302, 303, 307, 308, 404, 405, 410)
PASSING_STATUSES: Final = (408, 409, 425, 429)  # and all from 500 on
# Codes, in the servers' error bodies, of what asking again does not change.
REFUSING_CODES: Final = ("model_not_found", "unsupported_parameter", "insufficient_quota", "billing_not_active")


@dataclass(frozen=True)
class Completion:
    """What a model said; tokens as the server counted them, 0 where it does not. Cut off means: at the token limit."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    is_cut_off: bool


class PassingFailureError(Exception):
    """A failure that may pass: the request is worth sending again, after `wait_s` seconds at least.

    `is_unreachable` if there was no connection at all.
    """

    def __init__(self, reason: str, wait_s: float = 0.0, *, is_unreachable: bool = False) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        self.is_unreachable = is_unreachable


def read_completion(data: bytes) -> Completion:
    """Read the body of a reply with status 200.

    The answer is the `content`: a text, parts of text, or nothing, when the model spent all its tokens on reasoning
    (which servers tell in a field of its own) or refused in so many words (`refusal`).

    Raises:
        AgentRefusedError: if it is a stream of events.
        PassingFailureError: if it is no chat completion with at least one choice.
    """
    reply = _parse(data)
    if reply is None and data.lstrip().startswith(STREAM_STARTS):
        raise AgentRefusedError(
            f"the endpoint streams its replies, though not asked to: {clean(data)}. Turn it off there"
        )
    if reply is None:
        raise PassingFailureError(f"the reply is no JSON object: {clean(data)}")
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices:
        raise PassingFailureError(f"the reply has no choices: {clean(data)}")
    choice = choices[0] if isinstance(choices[0], dict) else {}
    message = choice.get("message")
    if not isinstance(message, dict):
        raise PassingFailureError(f"the reply's choice has no message: {clean(data)}")
    return Completion(
        text=_text(message),
        prompt_tokens=_count(reply, "prompt_tokens"),
        completion_tokens=_count(reply, "completion_tokens"),
        is_cut_off=choice.get("finish_reason") == "length",
    )


def read_error(status: int, headers: Mapping[str, str], data: bytes, key_env: str) -> Exception:
    """Return what a reply with another status means: a `PassingFailureError`, `AgentError` or `AgentRefusedError`."""
    code, words = _error(data)
    said = f"HTTP {status}: {clean(words)}"
    if status in KEY_STATUSES:
        return AgentRefusedError(
            f"the endpoint refuses the key ({said}). Put a valid one into the environment variable {key_env}, or name "
            "another variable with --key-env"
        )
    if status == MONEY_STATUS or code == "insufficient_quota":
        return AgentRefusedError(f"the endpoint wants money ({said}). Pay, then go on with --resume")
    if status in ADDRESS_STATUSES or code == "model_not_found" or _names_no_model(status, words):
        moved = f" It points to {clean(headers['location'])}." if "location" in headers else ""
        return AgentRefusedError(
            f"the endpoint knows no such model or address ({said}).{moved} Check the model's name (a server lists its "
            "models at BASE_URL/models) and --base-url, which mostly ends in /v1"
        )
    if code in REFUSING_CODES:
        hint = " Try --max-tokens-field max_completion_tokens" if "max_completion_tokens" in words else ""
        return AgentRefusedError(f"the endpoint does not take the request ({said}).{hint}")
    if status in PASSING_STATUSES or status >= 500:
        return PassingFailureError(said, retry_after_s(headers))
    return AgentError(f"the endpoint does not take the request ({said})")


def retry_after_s(headers: Mapping[str, str]) -> float:
    """Return how many seconds a reply asks to wait (Retry-After, in seconds or as a date); 0 if it does not say."""
    value = headers.get("retry-after", "")
    try:
        wait_s = float(value)
    except ValueError:
        wait_s = _seconds_until(value)
    return 0.0 if math.isnan(wait_s) else max(0.0, wait_s)


def clean(text: str | bytes) -> str:
    """Return a server's words on one line, shortened, without control characters."""
    start = text[: 4 * MAX_WORDS]
    if isinstance(start, bytes):
        start = start.decode("utf-8", "replace")
    printable = "".join(character if character.isprintable() else " " for character in start)
    line = " ".join(printable.split())
    return line if len(line) <= MAX_WORDS else f"{line[: MAX_WORDS - 1]}…"


def _parse(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") if isinstance(part, dict) else part for part in content]
        return "".join(part for part in parts if isinstance(part, str))
    refusal = message.get("refusal")
    return refusal if isinstance(refusal, str) else ""


def _count(reply: Mapping[str, Any], name: str) -> int:
    usage = reply.get("usage")
    value = usage.get(name) if isinstance(usage, dict) else None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS:
        return value
    return 0


def _error(data: bytes) -> tuple[str, str]:
    """Return code and words of an error body, in the shapes that servers use."""
    reply = _parse(data)
    if reply is None:
        return "", data.decode("utf-8", "replace")
    error = reply.get("error", reply)
    if not isinstance(error, dict):
        return "", str(error)
    words = error.get("message") or error.get("detail") or error
    return str(error.get("code") or error.get("type")), words if isinstance(words, str) else json.dumps(words)


def _names_no_model(status: int, words: str) -> bool:
    lower = words.lower()
    return status == 400 and "model" in lower and any(phrase in lower for phrase in ("not found", "does not exist"))


def _seconds_until(date: str) -> float:
    try:
        then = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return 0.0
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    return (then - datetime.now(timezone.utc)).total_seconds()
