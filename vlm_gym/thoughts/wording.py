"""Choosing words."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

CHOICES: Final = (
    'I choose "{action}".',
    'My action is "{action}".',
    'I play "{action}".',
    'I go with "{action}".',
    '"{action}" it is.',
    'So: "{action}".',
    'My next action is "{action}".',
    'I will play "{action}" now.',
)
"""Sentences that name an action and give no reason for it."""


def pick(rng: np.random.Generator, templates: Sequence[str], words: Mapping[str, object]) -> str:
    """Return one of the templates, each with the same probability, with its words filled in."""
    return templates[int(rng.integers(len(templates)))].format_map(words)


def name_choice(action: str, rng: np.random.Generator) -> str:
    """Return a sentence that names an action and gives no reason for it."""
    return pick(rng, CHOICES, {"action": action})


def sentence(words: str) -> str:
    """Return words as a sentence: a capital in front, a full stop behind."""
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"


def listing(names: Sequence[str]) -> str:
    """Return names as a list in words: "a", "a and b", "a, b and c"."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def with_article(noun: str) -> str:
    """Return a noun with "a" or "an"."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"
