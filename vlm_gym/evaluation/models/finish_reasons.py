"""What servers say of how an answer ended, and what that means for a score.

Each server spells it in its own way: docs/endpoints.md has them server by server. Spellings are compared without case,
punctuation and the prefixes of enumerations, so that "MAX_TOKENS", "FINISH_REASON_MAX_TOKENS" and "max_tokens" are one.
"""

import re
from collections.abc import Mapping
from enum import Enum
from itertools import chain
from typing import Any, Final


class Finish(Enum):
    """How an answer ended; the first two are the model's own answers, all others are not its doing."""

    FINISHED = "finished"
    LENGTH = "length"
    FILTER = "filter"
    FAILURE = "failure"
    UNKNOWN = "unknown"
    """A word that is not in the table: it may stand for a failure, so it counts as one until somebody says."""
    UNSAID = "unsaid"
    """Nothing: some servers never say it, others leave it out when something broke."""


CHOICES: Final = ("finished", "length", "filter", "failure")
"""The meanings that a finish reason can be given by hand."""

FIELDS: Final = ("finish_reason", "native_finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason")
"""Where a choice says it, the first that says something counts. vLLM's `stop_reason` is a stop word."""

PREFIX: Final = re.compile(r"^(finish|stop|done)?reason(?!$)")

_SPELLINGS: Final[Mapping[Finish, str]] = {
    Finish.FINISHED: """
        stop stopped eos eos_token eosfound eot eog end ended end_turn end_of_turn end_of_text endoftext
        stop_sequence stop_token stop_string stop_word word stopstringfound stop_criteria complete completed done
        finish finished success
        tool_call tool_calls toolcalls tool_use function_call function_calls
    """,
    Finish.LENGTH: """
        length length_limit length_limited max_length max_len max_token max_tokens max_new_tokens max_output_tokens
        max_completion_tokens maxpredictedtokensreached token_limit tokens_limit limit limit_reached
        model_length model_context_window_exceeded context_length context_length_exceeded contextlengthreached
        context_window_exceeded context_limit error_limit truncated
    """,
    Finish.FILTER: """
        content_filter content_filtered content_filtering filtered filter safety recitation blocklist
        prohibited_content spii image_safety image_prohibited_content image_recitation language
        guardrail guardrails guardrail_intervened blocked content_blocked moderation moderated sensitive
        error_toxic model_armor jailbreak refusal refused
    """,
    Finish.FAILURE: """
        error errored abort aborted cancel cancelled canceled user_cancel userstopped interrupted timeout time_limit
        failed failure network_error insufficient_system_resource overloaded engine_overloaded unavailable
        load unload modelunloaded other image_other no_image unspecified unknown none null nil incomplete not_finished
        in_progress queued pause_turn compaction
        malformed_function_call malformed_tool_call malformed_tool_use malformed_model_output malformed_response
        unexpected_tool_call too_many_tool_calls missing_thought_signature
    """,
}


def meaning_of(choice: Mapping[str, Any], own: Mapping[str, str] | None = None) -> tuple[Finish, str | None]:
    """Return how the answer of a reply's choice ended, and the server's word for it; None if it has none.

    Args:
        choice: One of the reply's `choices`.
        own: Meanings (of `CHOICES`) of further words, which go before those known here; "null" is that of no word.
    """
    said = _said(choice)
    meanings = {_plain(word): Finish(meaning) for word, meaning in (own or {}).items()}
    if said is None:
        return meanings.get("null", Finish.UNSAID), None
    whole = _plain(said)
    if whole in meanings:
        return meanings[whole], said
    parts = (_plain(part) for part in said.split(":"))  # "content_filter: SAFETY", as Gemini's compatible API says
    known = (_MEANINGS[part] for part in (whole, *parts) if part in _MEANINGS)
    return next(known, Finish.UNKNOWN), said


def _said(choice: Mapping[str, Any]) -> str | None:
    for name in FIELDS:
        value = choice.get(name)
        if isinstance(value, Mapping):  # SGLang's own: {"type": "length", "length": 16}
            value = value.get("type")
        if name == "stop_reason" and isinstance(value, str) and _plain(value) not in _MEANINGS:
            continue
        if isinstance(value, str) and value.strip():
            return value.strip()
        if name in ("finish_reason", "finishReason") and isinstance(value, int):  # a number of an enumeration
            return str(value)
    return None


def _plain(word: str) -> str:
    """Return a spelling without case, punctuation and what enumerations put before it."""
    return PREFIX.sub("", re.sub(r"[^a-z0-9]", "", word.rpartition(".")[2].lower()))


_MEANINGS: Final = {
    _plain(word): meaning
    for meaning, word in chain.from_iterable(
        ((meaning, word) for word in words.split()) for meaning, words in _SPELLINGS.items()
    )
}
