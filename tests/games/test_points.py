"""The rules of the points games."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_gym.games.cards import RANKS, read_cards
from vlm_gym.games.formula_words import MAX_FORMULA_LENGTH, formula_tokens
from vlm_gym.games.points import (
    EZPOINTS_SYMBOLS,
    POINTS24_SYMBOLS,
    FormulaVocabulary,
    PointsRules,
    PointsState,
)

POINTS24 = PointsRules(24, 4, POINTS24_SYMBOLS)
EZPOINTS = PointsRules(12, 2, EZPOINTS_SYMBOLS)
VOCABULARY = FormulaVocabulary(4, POINTS24_SYMBOLS)


def hand(codes):
    return PointsState(read_cards("cards", codes.split(), len(codes.split())))


def press_all(rules, state, tokens):
    outcome = None
    for token in tokens:
        outcome = rules.press(state, token)
        assert outcome.illegal is None
        state = outcome.state
    return outcome


@pytest.mark.parametrize(
    ("formula", "result"),
    [("8 / ( 3 - 8 / 3 ) =", "solved"), ("8 + 8 + 3 + 3 =", "wrong"), ("8 / ( 3 - 3 ) + 8 =", "wrong")],
)
def test_pressing_equals_judges_exactly(formula, result):
    outcome = press_all(POINTS24, hand("3H 3S 8C 8D"), formula.split())
    assert (outcome.state.result, outcome.events) == (result, {result: 1.0})


def test_a_press_before_equals_pays_nothing():
    assert press_all(POINTS24, hand("3H 3S 8C 8D"), ["(", "8"]).events == {}


def test_an_illegal_press_leaves_the_state_and_says_why():
    state = press_all(POINTS24, hand("2H 4S AC AD"), ["2"]).state
    outcome = POINTS24.press(state, "4")
    assert outcome.state is state
    assert outcome.events == {"illegal": 1.0}
    assert outcome.illegal == "an operator must stand before 4"


@pytest.mark.parametrize("sign", ["*", "/"])
def test_powers_and_integer_divisions_cannot_be_written(sign):
    state = press_all(POINTS24, hand("2H 4S AC AD"), ["2", sign]).state
    assert POINTS24.press(state, sign).illegal == f"a number or ( must come before {sign}"
    outcome = POINTS24.submit(hand("2H 4S AC AD"), f"2{sign}{sign}4*1*1")
    assert outcome.illegal == f"a number or ( must come before {sign}"


@given(st.lists(st.sampled_from([*map(str, range(1, 11)), *POINTS24_SYMBOLS]), max_size=20))
def test_the_legal_presses_are_those_that_a_press_accepts(names):
    state = hand("2H 4S AC KD")
    for name in names:
        outcome = POINTS24.press(state, name)
        assert (name in POINTS24.legal_presses(state)) == (outcome.illegal is None)
        state = outcome.state
    assert bool(POINTS24.legal_presses(state)) == (state.result is None)


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        (POINTS24, (*map(str, range(1, 11)), *"+-*/()=")),
        (PointsRules(24, 4, POINTS24_SYMBOLS, "rank"), (*map(str, range(1, 14)), *"+-*/()=")),
        (EZPOINTS, (*map(str, range(1, 11)), *"+*=")),
    ],
)
def test_the_presses_are_the_numbers_and_the_signs(rules, names):
    assert rules.actions.names == names
    assert rules.actions.read("plus") == "+"
    assert rules.actions.read("times") == "*"


def test_a_word_for_a_sign_that_the_game_lacks_is_no_action():
    assert EZPOINTS.actions.read("minus") is None
    assert POINTS24.actions.read("divided by") == "/"


@pytest.mark.parametrize(("face_cards", "numbers"), [("ten", (1, 10, 10, 10)), ("rank", (1, 11, 12, 13))])
def test_faces_count_ten_or_their_rank(face_cards, numbers):
    rules = PointsRules(24, 4, POINTS24_SYMBOLS, face_cards)
    assert rules.numbers(hand("AH JS QC KD").cards) == numbers


def test_ranks_are_dealt_alike_and_no_card_twice():
    rng = np.random.default_rng(0)
    deals = [POINTS24.deal(rng) for _ in range(5_000)]
    counts = Counter(card.rank for cards in deals for card in cards)
    assert all(len(set(cards)) == 4 for cards in deals)
    assert all(1350 < counts[rank] < 1730 for rank in RANKS)


def test_a_fifth_card_of_a_rank_has_any_suit():
    rules = PointsRules(24, 9, POINTS24_SYMBOLS)
    rng = np.random.default_rng(0)
    assert all(len(rules.deal(rng)) == 9 for _ in range(200))


def test_deals_are_repeated_until_one_is_wanted():
    rng = np.random.default_rng(0)
    deals = [EZPOINTS.deal_wanted(rng, lambda numbers: sum(numbers) == 12) for _ in range(50)]
    assert {sum(EZPOINTS.numbers(cards)) for cards in deals} == {12}
    assert EZPOINTS.deal_wanted(rng, lambda _: False) is None


def test_cards_for_given_numbers_are_any_that_count_them():
    rng = np.random.default_rng(0)
    deals = [POINTS24.deal_numbers((1, 10, 10, 7), rng) for _ in range(2_000)]
    assert {tuple(sorted(POINTS24.numbers(cards))) for cards in deals} == {(1, 7, 10, 10)}
    assert len({POINTS24.numbers(cards) for cards in deals}) == 12
    ranks = Counter(card.rank for cards in deals for card in cards)
    assert all(880 < ranks[rank] < 1120 for rank in ("10", "J", "Q", "K"))
    assert all(len(set(cards)) == 4 for cards in deals)


@pytest.mark.parametrize(
    ("text", "events", "illegal"),
    [
        ("8/(3-8/3)", {"solved": 1.0}, None),
        ("8 / ( 3 - 8 / 3 ) =", {"solved": 1.0}, None),
        ("8+8+3+3", {"wrong": 1.0}, None),
        ("8/(3-3)+8", {"wrong": 1.0}, None),
        ("8*3", {"illegal": 1.0}, "every number must be used before =, and these are left: 3, 8"),
        ("24", {"illegal": 1.0}, "24 is not among the numbers left: 3, 3, 8, 8"),
        ("8*3*8*3*8", {"illegal": 1.0}, "no number is left to follow *"),
        ("(8*3)*(8-3", {"illegal": 1.0}, "every ( must be closed before ="),
        ("8^3", {"illegal": 1.0}, "^ is not a sign of this game, which has + - * / ( ) ="),
        ("", {"illegal": 1.0}, "a number or ( must come before ="),
        ("-8", {"illegal": 1.0}, "a number or ( must come before -"),
    ],
)
def test_a_whole_formula_is_judged_or_refused(text, events, illegal):
    outcome = POINTS24.submit(hand("3H 3S 8C 8D"), text)
    assert (outcome.events, outcome.illegal) == (events, illegal)


def test_a_sign_that_the_game_lacks_is_refused():
    assert EZPOINTS.submit(hand("6H 6S"), "(6+6)").illegal == "( is not a sign of this game, which has + * ="


def test_a_wrong_or_illegal_formula_costs_an_attempt():
    state = PointsState(hand("6H 6S").cards, attempts_left=2)
    wrong = EZPOINTS.submit(state, "6*6").state
    assert (wrong.attempts_left, wrong.result, wrong.tokens) == (1, None, ("6", "*", "6"))
    assert EZPOINTS.submit(wrong, "6*7").state == replace(wrong, attempts_left=0, result="wrong")
    assert EZPOINTS.submit(state, "6*7").state == replace(state, attempts_left=1)
    assert EZPOINTS.submit(wrong, "6*6").state.result == "wrong"
    assert EZPOINTS.submit(wrong, "6+6").state.result == "solved"


@pytest.mark.parametrize(
    ("words", "formula"),
    [
        ("10*(2+1)", "10 * ( 2 + 1 )"),
        (" 8 ÷ (3 − 8 ÷ 3) = 24 ", "8 / ( 3 - 8 / 3 )"),
        ("8/(3-8/3)=", "8 / ( 3 - 8 / 3 )"),
        ("3 × 8 x 1 X 1", "3 * 8 * 1 * 1"),
        ("$3 \\times 8 \\div \\left(2 - 1\\right)$", "3 * 8 / ( 2 - 1 )"),
        ("the answer is 24", None),
        ("1+2, or 3", None),
        ("", None),
        ("=", None),
        ("1" * (MAX_FORMULA_LENGTH + 1), None),
    ],
)
def test_a_formula_is_read_in_many_spellings(words, formula):
    assert VOCABULARY.read(words) == formula


def test_a_sample_reads_back_as_itself():
    rng = np.random.default_rng(0)
    for _ in range(200):
        formula = VOCABULARY.sample(rng)
        assert VOCABULARY.read(formula) == formula
        assert len(formula_tokens(formula)) == 7
