"""Blackjack from one deck: what is dealt, what is shown when, and that no card comes twice."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.games.blackjack import hand_value, view_of
from vlm_gym.games.blackjack_deck import (
    CARDS_A_PAGE,
    LEAST_RANKS_OUT,
    MOST_RANKS_OUT,
    OneDeckRules,
    num_pages,
    page_of,
)
from vlm_gym.games.cards import DECK, RANKS, read_cards

ALL_RANKS_OUT = range(LEAST_RANKS_OUT, MOST_RANKS_OUT + 1)


def dealt(ranks_out, seed):
    return OneDeckRules(ranks_out=ranks_out).deal(np.random.default_rng(seed))


@pytest.mark.parametrize("ranks_out", ALL_RANKS_OUT)
def test_all_cards_of_some_ranks_are_out_but_those_in_the_hands(ranks_out):
    for seed in range(20):
        state = dealt(ranks_out, seed)
        out = {card.rank for card in state.discards}
        hands = {*state.player, *state.dealer}
        assert len(out) == ranks_out
        assert {card for card in DECK if card.rank in out} - hands == set(state.discards)
        assert state.dealer[1].rank not in out


def test_a_seed_deals_the_same_hand_and_more_discards_at_every_level():
    for seed in range(20):
        states = [dealt(ranks_out, seed) for ranks_out in ALL_RANKS_OUT]
        assert len({(state.player, state.dealer[0]) for state in states}) == 1
        ranks = [{card.rank for card in state.discards} for state in states]
        assert all(fewer < more for fewer, more in pairwise(ranks))


@pytest.mark.parametrize("ranks_out", ALL_RANKS_OUT)
def test_every_discard_is_shown_once_before_the_hand(ranks_out):
    rules = OneDeckRules(ranks_out=ranks_out)
    state = rules.deal(np.random.default_rng(ranks_out))
    shown = []
    while state.page:
        page = page_of(state)
        assert (page.page, page.pages, page.covered) == (state.page, num_pages(state), len(shown))
        assert 0 < len(page.open) <= CARDS_A_PAGE
        shown += page.open
        state = rules.play(state, "deal", np.random.default_rng(0)).state
    assert tuple(shown) == state.discards == view_of(state).memory


def test_what_does_not_fit_the_moment_is_illegal_and_changes_nothing():
    rules = OneDeckRules(ranks_out=3)
    start = rules.deal(np.random.default_rng(0))
    for action in ("hit", "stand"):
        outcome = rules.play(start, action, np.random.default_rng(0))
        assert outcome.state is start
        assert outcome.illegal == "the hand has not been dealt yet: deal goes on"
    hand = replace(start, page=0)
    outcome = rules.play(hand, "deal", np.random.default_rng(0))
    assert outcome.state is hand
    assert outcome.illegal == "the hand has been dealt: hit or stand"


@pytest.mark.parametrize("ranks_out", ALL_RANKS_OUT)
def test_no_card_comes_twice(ranks_out):
    rules, rng = OneDeckRules(ranks_out=ranks_out), np.random.default_rng(1)
    for _ in range(50):
        state = replace(rules.deal(rng), page=0)
        while state.result is None:
            state = rules.play(state, "hit" if rng.random() < 0.7 else "stand", rng).state
            cards = (*state.player, *state.dealer, *state.discards)
            assert len(set(cards)) == len(cards)


def test_the_lowest_sixteen_cards_do_not_run_out():
    """However long both sides draw: with only aces to fours in play, some cards stay."""
    lowest = [card for card in DECK if card.rank in RANKS[:4]]
    discards = tuple(card for card in DECK if card not in lowest)
    rules, rng = OneDeckRules(), np.random.default_rng(2)
    for _ in range(300):
        order = [lowest[i] for i in rng.permutation(16)]
        state = replace(dealt(9, 0), player=tuple(order[:2]), dealer=tuple(order[2:4]), discards=discards, page=0)
        while hand_value(state.player) < 21 and state.result is None:
            state = rules.play(state, "hit", rng).state
        if state.result is None:
            state = rules.play(state, "stand", rng).state
        assert len(state.player) + len(state.dealer) <= 16


def test_every_unseen_card_is_drawn_alike():
    rules, rng = OneDeckRules(ranks_out=9), np.random.default_rng(3)
    state = replace(dealt(9, 4), page=0)
    left = [card for card in DECK if card not in {*state.player, *state.dealer, *state.discards}]
    drawn = [rules.play(state, "hit", rng).state.player[-1] for _ in range(400 * len(left))]
    counts = [drawn.count(card) for card in left]
    assert sum(counts) == len(drawn)
    assert all(300 < count < 500 for count in counts)


def test_given_hands_are_out_of_the_deck_and_have_each_card_once():
    player, dealer = (read_cards("hand", words.split(), 2) for words in ("AH AS", "AC AD"))
    for seed in range(30):
        state = OneDeckRules(ranks_out=2).deal(np.random.default_rng(seed), player, dealer)
        assert (state.player, state.dealer) == (player, dealer)
        assert state.discards
        assert not {*player, *dealer} & {*state.discards}
    with pytest.raises(ConfigError, match="each card once; got AH, AS, AC, AH"):
        OneDeckRules().deal(np.random.default_rng(0), player, (dealer[0], player[0]))
