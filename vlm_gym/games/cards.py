"""Playing cards: ranks, suits, and the short codes ("10H") by which callers name them."""

from typing import Final, Literal, NamedTuple

from vlm_gym.errors import ConfigError

Suit = Literal["spades", "hearts", "diamonds", "clubs"]
FaceCards = Literal["ten", "rank"]

RANKS: Final = ("A", "2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K")
SUITS: Final[tuple[Suit, ...]] = ("spades", "hearts", "diamonds", "clubs")
FACE_RANKS: Final = ("J", "Q", "K")
_SUIT_OF_LETTER: Final[dict[str, Suit]] = {suit[0].upper(): suit for suit in SUITS}
_VALUES: Final[dict[FaceCards, dict[str, int]]] = {
    "ten": {rank: min(i, 10) for i, rank in enumerate(RANKS, start=1)},
    "rank": {rank: i for i, rank in enumerate(RANKS, start=1)},
}


class Card(NamedTuple):
    """One playing card; `str(card)` is its code, "10H" for the ten of hearts."""

    rank: str
    suit: Suit

    def __str__(self) -> str:
        return f"{self.rank}{self.suit[0].upper()}"

    @property
    def name(self) -> str:
        """The card in words: "10 of hearts", "K of spades"."""
        return f"{self.rank} of {self.suit}"


DECK: Final = tuple(Card(rank, suit) for rank in RANKS for suit in SUITS)
"""All 52 cards, rank by rank: card i has rank `RANKS[i // 4]` and suit `SUITS[i % 4]`."""

OF_RANK: Final = {rank: tuple([card for card in DECK if card.rank == rank]) for rank in RANKS}
"""The four cards of each rank, in the order of `SUITS`."""


def value_of(rank: str, face_cards: FaceCards) -> int:
    """Return what a rank counts: an ace 1; J, Q and K ten ("ten") or 11, 12 and 13 ("rank")."""
    return _VALUES[face_cards][rank]


def read_cards(name: str, codes: object, num_cards: int) -> tuple[Card, ...]:
    """Return the cards that a caller wrote as codes such as "10H" or "QS".

    Raises:
        ConfigError: if `codes` is not a sequence of `num_cards` codes; `name` is what the caller called it.
    """
    if not isinstance(codes, (list, tuple)) or len(codes) != num_cards:
        raise ConfigError(f"{name} must be {num_cards} card codes such as ['10H', 'QS'], got {codes!r}")
    return tuple(_read_card(name, code) for code in codes)


def _read_card(name: str, code: object) -> Card:
    if isinstance(code, Card) and code in DECK:
        return code
    if isinstance(code, str) and code[:-1] in RANKS and code[-1:] in _SUIT_OF_LETTER:
        return Card(code[:-1], _SUIT_OF_LETTER[code[-1]])
    raise ConfigError(
        f"{name} holds {code!r}, which is not a card; write a rank ({', '.join(RANKS)}) "
        f"and a suit ({', '.join(_SUIT_OF_LETTER)}), as in '10H'"
    )
