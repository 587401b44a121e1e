"""Golden pictures: a few of every kind, compared with a tolerance for other versions of Pillow.

After a wanted change, write them anew and look at each: VLM_GYM_UPDATE_GOLDEN=1 pytest tests/render
"""

from pathlib import Path

import pytest

from vlm_gym.games.blackjack import BlackjackDay, BlackjackView
from vlm_gym.games.blackjack_deck import DiscardsView
from vlm_gym.games.cards import Card, read_cards
from vlm_gym.games.number_line import LineDay, NumberLineState
from vlm_gym.games.points import POINTS24_SYMBOLS, Deal, PointsRules, PointsView
from vlm_gym.render.blackjack import draw_blackjack
from vlm_gym.render.blackjack_course import draw_blackjack_day
from vlm_gym.render.blackjack_deck import draw_discards, lay_pile
from vlm_gym.render.number_line import draw_number_line
from vlm_gym.render.points import draw_points
from vlm_gym.render.theme import read_theme

KING = Card("K", "clubs")
GOLDEN = Path(__file__).parent / "golden"


def hand(codes):
    return read_cards("hand", codes.split(), len(codes.split()))


def points(cards, formula, target=24, value=None):
    return draw_points, PointsView(hand(cards), tuple(formula.split()), target, value)


def dealt(cards, formula, target, **deal):
    rules = PointsRules(target, len(hand(cards)), POINTS24_SYMBOLS)
    tokens, deal = tuple(formula.split()), Deal(rules, **deal)
    presses_left = None if deal.presses is None else deal.presses - len(tokens)
    return draw_points, PointsView(hand(cards), tokens, target, None, presses_left, deal)


def blackjack(player, dealer, has_hole=True):
    return draw_blackjack, BlackjackView(hand(player), (*hand(dealer), None) if has_hole else hand(dealer))


def discards(cards, covered, page, pages):
    return draw_discards, DiscardsView(hand(cards), covered, page, pages)


def from_one_deck(player, dealer):
    def draw(view, size, theme):
        picture = draw_blackjack(view, size, theme)
        lay_pile(picture, theme)
        return picture

    return draw, blackjack(player, dealer)[1]


def on_a_day(player, dealer, aside, **day):
    day = BlackjackDay(("7", 2), hand(aside)[0], **day)
    return draw_blackjack_day, BlackjackView(hand(player), (*hand(dealer), None), (), day)


def number_line(position, target, last, moves_left=None, **day):
    return draw_number_line, NumberLineState(position, target, last, moves_left, LineDay(**day) if day else None)


PICTURES = {
    "points-four-cards": ("classic", *points("10H QS 3D 7C", "( 10 - 3 ) * 7")),
    "points-two-cards-empty": ("classic", *points("KH 5S", "", 12)),
    "points-long-formula": ("classic", *points("2C JD AH 9S", "( ( 10 + 10 ) * 10 - 10 ) / ( 10 - 2 ) + 3 * 4 =")),
    "points-value": ("four_color", *points("4C 6D JC QD", "10 / 4 - 6 * 10", 24, "-115/2")),
    "points-six-cards": ("night", *points("2C JD AH 9S KC 8D", "2 +", -1000)),
    "points-tokens-left": ("classic", *dealt("9H 9S 4C 2D", "( 9 +", 24, presses=10)),
    "points-tray": ("four_color", *dealt("10H QS 3D 7C", "", 24, aside=Card("7", "hearts"))),
    "points-plates": ("night", *dealt("2C JD AH 9S", "2 + 10", 7, aside=KING, color="orange", other_target=28)),
    "blackjack-start": ("classic", *blackjack("AS 6H", "10D")),
    "blackjack-five-cards": ("black_suits", *blackjack("2S 3H 4D 5C QS", "KD 7C", has_hole=False)),
    "blackjack-eleven-cards": ("classic", *blackjack("AS AH AD AC 2S 2H 2D 2C 3S 3H 10D", "JD")),
    "blackjack-big-index": ("big_index", *blackjack("JS QH KD", "8D")),
    "blackjack-discards": ("classic", *discards("9C 8D JC 7H QS JH 3C AC 9S 5H 8C 10H", 0, 1, 3)),
    "blackjack-last-discards": ("big_index", *discards("QD 7C 10S KC 3H AH 7D 9D 5S", 24, 3, 3)),
    "blackjack-one-deck": ("classic", *from_one_deck("10H 6D 2C", "AD")),
    "blackjack-tray": ("night", *on_a_day("7H 9S 2D", "AC", "JD")),
    "blackjack-two-places": ("classic", *on_a_day("7H 9S 2D AC 3H", "KC", "6D", color="orange", other=hand("QS 4H"))),
    "number-line-five": ("classic", *number_line(2, 4, 5)),
    "number-line-same": ("paper", *number_line(7, 7, 20)),
    "number-line-hundred": ("night", *number_line(99, 100, 100)),
    "number-line-moves-left": ("classic", *number_line(57, 87, 100, 6)),
    "number-line-old-flag": ("paper", *number_line(5, 3, 5, changed="marks", other=4)),
    "number-line-two-flags": ("night", *number_line(1, 4, 5, changed="signs", other=5, color="orange")),
}


@pytest.mark.parametrize("size", [300, 84])
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_looks_like_its_golden_one(name, size, compare_with_golden):
    theme, draw, view = PICTURES[name]
    compare_with_golden(draw(view, size, read_theme(theme)), GOLDEN / f"{name}-{size}.png")


def test_every_golden_picture_is_compared():
    expected = {f"{name}-{size}.png" for name in PICTURES for size in (300, 84)}
    assert {path.name for path in GOLDEN.glob("*.png")} == expected
