"""Records as lines of JSON, and back: of this version and of all others."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import lru_cache
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from vlm_gym.errors import RunError
from vlm_gym.evaluation.models.agents import Reply
from vlm_gym.evaluation.runs.records import EpisodeRecord, TurnRecord
from vlm_gym.evaluation.runs.requests import SentMessage
from vlm_gym.messages import NAME_LENGTH

ESSENTIAL: Final = {
    TurnRecord: ("episode", "turn", "answers", "action", "reward"),
    EpisodeRecord: ("episode", "task", "seed", "is_success", "total_reward", "num_turns"),
}
"""What no line may lack: without it, neither scores nor an episode played again would be right."""
ALLOWED: Final[Mapping[Any, tuple[type, ...]]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    float: (int, float),
    str | None: (str, type(None)),
    tuple[str, ...]: (tuple,),
}
"""What the essential fields may hold."""
TUPLES: Final = ("answers", "span", "cut_off")
TYPES: Final[Mapping[type, Mapping[str, Any]]] = {
    kind: {field.name: get_type_hints(kind)[field.name] for field in fields(kind)}
    for kind in (TurnRecord, EpisodeRecord, Reply)
}
DEFAULTS: Final[Mapping[type, Mapping[str, Any]]] = {
    kind: {field.name: field.default for field in fields(kind) if field.default is not MISSING} for kind in TYPES
}
NUM_NAMES: Final = 8192  # of texts that are kept at hand: those of the episodes in play

RecordT = TypeVar("RecordT", TurnRecord, EpisodeRecord)

_encode: Final = json.JSONEncoder(allow_nan=False).encode


@lru_cache(NUM_NAMES)
def text_name(text: str) -> str:
    """Return the name of a request's text, which follows from it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:NAME_LENGTH]


def texts_of(record: TurnRecord | EpisodeRecord) -> dict[str, str]:
    """Return the texts of a record's requests by their names."""
    requests = record.requests if isinstance(record, TurnRecord) else (record.final_request,)
    return {text_name(message.text): message.text for request in requests for message in request}


def text_line(name: str, text: str) -> str:
    """Write a request's text as one line of JSON."""
    return _encode({"name": name, "text": text}) + "\n"


def text_from_line(line: str) -> tuple[str, str]:
    """Read a request's text: its name and itself.

    Raises:
        RunError: if the line is damaged.
    """
    try:
        read = json.loads(line)
        return str(read["name"]), str(read["text"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise RunError(f"expected a line of JSON with name and text, got {line[:80]!r}") from error


def to_line(record: TurnRecord | EpisodeRecord) -> str:
    """Write a record as one line of JSON: any text in it stays on the line and in ASCII.

    What was added to the first format is left out where it says nothing, so that earlier versions read it too.
    """
    unsaid = DEFAULTS[type(record)]
    values = {name: value for name, value in vars(record).items() if name not in unsaid or value != unsaid[name]}
    if "requests" in values:
        values["requests"] = [_request_values(request) for request in values["requests"]]
    if "replies" in values:
        values["replies"] = [_reply_values(reply) for reply in values["replies"]]
    if "final_request" in values:
        values["final_request"] = _request_values(values["final_request"])
    return _encode(values) + "\n"


def from_line(line: str, kind: type[RecordT], texts: Mapping[str, str] | None = None) -> RecordT:
    """Read a record. Fields of other versions that are unknown here are left out, missing ones say nothing.

    Args:
        line: The line.
        kind: What it holds.
        texts: The texts of requests by their names; a record of which one is not there has no requests.

    Raises:
        RunError: if the line is not JSON, or lacks what no record can do without.
    """
    try:
        read = json.loads(line)
        types = TYPES[kind]
        values = {name: value for name, value in read.items() if name in types}
        for name in TUPLES:
            if isinstance(values.get(name), list):
                values[name] = tuple(values[name])
        if kind is TurnRecord:
            values["requests"] = _requests(values.get("requests", ()), texts or {})
            values["replies"] = _replies(values.get("replies", ()), values.get("answers", ()))
        elif "final_request" in values:
            values["final_request"] = next(iter(_requests([values["final_request"]], texts or {})), ())
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise RunError(f"expected a line of JSON with a {kind.__name__}, got {line[:80]!r}") from error
    _check_essential(values, kind)
    if len(values) < len(types):
        values = {**{name: _neutral(types[name]) for name in types}, **DEFAULTS[kind], **values}
    return kind(**values)


def _check_essential(values: Mapping[str, Any], kind: type[TurnRecord] | type[EpisodeRecord]) -> None:
    lacking = [name for name in ESSENTIAL[kind] if name not in values]
    if lacking:
        raise RunError(f"a {kind.__name__} lacks {', '.join(lacking)}")
    for name in ESSENTIAL[kind]:
        value, allowed = values[name], ALLOWED[TYPES[kind][name]]
        if not isinstance(value, allowed) or (isinstance(value, tuple) and not all(isinstance(v, str) for v in value)):
            raise RunError(f"a {kind.__name__} has {name} {value!r:.80}, which it cannot have")


def _request_values(request: tuple[SentMessage, ...]) -> list[tuple[str, str, str | None]]:
    return [(role, text_name(text), picture) for role, text, picture in request]


def _reply_values(reply: Reply) -> dict[str, Any]:
    """Return what a reply says beyond its text, which is among the answers."""
    unsaid = DEFAULTS[Reply]
    return {name: value for name, value in vars(reply).items() if name in unsaid and value != unsaid[name]}


def _requests(read: list[list[list[str | None]]], texts: Mapping[str, str]) -> tuple[tuple[SentMessage, ...], ...]:
    try:
        return tuple(
            tuple(SentMessage(str(role), texts[str(text)], picture) for role, text, picture in request)
            for request in read
        )
    except KeyError:
        return ()


def _replies(read: list[dict[str, Any]], answers: tuple[str, ...]) -> tuple[Reply, ...]:
    known = TYPES[Reply]
    return tuple(
        Reply(text, **{name: value for name, value in reply.items() if name in known and name != "text"})
        for text, reply in zip(answers, read, strict=False)
    )


def _neutral(type_: Any) -> Any:
    """Return the value of a type that says nothing."""
    if type(None) in get_args(type_):
        return None
    origin = get_origin(type_) or type_
    return {} if origin is Mapping else origin()
