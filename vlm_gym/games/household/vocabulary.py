"""The commands of a household game as a vocabulary: which words name a command, in which spellings.

Besides the game's own wording a player may write articles, any case and spacing, "put X in/on Y" (the wording of
ALFWorld before 0.4) for "move X to Y", and a few other verbs. Nothing is guessed: numbers must be there.
"""

import difflib
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from vlm_gym.actions import normalise
from vlm_gym.games.household.generator_tables import load_tables

MAX_COMMAND_LENGTH: Final = 200  # characters; the longest official command has 60
NUM_NEAREST: Final = 3
NEAREST_CUTOFF: Final = 0.5

_NAME: Final = r"((?:[a-z]+ ){1,4}[0-9]+)"  # the picture breaks long names: "alarm clock 1" is alarmclock 1
_FORMS: Final = tuple(
    (re.compile(pattern.replace("NAME", _NAME)), form)
    for pattern, form in (
        (r"(?:go to|goto|walk to) NAME", "go to {}"),
        (r"(open|close|examine|use) NAME", "{} {}"),
        (r"(?:turn on|toggle|switch on) NAME", "use {}"),
        (r"(?:look at|inspect) NAME", "examine {}"),
        (r"(?:take|pick up|get) NAME from (?:inside |in |on )?NAME", "take {} from {}"),
        (r"move NAME to NAME", "move {} to {}"),
        (r"(?:put|place) NAME (?:in/on|in|on|inside|into|onto|to) NAME", "move {} to {}"),
        (r"(clean|heat|cool) NAME (?:with|using|in) NAME", "{} {} with {}"),
        (r"(?:slice|cut) NAME (?:with|using) NAME", "slice {} with {}"),
        (r"(look|inventory|help)", "{}"),
        (r"look around", "look"),
        (r"check inventory", "inventory"),
    )
)
_ONLY_OFFICIAL_KINDS: Final = ("paintinghanger", "papertowel", "toaster", "toiletpaperroll")  # not in generated homes
_ARTICLE: Final = re.compile(r"\b(?:the|an|a) ")
_SPLIT_NUMBER: Final = re.compile(r"(?<=[a-z])(?=[0-9])")


def _one_word(name: str) -> str:
    """Return a name as the game has it, "alarmclock 1"; a verb stays what it is."""
    *words, last = name.split()
    return f"{''.join(words)} {last}" if words else last


def _is_known(name: str) -> bool:
    """Whether a name is a verb, or that of a kind of thing that there is in homes."""
    kind, _, number = name.partition(" ")
    return not number or kind in kinds()


@cache
def kinds() -> frozenset[str]:
    """Return the kinds of things that there are in homes, each in one word: "alarmclock", "cabinet"."""
    tables = load_tables()
    return frozenset(kind.lower() for kind in (*tables.accepts, *tables.properties, *_ONLY_OFFICIAL_KINDS))


@dataclass(eq=False)
class CommandVocabulary:
    """The commands of a game in progress: `names` are those that are admissible now, which the game keeps up to date.

    Two of them are equal: as action spaces they hold the same texts.
    """

    names: tuple[str, ...] = ("help", "inventory", "look")
    key: str = "action"

    def read(self, words: str) -> str | None:
        """Return the command that `words` as a whole spell, admissible or not; None if they spell none."""
        if len(words) > MAX_COMMAND_LENGTH:
            return None
        spelling = normalise(words).rstrip(".!")
        if spelling in self.names:
            return spelling
        plain = _SPLIT_NUMBER.sub(" ", _ARTICLE.sub("", spelling))
        for pattern, form in _FORMS:
            match = pattern.fullmatch(plain)
            if match is not None:
                names = [_one_word(name) for name in match.groups()]
                return form.format(*names) if all(map(_is_known, names)) else None
        return None

    def could_go_on(self, words: str) -> bool:
        """Whether a longer admissible command begins with `words`: "go to cabinet 1" could become one to cabinet 12."""
        spelling, command = normalise(words), self.read(words)
        return any(name.startswith(spelling) and name != command for name in self.names)

    def nearest(self, words: str) -> tuple[str, ...]:
        """Return the admissible commands that are spelt most like `words`."""
        spelling = normalise(words[:MAX_COMMAND_LENGTH])
        return tuple(difflib.get_close_matches(spelling, self.names, n=NUM_NEAREST, cutoff=NEAREST_CUTOFF))

    def sample(self, rng: np.random.Generator) -> str:
        """Draw an admissible command, each with the same probability."""
        return self.names[int(rng.integers(len(self.names)))]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CommandVocabulary)

    def __hash__(self) -> int:
        return hash(CommandVocabulary)
