"""Cards and the codes by which callers name them."""

import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.games.cards import DECK, RANKS, SUITS, Card, read_cards, value_of


def test_the_deck_holds_every_card_once_rank_by_rank():
    assert len(set(DECK)) == len(DECK) == 52
    assert all(card == Card(RANKS[i // 4], SUITS[i % 4]) for i, card in enumerate(DECK))


def test_every_code_reads_back():
    codes = [str(card) for card in DECK]
    assert read_cards("cards", codes, 52) == DECK
    assert read_cards("cards", tuple(DECK), 52) == DECK


def test_a_card_has_a_code_and_a_name():
    assert (str(Card("10", "hearts")), Card("K", "spades").name) == ("10H", "K of spades")


@pytest.mark.parametrize(
    ("rank", "ten", "by_rank"), [("A", 1, 1), ("2", 2, 2), ("10", 10, 10), ("J", 10, 11), ("K", 10, 13)]
)
def test_faces_count_ten_or_their_rank(rank, ten, by_rank):
    assert (value_of(rank, "ten"), value_of(rank, "rank")) == (ten, by_rank)


@pytest.mark.parametrize(
    "codes", ["10HQS", ["10H"], ["10H", "QS", "2C"], None, 5, {"10H", "QS"}, (card for card in DECK)]
)
def test_anything_but_so_many_codes_is_refused(codes):
    with pytest.raises(ConfigError, match=r"cards must be 2 card codes such as \['10H', 'QS'\], got "):
        read_cards("cards", codes, 2)


@pytest.mark.parametrize("code", ["", "H", "1H", "11H", "10", "10X", "10h", "qs", " QS", "QS ", 7, None, b"QS", "TH"])
def test_a_code_of_no_card_is_refused(code):
    with pytest.raises(
        ConfigError, match=r"player holds .* which is not a card; write a rank \(A, 2, .*\) and a suit \(S, H, D, C\)"
    ):
        read_cards("player", ["10H", code], 2)
