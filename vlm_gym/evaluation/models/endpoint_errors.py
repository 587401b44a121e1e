"""What the errors of an endpoint mean: may they pass, do they concern one request, or every one there will be?

An error is found by its HTTP status, or, in a reply with status 200, by the code that it names. A reply is hostile
input: any bytes, of any shape.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final

from vlm_gym.errors import AgentError, AgentRefusedError, UnplayableError
from vlm_gym.evaluation.models.endpoint_words import (
    CONTEXT_NAMES,
    CONTEXT_WORDS,
    FILTER_NAMES,
    FILTER_WORDS,
    HINTS,
    MODEL_NAMES,
    MONEY_NAMES,
    MONEY_WORDS,
    NO_MODEL_WORDS,
    NUM_PICTURES_WORDS,
    OUTPUT_WORDS,
    PARAMETER_NAMES,
    PICTURE_WORDS,
    RATE_WORDS,
    STATUS_OF,
)

MAX_WORDS: Final = 300  # characters of a server's own words that an error shows
MAX_DEPTH: Final = 4  # of an error within an error, as gateways pass them on

KEY_STATUSES: Final = (401, 403)
MONEY_STATUS: Final = 402
TOO_LARGE_STATUS: Final = 413
RATE_STATUS: Final = 429
PROXY_STATUS: Final = 407
ADDRESS_STATUSES: Final = (301, 302, 303, 307, 308, 404, 405, 410)
CONTENT_STATUSES: Final = (400, 403, 413, 422, 451)  # of a request that is refused for what it says
PASSING_STATUSES: Final = (408, 409, 425, 429)  # and all from 500 on
NO_STATUS: Final = 500


class PassingFailureError(Exception):
    """A failure that may pass: the request is worth sending again, after `wait_s` seconds at least.

    `is_unreachable` if there was no connection at all; `is_lost` if the reply was lost, so that the request may have
    been taken. If it does not pass, it concerns the content of this request alone where `kind` is one of
    `UnplayableError`, or of its answer where `is_filtered`.
    """

    def __init__(
        self,
        reason: str,
        wait_s: float = 0.0,
        *,
        is_unreachable: bool = False,
        is_lost: bool = False,
        is_filtered: bool = False,
        kind: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        self.is_unreachable = is_unreachable
        self.is_lost = is_lost
        self.is_filtered = is_filtered
        self.kind = kind


@dataclass(frozen=True)
class ErrorBody:
    """An error as a server tells it.

    Attributes:
        number: A code from 400 to 599 that it names, or None.
        names: All other codes, types and reasons in it, without case and punctuation.
        words: Its message, and what a gateway passes on.
        text: All of it that can be searched for words.
    """

    number: int | None
    names: frozenset[str]
    words: str
    text: str

    @property
    def status(self) -> int | None:
        """The HTTP status that it stands for in a reply with status 200; None if it names none."""
        named = (STATUS_OF[name] for name in sorted(self.names) if name in STATUS_OF)
        return self.number if self.number is not None else next(named, None)


def read_error(status: int, headers: Mapping[str, str], data: bytes, key_env: str) -> Exception:
    """Return what a reply with a status beyond 299 means (`meaning`)."""
    body = error_body(parse(data))
    if body is None:
        text = data.decode("utf-8", "replace")
        body = ErrorBody(None, frozenset(), text, text)
    return meaning(status, body, headers, key_env)


def meaning(status: int, body: ErrorBody, headers: Mapping[str, str], key_env: str) -> Exception:
    """Return what an error means: a `PassingFailureError`, or an `AgentError` of some kind."""
    return _meaning(status, body, f"HTTP {status}: {clean(body.words)}", headers, key_env)


def meaning_in_reply(body: ErrorBody, headers: Mapping[str, str], key_env: str) -> Exception:
    """Return what an error means that comes with status 200; where it names no status, it may pass."""
    status = body.status
    code = "without a code" if status is None else str(status)
    return _meaning(status or NO_STATUS, body, f"an error {code} in a reply: {clean(body.words)}", headers, key_env)


def _meaning(status: int, body: ErrorBody, said: str, headers: Mapping[str, str], key_env: str) -> Exception:
    return (
        _about_content(status, body, said)
        or _about_all_requests(status, body, said, headers, key_env)
        or _about_this_time(status, said, headers)
        or AgentError(f"the endpoint does not take the request ({said}).{_hint(body.text)}")
    )


def _about_content(status: int, body: ErrorBody, said: str) -> Exception | None:
    """Return an error about what the request says, or None."""
    is_refusal = status in CONTENT_STATUSES
    if body.names & FILTER_NAMES or (is_refusal and FILTER_WORDS.search(body.text)):
        return UnplayableError(f"the endpoint does not let the request's content through ({said})", "filter")
    is_output = OUTPUT_WORDS.search(body.text) and "context" not in body.text.lower()
    is_long = CONTEXT_WORDS.search(body.text) and not is_output
    is_beyond_rate = status == RATE_STATUS and RATE_WORDS.search(body.text)  # more than a minute's tokens at once
    if status == TOO_LARGE_STATUS or body.names & CONTEXT_NAMES or (is_long and is_refusal) or is_beyond_rate:
        return UnplayableError(f"the request is too long for the model ({said})", "context")
    if is_long and status >= 500:  # llama.cpp, where it may also mean that too many ask at once
        return PassingFailureError(said, kind="context")
    return None


def _about_all_requests(
    status: int, body: ErrorBody, said: str, headers: Mapping[str, str], key_env: str
) -> Exception | None:
    """Return an error that every other request would get too, or None."""
    if NUM_PICTURES_WORDS.search(body.text):
        return AgentRefusedError(
            f"the endpoint does not take so many pictures ({said}). --history-no-pictures sends one a request; some "
            "servers can be told to take more (vLLM: --limit-mm-per-prompt)"
        )
    if PICTURE_WORDS.search(body.text):
        return AgentRefusedError(
            f"the model reads no pictures ({said}). Take one that does (llama.cpp wants its --mmproj too), or play in "
            "words with --show text"
        )
    if status == MONEY_STATUS or body.names & MONEY_NAMES or MONEY_WORDS.search(body.text):
        return AgentRefusedError(f"the endpoint wants money ({said}). Pay, then go on with --resume")
    if status in KEY_STATUSES:
        return AgentRefusedError(
            f"the endpoint refuses the key ({said}). Put a valid one into the environment variable {key_env}, or name "
            "another variable with --key-env, or another header with --header"
        )
    if status == PROXY_STATUS:
        return AgentRefusedError(
            f"the proxy refuses ({said}). Put its user and password into $HTTPS_PROXY, or the endpoint into $NO_PROXY"
        )
    if status in ADDRESS_STATUSES or body.names & MODEL_NAMES or _names_no_model(status, body.text):
        moved = f" It points to {clean(headers['location'])}." if "location" in headers else ""
        return AgentRefusedError(
            f"the endpoint knows no such model or address ({said}).{moved} Check the model's name (a server lists its "
            "models at BASE_URL/models) and --base-url, which mostly ends in /v1"
        )
    if body.names & PARAMETER_NAMES:
        return AgentRefusedError(f"the endpoint does not take the request ({said}).{_hint(body.text)}")
    return None


def _about_this_time(status: int, said: str, headers: Mapping[str, str]) -> Exception | None:
    if status in PASSING_STATUSES or status >= 500:
        return PassingFailureError(said, retry_after_s(headers))
    return None


def error_body(reply: Any) -> ErrorBody | None:
    """Return the error that a JSON value tells, in the shapes that servers use; None if it is not an object."""
    if isinstance(reply, list) and reply:  # Gemini
        reply = reply[0]
    if not isinstance(reply, dict):
        return None
    error = found_error(reply)
    parts = list(_parts(reply if error is None else error))
    names = frozenset(re.sub(r"[^a-z0-9]", "", str(name).lower()) for part in parts for name in _names(part))
    numbers = (number for part in parts for number in _numbers(part))
    words = " ".join(dict.fromkeys(words for part in parts for words in _words(part)))
    told = words or _dumped(reply if error is None else error)
    return ErrorBody(next(numbers, None), names, told, told if words else "")


def found_error(value: Mapping[str, Any]) -> Any:
    """Return the error that a reply or one of its choices holds beside its other fields; None if it holds none."""
    for name in ("error", "errors"):
        error = value.get(name)
        error = error[0] if isinstance(error, list) and error else error
        if isinstance(error, dict) and any(error.values()):
            return error
        if isinstance(error, str) and error.strip():
            return error
        if error is True:
            return value.get("message", name)
    return None


def parse(data: bytes) -> Any:
    """Return the JSON value of some bytes; None if they are none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


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


