"""Whether an answer names what the picture shows: its fields against the truth, lenient in form, exact in content."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from vlm_gym.evaluation.scores.card_words import NamedCard, find_cards
from vlm_gym.fields import Kind
from vlm_gym.games.cards import FACE_RANKS
from vlm_gym.games.household.vocabulary import kinds

MAX_LENGTH: Final = 2000  # characters; what is longer is not a reading
PLACE_LENGTH: Final = 60  # characters after "at" in which the place must be named


class Reading(str, Enum):
    """How a field of an answer stands to the truth."""

    RIGHT = "right"
    INEXACT = "inexact"  # right as far as it matters: other suits, a face card as "10", a part of what is there
    WRONG = "wrong"
    UNNAMED = "unnamed"  # not in the answer, or in no form that says one thing


def judge(kind: Kind | str, said: str | None, truth: str, scene: str = "") -> Reading:
    """Judge what an answer says in a field.

    Args:
        kind: What stands in the field. One that this version does not know is judged as text.
        said: What the answer says there; None if it has no such field. May be anything.
        truth: What a right answer says there (`TurnRecord.readings`).
        scene: All that the picture shows, in words: a place may be described with more than the truth asks for.
    """
    if said is None or len(said) > MAX_LENGTH:
        return Reading.UNNAMED
    said = unicodedata.normalize("NFKC", said).replace("\ufe0f", "").replace("\n", " ").strip()
    return JUDGES.get(kind, _judge_text)(said, truth, scene)


def field_of(fields: Mapping[str, str], name: str) -> str | None:
    """Return what an answer says in a field, whose name may be written "current_number" or "Current Number:"."""
    wanted = _NO_LETTER.sub("", name)
    return next((said for field, said in fields.items() if _NO_LETTER.sub("", field.lower()) == wanted), None)


def _judge_number(said: str, truth: str, _scene: str) -> Reading:
    found = _numbers_in(said)
    if len(found) != 1:
        return Reading.UNNAMED
    return Reading.RIGHT if int(truth) in found else Reading.WRONG


def _judge_total(said: str, truth: str, scene: str) -> Reading:
    is_both = _numbers_in(said) == {int(truth), int(truth) - 10}  # a soft hand is worth both
    return Reading.RIGHT if is_both else _judge_number(said, truth, scene)


def _numbers_in(said: str) -> set[int]:
    result = said.rpartition("=")[2]
    found = {int(match[0].partition(".")[0]) for match in _NUMBER.finditer(_OUT_OF.sub(" ", result))}
    return found | {_NUMBER_WORDS[match[0].lower()] for match in _NUMBER_WORD.finditer(result)}


def _judge_formula(said: str, truth: str, _scene: str) -> Reading:
    wanted = "" if truth == "(empty)" else truth.replace(" ", "")
    plain = _TIMES.sub("*", said.translate(_OPERATORS))
    runs = [run for run in _FORMULA.findall(plain) if _FORMULA_PART.search(run)]
    is_empty = not plain.strip() or (_NOTHING.search(said) is not None and not _DIGIT.search(said))
    if not is_empty and len(runs) != 1:
        return Reading.UNNAMED
    found = "" if is_empty else runs[0].replace(" ", "")
    return Reading.RIGHT if wanted in (found, found.partition("=")[0]) else Reading.WRONG


def _judge_ranked_cards(said: str, truth: str, _scene: str) -> Reading:
    return _judge_cards(said, truth, _scene, faces_are_tens=False)


def _judge_cards(said: str, truth: str, _scene: str, *, faces_are_tens: bool = True) -> Reading:
    named, shown = find_cards(said), find_cards(truth)
    if not named or not shown:
        return Reading.UNNAMED
    for eleven in ("J", "A") if faces_are_tens else ("J",):
        ranks = [eleven if card.rank == "11" else card.rank for card in named]
        if Counter(ranks) == Counter(card.rank for card in shown):
            return Reading.RIGHT if _suits_fit(named, shown) else Reading.INEXACT
    values = Counter("10" if card.rank in FACE_RANKS else card.rank for card in named)
    if faces_are_tens and values == Counter("10" if card.rank in FACE_RANKS else card.rank for card in shown):
        return Reading.INEXACT
    return Reading.WRONG


def _suits_fit(named: tuple[NamedCard, ...], shown: tuple[NamedCard, ...]) -> bool:
    """Return whether every card that was named with its suit is there."""
    return not Counter(card for card in named if card.suit is not None) - Counter(shown)


def _judge_carried(said: str, truth: str, _scene: str) -> Reading:
    wanted, named = set(_things(truth)), set(_things(said))
    is_nothing = _NOTHING.search(said) is not None or not _letters(said)
    if not wanted:
        return Reading.WRONG if named else Reading.RIGHT if is_nothing else Reading.UNNAMED
    if named:
        return Reading.RIGHT if named == wanted else Reading.WRONG
    if any(kind in _letters(said) for kind, _ in wanted):
        return Reading.INEXACT  # "the apple"
    return Reading.WRONG if is_nothing else Reading.UNNAMED


def _judge_place(said: str, truth: str, scene: str) -> Reading:
    wanted, named, at = set(_things(truth)), set(_things(said)), _thing_at(said)
    is_middle = _MIDDLE.search(said) is not None
    if named - wanted - set(_things(scene)):
        return Reading.WRONG
    if not wanted:  # in the middle of the room
        return Reading.RIGHT if is_middle else Reading.WRONG if at else Reading.UNNAMED
    if is_middle or (at is not None and at not in wanted) or {_door(said), _door(truth)} == {"open", "closed"}:
        return Reading.WRONG
    if wanted <= named:
        return Reading.RIGHT
    return Reading.INEXACT if wanted & named else Reading.UNNAMED


def _judge_text(said: str, truth: str, _scene: str) -> Reading:
    wanted, named = _words(truth), _words(said)
    if not named:
        return Reading.UNNAMED
    rest = named.replace(wanted, " ", 1)
    if wanted in named and not _DENIED.search(rest):
        return Reading.RIGHT
    return Reading.INEXACT if named in wanted else Reading.WRONG


def _words(text: str) -> str:
    """Return a text's words, each between blanks, in lower case and without punctuation."""
    words = _NO_WORD.sub(" ", text.casefold()).split()
    return f" {' '.join(words)} " if words else ""


