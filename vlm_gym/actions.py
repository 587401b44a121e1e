"""The vocabulary of a task: one object feeds its action space, its prompt and its parser."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Protocol, runtime_checkable

import numpy as np

from vlm_gym.errors import ConfigError

OPERATOR_SIGNS: Final = str.maketrans(
    {
        "×": "*", "✕": "*", "✖": "*", "⋅": "*", "·": "*", "∗": "*", "∙": "*", "⨯": "*",
        "÷": "/", "∕": "/", "⁄": "/", "➗": "/",
        "−": "-", "–": "-", "‐": "-", "‑": "-", "➖": "-",
        "➕": "+", "⨉": "*", "⋆": "*",
    }
)  # fmt: skip
"""Signs that people and models write for the five operators of these games, to the ASCII ones.

A long dash is none of them: alone it says that there is nothing.
"""
_UNSEEN: Final = dict.fromkeys(
    (
        0xAD,
        0x61C,
        0x180E,
        *range(0x200B, 0x2010),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        0xFE0E,
        0xFE0F,
        0xFEFF,
    )
)
"""Characters without width: joiners, direction marks, variation selectors."""
_NUMBERED: Final = re.compile(
    r"(?<=[^\W\d_])[\s_#]*(?=\d)|\b(?:no\.?|number|nr\.?)\s*(?=\d)|[_#\"'`*()\[\]]+|(?<=\w)-(?=\w)"
)
_SAME_LETTER: Final = ("<wide>", "<small>", "<narrow>", "<font>", "<noBreak>")


class Vocabulary(Protocol):
    """What a parser needs to know of a task: how to recognise one of its actions."""

    @property
    def key(self) -> str:
        """Name of the answer's field that holds the action: "action" or "formula"."""

    def read(self, words: str) -> str | None:
        """Return the action that `words` as a whole name, or None."""

    def could_go_on(self, words: str) -> bool:
        """Whether `words` may be the beginning of an action other than the one they name."""

    def nearest(self, words: str) -> tuple[str, ...]:
        """Return actions that may have been meant by `words`, which name none; for the player's information only."""

    def sample(self, rng: np.random.Generator) -> str:
        """Draw an action."""


@runtime_checkable
class NamedVocabulary(Vocabulary, Protocol):
    """A vocabulary whose actions can be listed."""

    @property
    def names(self) -> tuple[str, ...]:
        """The actions that can be named now."""


def normalise(words: str) -> str:
    """Fold case, width, white space, operator signs and the digits of other scripts, to compare two actions.

    A raised or circled digit stays what it is: "1²" is not "12".
    """
    plain = words if words.isascii() else "".join(map(_plain, words)).translate(OPERATOR_SIGNS).translate(_UNSEEN)
    return " ".join(plain.casefold().split())


def _take_apart(spelling: str) -> str:
    """Write one space for what joins words and their numbers: "cabinet_2", "cabinet #2" and "cabinet2" are one."""
    return " ".join(_NUMBERED.sub(" ", spelling).split())


def _plain(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    kind = unicodedata.decomposition(char).partition(" ")[0]
    return unicodedata.normalize("NFKC", char) if kind in _SAME_LETTER else char


@dataclass(frozen=True)
class ActionSet:
    """A closed vocabulary: the i-th name is action i of the `Discrete` space.

    `aliases` maps other words to one of the names ("stick" to "stand").
    """

    names: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)
    key: str = "action"

    def __len__(self) -> int:
        return len(self.names)

    def index(self, name: str) -> int:
        """Return the number of the action called `name`, which must be one of `names`."""
        return self._index[name]

    def read(self, words: str) -> str | None:
        """Return the action that `words` name as a whole, in any case, width or spacing; None if there is none.

        Names of several words may also be joined as programs join them: "open cabinet_2", "open cabinet #2".
        """
        spelling = normalise(words)
        action = self._spellings.get(spelling)
        if action is None and self._joined_spellings and len(spelling) <= self._longest:
            action = self._joined_spellings.get(_take_apart(spelling))
        return action

    def could_go_on(self, words: str) -> bool:
        """Whether a longer spelling of another action begins with `words`: "1" could become "10"."""
        beginning, action = normalise(words), self.read(words)
        if any(spelling.startswith(beginning) and name != action for spelling, name in self._spellings.items()):
            return True
        apart = _take_apart(beginning)
        return any(spelling.startswith(apart) and name != action for spelling, name in self._joined_spellings.items())

    def nearest(self, words: str) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: the prompt lists all actions."""
        return ()

    def sample(self, rng: np.random.Generator) -> str:
        """Draw an action, each with the same probability."""
        return self.names[int(rng.integers(len(self.names)))]

    @cached_property
    def _joined_spellings(self) -> dict[str, str]:
        """The names of several words by their words; none that two names would share."""
        apart = [(_take_apart(normalise(name)), name) for name in self.names if " " in name]
        counts = Counter(words for words, _ in apart)
        return {words: name for words, name in apart if counts[words] == 1}

    @cached_property
    def _longest(self) -> int:
        return 2 * max(map(len, self.names))

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    @cached_property
    def _spellings(self) -> dict[str, str]:
        spellings = {normalise(name): name for name in self.names}
        if len(spellings) < len(self.names):
            raise ConfigError(f"two actions of {self.names!r} read alike")
        return {normalise(alias): name for alias, name in self.aliases.items()} | spellings