def _parts(error: Any, depth: int = MAX_DEPTH) -> Iterator[Any]:
    """Yield an error and those within it, the outer one first."""
    yield error
    if not isinstance(error, dict) or not depth:
        return
    for name in ("error", "innererror", "metadata", "details", "raw", "base_resp"):
        inner = error.get(name)
        if isinstance(inner, str) and inner.lstrip().startswith("{"):
            inner = parse(inner.encode("utf-8", "replace"))
        if isinstance(inner, list) and inner:
            inner = inner[0]
        if isinstance(inner, (dict, str)) and inner:
            yield from _parts(inner, depth - 1)


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (
            part[key]
            for key in ("code", "type", "status", "reason", "error_type", "error_code")
            if _is_name(part.get(key))
        )
        yield from (key for key in part if key == "flagged_input")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and not value.isdecimal()


def _numbers(part: Any) -> Iterator[int]:
    for key in ("code", "status", "status_code", "statusCode", "http_status", "error_code"):
        value = part.get(key) if isinstance(part, dict) else None
        if isinstance(value, str) and value.isdecimal() and len(value) == 3:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            yield value


def _words(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
        return
    for key in ("message", "detail", "msg", "error_msg", "status_msg", "description", "title"):
        value = part.get(key) if isinstance(part, dict) else None
        if value:
            yield value if isinstance(value, str) else _dumped(value)
            return


def _dumped(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _hint(text: str) -> str:
    lower = text.lower()
    return next((f" {hint}" for word, hint in HINTS if word in lower), "")


def _names_no_model(status: int, words: str) -> bool:
    return status in (400, 422) and bool(NO_MODEL_WORDS.search(words))


def _seconds_until(date: str) -> float:
    try:
        then = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return 0.0
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    return (then - datetime.now(timezone.utc)).total_seconds()
