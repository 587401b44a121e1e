"""Ranks and suits set pixel by pixel, for cards so small that smooth curves would blur."""

from typing import Final

from PIL import Image

from vlm_gym.games.cards import Suit

TINY_RANK: Final = 5  # pixels high
TINY_SUITS: Final = (7, 5)  # pixels high and wide

_RANKS: Final = {
    "A": ".X. X.X XXX X.X X.X",
    "2": "XX. ..X .X. X.. XXX",
    "3": "XX. ..X .X. ..X XX.",
    "4": "X.X X.X XXX ..X ..X",
    "5": "XXX X.. XX. ..X XX.",
    "6": ".XX X.. XXX X.X XXX",
    "7": "XXX ..X .X. .X. .X.",
    "8": "XXX X.X XXX X.X XXX",
    "9": "XXX X.X XXX ..X XX.",
    "10": "X.XXX X.X.X X.X.X X.X.X X.XXX",
    "J": "..X ..X ..X X.X .X.",
    "Q": ".X. X.X X.X XX. .XX",
    "K": "X.X X.X XX. X.X X.X",
}
_SUITS: Final[dict[Suit, dict[int, str]]] = {
    "spades": {
        7: "...X... ..XXX.. .XXXXX. XXXXXXX XXXXXXX ...X... ..XXX..",
        5: "..X.. .XXX. XXXXX XXXXX ..X..",
    },
    "hearts": {
        7: ".XX.XX. XXXXXXX XXXXXXX XXXXXXX .XXXXX. ..XXX.. ...X...",
        5: ".X.X. XXXXX XXXXX .XXX. ..X..",
    },
    "diamonds": {
        7: "...X... ..XXX.. .XXXXX. XXXXXXX .XXXXX. ..XXX.. ...X...",
        5: "..X.. .XXX. XXXXX .XXX. ..X..",
    },
    "clubs": {
        7: "..XXX.. ..XXX.. XX.X.XX XXXXXXX XX.X.XX ...X... ..XXX..",
        5: ".XXX. .XXX. XX.XX XXXXX ..X..",
    },
}


def tiny_rank(rank: str) -> Image.Image:
    """Return the ink of a rank, `TINY_RANK` pixels high."""
    return _mask(_RANKS[rank])


def tiny_suit(suit: Suit, size: float) -> Image.Image:
    """Return the ink of a suit; `size` is one of `TINY_SUITS`."""
    return _mask(_SUITS[suit][round(size)])


def _mask(drawing: str) -> Image.Image:
    rows = drawing.split()
    mask = Image.new("L", (len(rows[0]), len(rows)))
    mask.putdata([255 if pixel == "X" else 0 for row in rows for pixel in row])
    return mask
