"""Readings, in the many forms in which models write them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_gym.evaluation.scores.readings import JUDGES, Reading, field_of, judge
from vlm_gym.fields import Kind
from vlm_gym.games.cards import DECK

RIGHT, INEXACT, WRONG, UNNAMED = Reading.RIGHT, Reading.INEXACT, Reading.WRONG, Reading.UNNAMED
SEVEN_KING = "7 of hearts, K of spades"
FRIDGE = "You are at fridge 1 (open) with apple 1, cold egg 2."
SCENE = f"{FRIDGE} You carry nothing. In the room: cabinet 1, cabinet 2, fridge 1, stoveburner 1."


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        ("3", RIGHT),
        (" 3.", RIGHT),
        ("3.0", RIGHT),
        ("three", RIGHT),
        ("The current number is 3", RIGHT),
        ("Current: 3", RIGHT),
        ("current_number = 3", RIGHT),
        ("3 (out of 5)", RIGHT),
        ("**3**", RIGHT),
        ("[3]", RIGHT),
        ("'3'", RIGHT),
        ("３", RIGHT),
        ("2 + 1 = 3", RIGHT),
        ("4", WRONG),
        ("13", WRONG),
        ("-3", WRONG),
        ("four", WRONG),
        ("three or four", UNNAMED),
        ("3 or 4", UNNAMED),
        ("3.5", UNNAMED),
        ("unknown", UNNAMED),
        ("", UNNAMED),
        ("null", UNNAMED),
        (None, UNNAMED),
        ("9" * 1999, UNNAMED),
        ("3 " * 2000, UNNAMED),
        ("__import__('os').system('exit 3')", RIGHT),  # a number in a text is all that it is
        ("<script>alert(4)</script>", WRONG),
    ],
)
def test_a_number(said, reading):
    assert judge(Kind.NUMBER, said, "3") is reading


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        ("17", RIGHT),
        ("soft 17", RIGHT),
        ("10 + 7 = 17", RIGHT),
        ("seventeen", RIGHT),
        ("7 or 17", RIGHT),
        ("7/17", RIGHT),
        ("7", WRONG),
        ("17 or 27", UNNAMED),
        ("10 and 7", UNNAMED),
    ],
)
def test_a_total(said, reading):
    assert judge(Kind.TOTAL, said, "17") is reading


@pytest.mark.parametrize(
    "said",
    [
        SEVEN_KING,
        "K of spades, 7 of hearts",
        "King of Spades and Seven of Hearts",
        "7H, KS",
        "7h ks",
        "7♥ K♠",
        "7♥️, K♠️",
        "♥7 ♠K",
        "['7', 'K']",
        '["7H", "KS"]',
        '[7, "K"]',
        "[7, 13]",
        "7, K",
        "7 K",
        "k and 7",
        "seven, king",
        "a seven and a king",
        "A 7 of hearts and a king of spades.",
        "A king and a seven",
        "The cards are 7 of hearts and King of Spades.",
        "7 hearts, K spades",
        '[{"rank": "7", "suit": "hearts"}, {"rank": "K", "suit": "spades"}]',
        "{'suit': '♥', 'rank': '7'}, {'suit': '♠', 'rank': 'K'}",
        "card 1: 7 of hearts; card 2: K of spades",
        "Card 1 = 7, card 2 = K",
        "two cards: 7 and K",
        "7, K (10)",
        "7 and K (total 17)",
        "7♥, K♠ = 17",
        "7, K; target 12",
        "7 of hearts\nK of spades",
        "７, K",
        "values 7 and 13",
        '[{"card": "7", "value": 7}, {"card": "K", "value": 10}]',
        "**7**, **K**",
    ],
)
def test_cards_that_are_named_right(said):
    assert judge(Kind.CARDS, said, SEVEN_KING) is RIGHT


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        ("7 of clubs, K of spades", INEXACT),
        ("7S, KH", INEXACT),
        ("7, 10", INEXACT),
        ("7, Q", INEXACT),
        ("8, K", WRONG),
        ("7", WRONG),
        ("7, 7, K", WRONG),
        ("7, K, A", WRONG),
        ("77, KK", UNNAMED),
        ("7 or 8, and a king", UNNAMED),
        ("7? K?", UNNAMED),
        ("not 7 but K", UNNAMED),
        ("two cards", UNNAMED),
        ("", UNNAMED),
        ("[]", UNNAMED),
        ("I can't see them: 7, K", UNNAMED),
        ("As you can see there are hearts", UNNAMED),
        ("7" + ", 7" * 40, UNNAMED),
    ],
)
def test_cards_that_are_not(said, reading):
    assert judge(Kind.CARDS, said, SEVEN_KING) is reading


@pytest.mark.parametrize(("said", "reading"), [("7, 10", WRONG), ("7, 13", RIGHT), ("7, Q", WRONG), ("7, K", RIGHT)])
def test_where_faces_count_by_rank_a_ten_is_no_king(said, reading):
    assert judge(Kind.RANKED_CARDS, said, SEVEN_KING) is reading


@pytest.mark.parametrize(
    "said",
    [
        "A of clubs, 8 of hearts, 8 of spades, 8 of diamonds",
        "Ace, three 8s",
        "three eights and an ace",
        "As, 8h, 8s, 8d",
        "A, 8, 8, 8",
        "a of clubs, 8 of hearts, 8 of spades, 8 of diamonds",
        "1, 8, 8, 8",
        "A 8 8 8",
        "ace (1 or 11), 8, 8, 8",
        "11, 8, 8, 8",
        "8, 8, 8 and an A",
    ],
)
def test_pairs_and_aces(said):
    reading = judge(Kind.CARDS, said, "8 of hearts, A of clubs, 8 of spades, 8 of diamonds")
    assert reading is (INEXACT if said.startswith("As") else RIGHT)


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        ("9 of clubs", RIGHT),
        ("9", RIGHT),
        ("9 of clubs, and a card face down", RIGHT),
        ("9♣, hidden", RIGHT),
        ("9, ?", RIGHT),
        ("nine of clubs (second card unknown)", RIGHT),
        ("8 of clubs", WRONG),
        ("a card face down", UNNAMED),
    ],
)
def test_the_dealers_card(said, reading):
    assert judge(Kind.CARDS, said, "9 of clubs") is reading


def test_a_whole_table_of_blackjack():
    truth = "Dealer: 9 of clubs, a card face down. You: 10 of hearts, 6 of spades."
    assert judge(Kind.CARDS, truth, truth) is RIGHT
    assert judge(Kind.CARDS, "dealer 9, mine 10 and 6", truth) is RIGHT
    assert judge(Kind.CARDS, "10 and 6", truth) is WRONG


@pytest.mark.parametrize(
    ("said", "truth", "reading"),
    [
        ("10 + 2", "10 + 2", RIGHT),
        ("10+2", "10 + 2", RIGHT),
        ("'10 + 2'", "10 + 2", RIGHT),
        ('["10", "+", "2"]', "10 + 2", RIGHT),
        ("The formula so far is 10 + 2", "10 + 2", RIGHT),
        ("10 + 2 = 12", "10 + 2", RIGHT),
        ("3 × 8", "3 * 8", RIGHT),
        ("3 x 8", "3 * 8", RIGHT),
        ("3·8", "3 * 8", RIGHT),
        ("8 ÷ (3 − 1)", "8 / ( 3 - 1 )", RIGHT),
        ("10 +", "10 +", RIGHT),
        ("(", "(", RIGHT),
        ("10", "10 +", WRONG),
        ("2 + 10", "10 + 2", WRONG),
        ("empty", "10 + 2", WRONG),
        ("", "10 + 2", WRONG),
        ("", "(empty)", RIGHT),
        ("(empty)", "(empty)", RIGHT),
        ("Empty.", "(empty)", RIGHT),
        ("none", "(empty)", RIGHT),
        ("[]", "(empty)", RIGHT),
        ("''", "(empty)", RIGHT),
        ("10", "(empty)", WRONG),
        ("I am not sure", "(empty)", UNNAMED),
        ("either 10 or 2", "10", UNNAMED),
        ("9**9**9**9", "9", WRONG),
        ("().__class__", "(empty)", UNNAMED),
    ],
)
def test_a_formula(said, truth, reading):
    assert judge(Kind.FORMULA, said, truth) is reading


@pytest.mark.parametrize(
    ("said", "truth", "reading"),
    [
        ("nothing", "nothing", RIGHT),
        ("My hands are empty", "nothing", RIGHT),
        ("", "nothing", RIGHT),
        ("apple 1", "nothing", WRONG),
        ("hot apple 1", "hot apple 1", RIGHT),
        ("I carry apple 1.", "hot apple 1", RIGHT),
        ("the apple", "hot apple 1", INEXACT),
        ("apple 2", "hot apple 1", WRONG),
        ("nothing", "hot apple 1", WRONG),
        ("something", "nothing", UNNAMED),
        ("an alarm clock 2", "alarmclock 2", RIGHT),
        ("a CD 1 and apple 1", "cd 1", WRONG),
    ],
)
def test_what_is_carried(said, truth, reading):
    assert judge(Kind.CARRIED, said, truth, SCENE) is reading


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        (FRIDGE, RIGHT),
        ("At fridge 1, which is open: egg 2 and apple 1", RIGHT),
        ("In front of Fridge 1. I see apple 1, egg 2. There are also cabinet 1 and cabinet 2.", RIGHT),
        ("I am at fridge 1", INEXACT),
        ("at fridge 1 (closed)", WRONG),
        ("at fridge 1, which is open; cabinet 1 is closed", INEXACT),
        ("at cabinet 1", WRONG),
        ("at fridge 1 with tomato 1", WRONG),
        ("At Fridge_1 (open). I see 2 things: apple 1 and egg 2", RIGHT),
        ("at fridge 1 with an alarm clock 1", WRONG),
        ("standing at cabinet 1, near fridge 1 with apple 1 and egg 2", WRONG),
        ("in the middle of the room", WRONG),
        ("in the kitchen", UNNAMED),
        ("", UNNAMED),
    ],
)
def test_a_place(said, reading):
    assert judge(Kind.PLACE, said, FRIDGE, SCENE) is reading


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        ("In the middle of the room", RIGHT),
        ("Center of the room. I see cabinet 1 and fridge 1.", RIGHT),
        ("at fridge 1", WRONG),
        ("In the middle, with tomato 3", WRONG),
        ("a kitchen", UNNAMED),
    ],
)
def test_the_middle_of_the_room(said, reading):
    truth = "You are in the middle of the room."
    assert judge(Kind.PLACE, said, truth, f"{truth} In the room: cabinet 1, fridge 1.") is reading


@pytest.mark.parametrize("name", ["current number", "Current_Number", "currentnumber", "CURRENT NUMBER:"])
def test_a_fields_name_may_be_written_otherwise(name):
    assert field_of({"x": "1", name: "3"}, "current number") == "3"
    assert field_of({name: "3"}, "target number") is None


@given(cards=st.lists(st.sampled_from(DECK), min_size=1, max_size=11), data=st.data())
def test_any_cards_are_read_in_any_order_by_names_codes_and_ranks(cards, data):
    truth = ", ".join(card.name for card in cards)
    mixed = data.draw(st.permutations(cards))
    for words in ([card.name for card in mixed], [str(card) for card in mixed], [card.rank for card in mixed]):
        assert judge(Kind.CARDS, ", ".join(words), truth) is RIGHT
        assert judge(Kind.CARDS, str(words), truth) is RIGHT
    assert judge(Kind.CARDS, ", ".join(card.name for card in mixed[1:]), truth) in (WRONG, UNNAMED)


TRUTHS = {
    Kind.NUMBER: "3",
    Kind.TOTAL: "13",
    Kind.CARDS: SEVEN_KING,
    Kind.RANKED_CARDS: SEVEN_KING,
    Kind.FORMULA: "10 + 2",
    Kind.PLACE: FRIDGE,
    Kind.CARRIED: "apple 1",
    Kind.TEXT: "a red door",
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_a_judge_that_takes_the_truth_for_right(kind):
    assert kind in JUDGES
    assert judge(kind, TRUTHS[kind], TRUTHS[kind], SCENE) is RIGHT
    assert judge(kind.value, TRUTHS[kind], TRUTHS[kind], SCENE) is RIGHT


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        ("a red door", RIGHT),
        ("A Red Door.", RIGHT),
        ("I see a red door", RIGHT),
        ("a_red-door", RIGHT),
        ("red door", INEXACT),
        ("a blue door", WRONG),
        ("not a red door", WRONG),
        ("a red door or a blue one", WRONG),
        ("a red doormat", WRONG),
        ("", UNNAMED),
        ("...", UNNAMED),
        (None, UNNAMED),
    ],
)
def test_words(said, reading):
    assert judge(Kind.TEXT, said, "a red door") is reading


def test_a_truth_with_a_no_in_it_is_no_denial():
    assert judge(Kind.TEXT, "There is no door", "no door") is RIGHT


def test_a_kind_of_a_later_version_is_judged_as_text():
    assert judge("colour", "Red!", "red") is RIGHT


@given(said=st.text(max_size=300), kind=st.sampled_from(list(Kind)))
def test_any_text_gets_one_of_the_four(said, kind):
    assert judge(kind, said, TRUTHS[kind], SCENE) in Reading


@pytest.mark.parametrize(
    "said", ["(" * 2000, "7 of " * 400, "= " * 1000, "- " * 1000, "card " * 400, "A" * 2000, "9" * 2000, "1 or " * 400]
)
def test_hostile_texts_take_no_time(said):
    begin = time.process_time()
    for kind, truth in TRUTHS.items():
        judge(kind, said, truth, SCENE)
    assert time.process_time() - begin < 0.5
