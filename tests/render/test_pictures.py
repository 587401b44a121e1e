"""Pictures: their shape, their memory, and that no two views look the same."""

import pickle
import subprocess
import sys
import zlib
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_gym.games.blackjack import BlackjackState, BlackjackView, view_of
from vlm_gym.games.cards import DECK, RANKS, SUITS, Card
from vlm_gym.games.number_line import NumberLineState
from vlm_gym.games.points import PointsView
from vlm_gym.render import table
from vlm_gym.render.blackjack import draw_blackjack
from vlm_gym.render.cards import Slot, paint_card
from vlm_gym.render.number_line import draw_number_line
from vlm_gym.render.points import draw_points
from vlm_gym.render.theme import THEMES, read_theme

CLASSIC = read_theme("classic")
SIZES = (84, 85, 128, 211, 300, 301)
VISIBLE = 24  # grey levels by which a pixel must change to be seen
SOME_CARDS = (Card("10", "hearts"), Card("Q", "spades"), Card("3", "diamonds"), Card("7", "clubs"))
VIEWS = (
    (draw_points, PointsView(SOME_CARDS, ("(", "10", "-", "3"), 24)),
    (draw_blackjack, BlackjackView(SOME_CARDS[:3], (SOME_CARDS[3], None))),
    (draw_number_line, NumberLineState(2, 4, 5)),
)

cards = st.sampled_from(DECK)
tokens = st.sampled_from(("1", "2", "3", "7", "10", "13", "+", "-", "*", "/", "(", ")", "="))
points_views = st.builds(
    PointsView,
    st.lists(cards, min_size=1, max_size=6).map(tuple),
    st.lists(tokens, max_size=30).map(tuple),
    st.integers(-9_999_999, 9_999_999),
    st.none() | st.sampled_from(("14", "10/3", "-2", "undefined")),
)
hands = st.lists(cards, min_size=1, max_size=22).map(tuple)
blackjack_views = st.builds(BlackjackView, hands, hands | st.tuples(cards, st.none()))
number_lines = st.integers(1, 100).flatmap(
    lambda last: st.builds(NumberLineState, st.integers(0, last), st.integers(0, last), st.just(last))
)


def differ(first, second):
    """Whether a pixel of two pictures differs visibly."""
    return np.abs(first.astype(int) - second).max() >= VISIBLE


def grown(number, size):
    """Return a hand of `number` cards in which neighbours differ."""
    return tuple(DECK[(7 + 19 * i) % len(DECK)] for i in range(number))


@pytest.mark.parametrize(("draw", "view"), VIEWS)
@pytest.mark.parametrize("size", [*SIZES, 512, 1024])
def test_a_picture_is_a_fresh_square_of_bytes(draw, view, size):
    picture = draw(view, size, CLASSIC)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert picture.flags.writeable
    assert picture.flags.owndata
    before = picture.copy()
    picture[:] = 0
    assert np.array_equal(draw(view, size, CLASSIC), before)


@pytest.mark.parametrize(("draw", "view"), VIEWS)
def test_every_theme_looks_different(draw, view):
    pictures = {draw(view, 128, read_theme(name)).tobytes() for name in THEMES}
    assert len(pictures) == len(THEMES)


@settings(max_examples=60, deadline=None)
@given(points_views, points_views, st.sampled_from((84, 300)))
def test_different_points_views_look_different(first, second, size):
    draw = partial(draw_points, image_size=size, theme=CLASSIC)
    assert (first == second) == (not differ(draw(first), draw(second)))


@settings(max_examples=60, deadline=None)
@given(blackjack_views, blackjack_views, st.sampled_from((84, 300)))
def test_different_blackjack_views_look_different(first, second, size):
    draw = partial(draw_blackjack, image_size=size, theme=CLASSIC)
    assert (first == second) == (not differ(draw(first), draw(second)))


@settings(max_examples=60, deadline=None)
@given(number_lines, number_lines, st.sampled_from((84, 300)))
def test_different_number_lines_look_different(first, second, size):
    draw = partial(draw_number_line, image_size=size, theme=CLASSIC)
    assert (first == second) == (not differ(draw(first), draw(second)))


@pytest.mark.parametrize("size", [84, 300])
def test_all_number_lines_of_the_standard_length_look_different(size):
    pictures = [draw_number_line(NumberLineState(i, j, 5), size, CLASSIC) for i in range(6) for j in range(6)]
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


@settings(max_examples=40, deadline=None)
@given(points_views, tokens, st.sampled_from((84, 300)))
def test_one_more_token_is_seen(view, token, size):
    longer = PointsView(view.cards, (*view.tokens, token), view.target, view.value)
    assert differ(draw_points(view, size, CLASSIC), draw_points(longer, size, CLASSIC))