def _thing_at(text: str) -> tuple[str, str] | None:
    """Return what the text says the player stands at."""
    at = _AT.search(text)
    things = _things(text[at.end() : at.end() + PLACE_LENGTH]) if at else []
    return things[0] if things else None


def _things(text: str) -> list[tuple[str, str]]:
    """Return the things of a home that are named with their numbers: ("alarmclock", "1") for "Alarm clock 1"."""
    found = []
    for match in _NUMBERED.finditer(text.lower()):
        words = _NO_LETTER.sub(" ", match[1]).split()
        names = ("".join(words[-count:]) for count in (3, 2, 1))
        found += [(name, match[2]) for name in names if name in kinds()][:1]
    return found


def _door(text: str) -> str | None:
    """Return whether a text says "open" or "closed"; None if it says neither or both."""
    said = {match[0].lower() for match in _DOOR.finditer(text)}
    return said.pop() if len(said) == 1 else None


def _letters(text: str) -> str:
    return _NO_LETTER.sub("", text.lower())


JUDGES: Final[Mapping[str, Callable[[str, str, str], Reading]]] = {
    Kind.NUMBER: _judge_number,
    Kind.TOTAL: _judge_total,
    Kind.CARDS: _judge_cards,
    Kind.RANKED_CARDS: _judge_ranked_cards,
    Kind.FORMULA: _judge_formula,
    Kind.PLACE: _judge_place,
    Kind.CARRIED: _judge_carried,
    Kind.TEXT: _judge_text,
}
"""What judges each kind of field: takes what was said, the truth, and the picture in words."""

_SMALL: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_NUMBER_WORDS: Final[dict[str, int]] = {word: i for i, word in enumerate(_SMALL.split())} | {"twenty-one": 21}
_NUMBER_WORD: Final = re.compile(rf"\b(?:twenty-one|{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?<![0-9.A-Za-z])-?[0-9]{1,6}(?:\.0{1,6})?(?![0-9A-Za-z]|\.[0-9])")
_OUT_OF: Final = re.compile(r"\b(?:out of|from 0 to|between 0 and) {1,3}[0-9]{1,6}", re.IGNORECASE)
_NO_WORD: Final = re.compile(r"[\W_]+")
_DENIED: Final = re.compile(r"\b(?:or|not|no|nor|neither)\b|n['’]t\b", re.IGNORECASE)
_NO_LETTER: Final = re.compile(r"[^a-z]+")
_OPERATORS: Final = str.maketrans("×·∙⋅÷∕−–—", "****//---", "'\"[],`$")
_TIMES: Final = re.compile(r"(?<=[0-9)] )[xX](?= ?[0-9(])|(?<=[0-9)])[xX](?= ?[0-9(])")
_FORMULA: Final = re.compile(r"[-+*/()= 0-9]+")
_FORMULA_PART: Final = re.compile(r"[0-9]|\( *\Z")
_DIGIT: Final = re.compile(r"[0-9]")
_NOTHING: Final = re.compile(
    r"\b(?:nothing|empty|none|null|blank|n/a|no object|no formula|not started)\b", re.IGNORECASE
)
_NUMBERED: Final = re.compile(r"\b((?:[a-z]{1,20}[ _-]){0,2}[a-z]{1,20})[ _#]{0,2}([0-9]{1,3})\b")
_AT: Final = re.compile(r"\b(?:at|facing|in front of)\b", re.IGNORECASE)
_MIDDLE: Final = re.compile(r"\b(?:middle|cent(?:er|re))\b", re.IGNORECASE)
_DOOR: Final = re.compile(r"\b(?:open|closed)\b", re.IGNORECASE)
