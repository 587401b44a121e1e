"""Names under which answers give their action: "action", "final answer", "best_move", "my decision"."""

import re
from functools import lru_cache
from typing import Final

SYNONYMS: Final = (
    "action", "answer", "final answer", "next action", "move", "decision", "choice", "selection", "command", "response",
    "action choice", "action to take", "pick",
)  # fmt: skip
"""Names that stand for the field of the action where the answer does not use that field's own name."""

ADJECTIVE: Final = (
    r"(?:(?:the|my|our|your|final|best|next|chosen|selected|optimal|correct|recommended|suggested|player|current)"
    r"[\s_-]{1,3}){0,3}"
)
_PUT_ASIDE: Final = frozenset(
    (
        "reject", "refuse", "discard", "exclude", "dismissed", "draft", "drafts", "tentative", "initial",
        "option", "options", "alternative", "alternatives", "candidate", "candidates", "considered", "rejected",
        "worst", "bad", "risky", "losing", "invalid", "incorrect", "illegal", "mistake", "mistakes",
        "refused", "discarded", "excluded", "avoid", "not", "wrong", "other", "others", "if", "then", "else",
        "hypothesis", "hypothetical", "previous", "past", "last", "history", "example", "examples", "format", "schema",
        "template", "thought", "thoughts", "thinking", "reasoning", "analysis", "dealer", "opponent", "observation",
        "legal", "allowed", "admissible", "available", "possible",
    )
)  # fmt: skip
_ADJECTIVES: Final = re.compile(ADJECTIVE + r"(?P<noun>.*)", re.DOTALL)

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@lru_cache(maxsize=1024)
def plain(name: str) -> str:
    """Return the form in which two names are compared: "Final_Answer", "finalAnswer" and "final answer" are one."""
    name = _CAMEL.sub(" ", name)
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


@lru_cache(maxsize=1024)
def is_synonym(name: str, key: str) -> bool:
    """Whether a field of this name stands for the field `key`, with or without adjectives."""
    noun = _ADJECTIVES.match(plain(name))
    return noun is not None and noun["noun"] in {plain(key), *SYNONYMS}


@lru_cache(maxsize=1024)
def is_put_aside(name: str) -> bool:
    """Whether a field holds what is not answered: options, what was rejected, what others do."""
    return any(word in _PUT_ASIDE for word in plain(name).split())


@lru_cache(maxsize=64)
def nouns(key: str) -> str:
    """Return a pattern of the key and its synonyms."""
    return "|".join(re.escape(name).replace("\\ ", "[ _-]") for name in dict.fromkeys((key, *SYNONYMS)))


def label_before(words: str, key: str) -> re.Match[str] | None:
    """Match a label that stands before the words of an action: "Action: ", "formula = "."""
    return _label(key).match(words)


@lru_cache(maxsize=64)
def _label(key: str) -> re.Pattern[str]:
    name = rf"[*_]{{0,2}}{ADJECTIVE}(?:{nouns(key)})[*_]{{0,2}}"  # without quotes: those are of broken JSON
    return re.compile(rf"{name}\s{{0,3}}(?:[:：]=?|={{1,2}})\s*", re.IGNORECASE)