@pytest.mark.parametrize("size", [84, 300])
@pytest.mark.parametrize("length", [1, 20, 60, 200])
def test_every_token_of_a_formula_is_seen(size, length):
    formula = ("(", "10", "+", "3", ")", "*", "2", "-")
    written = tuple(formula[i % len(formula)] for i in range(length))
    picture = draw_points(PointsView(SOME_CARDS, written, 24), size, CLASSIC)
    for i in range(0, length, max(1, length // 20)):
        changed = (*written[:i], "8", *written[i + 1 :])
        assert differ(picture, draw_points(PointsView(SOME_CARDS, changed, 24), size, CLASSIC)), i


def test_digits_run_together_are_not_one_number():
    apart, together = PointsView(SOME_CARDS, ("1", "0"), 24), PointsView(SOME_CARDS, ("10",), 24)
    assert differ(draw_points(apart, 84, CLASSIC), draw_points(together, 84, CLASSIC))


def test_what_a_formula_came_to_is_no_part_of_the_formula():
    judged, pressed = PointsView(SOME_CARDS, ("10",), 24, "7"), PointsView(SOME_CARDS, ("10", "=", "7"), 24)
    assert differ(draw_points(judged, 84, CLASSIC), draw_points(pressed, 84, CLASSIC))


@pytest.mark.parametrize("size", [84, 300])
@pytest.mark.parametrize("number", [2, 5, 11, 22])
def test_every_card_of_a_hand_shows_its_rank_and_its_suit(size, number):
    hand, dealer = grown(number, size), (SOME_CARDS[0], None)
    picture = draw_blackjack(BlackjackView(hand, dealer), size, CLASSIC)
    for i, card in enumerate(hand):
        next_rank = Card(RANKS[(RANKS.index(card.rank) + 1) % len(RANKS)], card.suit)
        next_suit = Card(card.rank, SUITS[(SUITS.index(card.suit) + 1) % len(SUITS)])
        for other in (next_rank, next_suit):
            view = BlackjackView((*hand[:i], other, *hand[i + 1 :]), dealer)
            assert differ(picture, draw_blackjack(view, size, CLASSIC)), (i, str(card), str(other))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("number", [1, 2, 4, 6, 8])
def test_no_card_of_a_deal_hides_another(size, number):
    hand = grown(number, size)
    picture = draw_points(PointsView(hand, (), 24), size, CLASSIC)
    for i in range(number):
        other = PointsView((*hand[:i], Card("A", "clubs"), *hand[i + 1 :]), (), 24)
        assert differ(picture, draw_points(other, size, CLASSIC)), i


@pytest.mark.parametrize("size", [84, 300])
def test_the_hole_card_looks_the_same_whatever_it_is(size):
    states = [BlackjackState(SOME_CARDS[:2], (SOME_CARDS[2], hole)) for hole in DECK]
    pictures = {draw_blackjack(view_of(state), size, CLASSIC).tobytes() for state in states}
    assert len(pictures) == 1


@pytest.mark.parametrize("width", [9, 18, 31, 64, 100])
@pytest.mark.parametrize("theme", ["classic", "four_color", "black_suits", "big_index"])
def test_no_two_cards_of_a_deck_look_alike(width, theme):
    slot = Slot(width, round(1.5 * width), width)
    sprites = [paint_card(card, slot, False, read_theme(theme)).astype(int) for card in (*DECK, None)]
    for i, sprite in enumerate(sprites):
        assert all(differ(sprite, other) for other in sprites[i + 1 :]), DECK[i]


def test_cards_that_were_forgotten_are_painted_again_alike(monkeypatch):
    monkeypatch.setattr(table, "SPRITE_BYTES", 0)
    sprites, slot = table.Sprites(CLASSIC, 300), Slot(40, 60, 40)
    first = [sprites[card, slot, False].copy() for card in DECK]
    assert len(sprites) <= 16
    assert all(np.array_equal(sprites[card, slot, False], sprite) for card, sprite in zip(DECK, first, strict=True))
    assert sprites[DECK[-1], slot, False] is sprites[DECK[-1], slot, False]


def test_pictures_are_the_same_in_another_process():
    code = (
        "import zlib, pickle, sys; views = pickle.loads(bytes.fromhex(sys.argv[1]));"
        "from vlm_gym.render.theme import read_theme; theme = read_theme('classic');"
        "print([zlib.crc32(draw(view, 128, theme).tobytes()) for draw, view in views])"
    )
    here = [zlib.crc32(draw(view, 128, CLASSIC).tobytes()) for draw, view in VIEWS]
    command = [sys.executable, "-c", code, pickle.dumps(VIEWS).hex()]
    there = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert there == str(here)


def test_importing_a_renderer_opens_no_font():
    code = (
        "import sys; opened = [];"
        "sys.addaudithook(lambda event, args: event == 'open' and opened.append(str(args[0])));"
        "import vlm_gym.render.points, vlm_gym.render.blackjack, vlm_gym.render.number_line;"
        "assert not [name for name in opened if name.endswith('.ttf')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
