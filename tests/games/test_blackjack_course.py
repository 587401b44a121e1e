"""Blackjack on days that are different: what counts otherwise, and what lies on the table."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from vlm_gym.games.blackjack import BlackjackRules, hand_value, has_usable_ace, is_natural, view_of
from vlm_gym.games.blackjack_course import DayRules, numbers_today
from vlm_gym.games.cards import RANKS, read_cards


def hand(words):
    return read_cards("hand", words.split(), len(words.split()))


@pytest.mark.parametrize(
    ("cards", "today", "value", "is_soft", "natural"),
    [
        ("7H 7S", ("7", 2), 4, False, False),
        ("KH KS", ("K", 3), 6, False, False),
        ("KH QS", ("K", 3), 13, False, False),
        ("AH KS", ("A", 5), 15, False, False),
        ("AH AS", ("A", 10), 20, False, False),
        ("AH 7S", ("7", 10), 21, True, True),
        ("AH KS", ("K", 9), 20, True, False),
        ("AH 5S", ("9", 2), 16, True, False),
    ],
)
def test_a_rank_counts_what_the_day_says(cards, today, value, is_soft, natural):
    cards = hand(cards)
    assert (hand_value(cards, today), has_usable_ace(cards, today), is_natural(cards, today)) == (
        value,
        is_soft,
        natural,
    )


@pytest.mark.parametrize("rank", RANKS)
def test_a_rank_counts_two_to_ten_and_never_what_it_counts_on_other_days(rank):
    usual = {"A": 1, "J": 10, "Q": 10, "K": 10}.get(rank) or int(rank)
    assert set(numbers_today(rank)) == set(range(2, 11)) - {usual}


@pytest.mark.parametrize("course", [1, 2, 3])
def test_a_day_is_drawn_from_the_cards_that_lie_open_and_leaves_the_hands(course):
    places, colors = Counter(), Counter()
    for seed in range(600):
        plain = BlackjackRules().deal(np.random.default_rng(seed))
        state = DayRules(course=course).deal(np.random.default_rng(seed))
        assert replace(state, day=None) == plain
        rank, number = state.day.today
        assert number in numbers_today(rank)
        seen = [card.rank for card in (*state.player, state.dealer[0])]
        assert rank in seen
        if len(set(seen)) == 3:
            places[seen.index(rank)] += 1
        assert (state.day.aside is None) is (course < 2)
        assert len(state.day.other) == (2 if course == 3 else 0)
        colors[state.day.color] += 1
        assert view_of(state).day == state.day
    assert min(places.values()) > 120
    assert set(colors) == ({"blue", "orange"} if course == 3 else {None})


def test_the_dealer_goes_by_the_day_too():
    rules = DayRules().of_day(("6", 2))
    state = replace(rules.deal(np.random.default_rng(0), hand("10H 9S"), hand("10C 6D")), day=None)
    for seed in range(20):
        after = rules.play(state, "stand", np.random.default_rng(seed)).state
        assert len(after.dealer) > 2  # 10 and 6 are 12 today: he draws
        assert hand_value(after.dealer, ("6", 2)) >= 17
        expected = hand_value(after.dealer, ("6", 2))
        assert after.result == ("win" if expected > 21 or expected < 19 else "draw" if expected == 19 else "lose")


def test_a_hand_that_is_over_21_by_the_day_is_lost_at_once_and_one_that_is_not_goes_on():
    state = DayRules().deal(np.random.default_rng(0), hand("9H 9S"), hand("10C 6D"))
    for today in (("9", 10), ("9", 2)):
        rules = DayRules().of_day(today)
        for seed in range(30):
            after = rules.play(state, "hit", np.random.default_rng(seed)).state
            assert (after.result == "lose") is (hand_value(after.player, today) > 21)
            assert after.day == state.day
