"""Cards as models write them: "10H", "ten of hearts", "['7', 'K']", "♠A", {"rank": "7", "suit": "hearts"}."""

import re
from typing import Final, NamedTuple

from vlm_gym.games.cards import RANKS, SUITS

MAX_CARDS: Final = 30  # more are not a reading of a table


class NamedCard(NamedTuple):
    """A card as it was named.

    Its rank is as in `RANKS`, or "11", which may be a jack or an ace. Its suit is as in `SUITS`; None if none was
    named.
    """

    rank: str
    suit: str | None


def find_cards(text: str) -> tuple[NamedCard, ...] | None:
    """Return the cards that a text names, in its order; None if it leaves open which.

    The text should be normalised (NFKC). Numbers of things that are not cards ("total 16", "card 2:") are passed over.
    """
    for aside in _ASIDES:
        text = aside.sub(" ", text)
    if _OPEN.search(text):
        return None
    tokens = [_read(match) for match in _TOKEN.finditer(_COUNTED.sub(_counted, text))]
    if sum(rank is not None for rank, _ in tokens) > MAX_CARDS:
        return None
    return _joined(tokens)


def _joined(tokens: list[tuple[str | None, str | None]]) -> tuple[NamedCard, ...]:
    """Give every suit to its rank: to the one before it, or behind it where the text begins with a suit."""
    is_suit_first = bool(tokens) and tokens[0][0] is None
    cards: list[NamedCard] = []
    for rank, suit in reversed(tokens) if is_suit_first else tokens:
        if rank is not None:
            cards.append(NamedCard(rank, suit))
        elif cards and cards[-1].suit is None:
            cards[-1] = NamedCard(cards[-1].rank, suit)
    return tuple(reversed(cards)) if is_suit_first else tuple(cards)


def _read(match: re.Match[str]) -> tuple[str | None, str | None]:
    """Return a token's rank and suit, of which one may be None."""
    glued, suit_of_glued, ace, rank, word, suit = match.groups()
    if ace is not None:
        return "A", _SUITS[ace[1]]
    if glued is not None:
        return _RANKS[glued.lower()], _SUITS[suit_of_glued.lower()]
    if suit is not None:
        return None, _SUITS[suit.lower()]
    return _RANKS[(rank or word).lower()], None


def _counted(match: re.Match[str]) -> str:
    """Write "two kings" as "king king"."""
    times = _COUNTS[match[1].lower()]
    return f" {match[2]} " * times


_RANK_WORDS: Final = {
    "ace": "A", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
    "ten": "10", "jack": "J", "queen": "Q", "king": "K",
}  # fmt: skip
_RANKS: Final[dict[str, str]] = {
    **dict(zip(map(str, range(1, 14)), RANKS, strict=True)),
    "11": "11",
    **{rank.lower(): rank for rank in RANKS},
    **_RANK_WORDS,
    "t": "10",
}
_SUITS: Final[dict[str, str]] = {
    form: suit
    for suit, symbols in zip(SUITS, ("♠♤", "♥♡❤", "♦♢", "♣♧"), strict=True)
    for form in (suit, suit[:-1], suit[0], *symbols)
}
_COUNTS: Final = {"pair of": 2, "two": 2, "2": 2, "both": 2, "three": 3, "3": 3, "four": 4, "4": 4}

_SYMBOLS: Final = "♠♤♥♡❤♦♢♣♧"
_SUIT: Final = "spades?|hearts?|diamonds?|clubs?"
_WORD: Final = "|".join(_RANK_WORDS)
_ASIDES: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bcard[ _]?#?[1-9]\b[ :=]{0,3}",
        r"\b(?:total|sum|value|valued|worth|counts?|counted|counting|adds? up|points|target)\b"
        r"(?:[ :='\"]|as|at|is|of|to){0,8}[0-9]{1,4}",
        r"=[ ]{0,3}[0-9]{1,4}(?: or [0-9]{1,2})?",
        r"(?<=[a-z])[ ]?\([ ]?[0-9]{1,2}(?:[ ]?(?:or|/)[ ]?[0-9]{1,2})?[ ]?\)",  # K (10)
        r"\b(?:[1-9]|one|two|three|four|five|six) (?:playing )?cards?\b",
        r"\b(?:suit|rank|card)s?\b",
        r"(?-i:\b[Aa](?= {1,3}(?:10|[2-9JQK]) {1,3}of\b))",  # "a 7 of hearts": an article
        rf"(?-i:\bA(?= {{1,3}}(?!of\b|and\b|{_SUIT})[a-z]))",
    )
)
_OPEN: Final = re.compile(
    r"\b(?:or|not|no|either|neither|maybe|perhaps|possibly|unsure|unclear)\b|n['’]t\b|(?<=\w)\?", re.IGNORECASE
)
_COUNTED: Final = re.compile(rf"\b({'|'.join(_COUNTS)}) (10|[2-9]|[ajqk]|{_WORD})(?:['’]?s|es)\b", re.IGNORECASE)
_TOKEN: Final = re.compile(
    rf"(?<![A-Za-z0-9])(10|[2-9]|[JQKTjqkt]|A(?=[SHDC{_SYMBOLS}]))([SHDCshdc{_SYMBOLS}])(?![A-Za-z0-9])"
    r"|(?<![A-Za-z0-9])(A[shdc])(?=\W*(?:$|10|[2-9AJQK]))"  # "As" is a word elsewhere
    r"|(?<![A-Za-z0-9.])(1[0-3](?![0-9A-Za-z])|[1-9](?![0-9A-Za-z]|\.[0-9])|[AJQKjqk](?![A-Za-z]|['’]s)"
    rf"|a(?= of (?:{_SUIT})))"
    rf"|\b((?i:{_WORD}))(?:e?s)?\b"
    rf"|(?<![A-Za-z])((?i:{_SUIT})|[SHDC]|[{_SYMBOLS}])(?![A-Za-z])"
)
