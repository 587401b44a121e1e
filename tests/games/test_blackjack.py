"""The rules of Blackjack, in lock step with Gymnasium's own environment."""

from itertools import product

import numpy as np
import pytest
from gymnasium.envs.toy_text.blackjack import BlackjackEnv

from vlm_gym.games.blackjack import (
    BlackjackRules,
    BlackjackState,
    draw,
    hand_value,
    has_usable_ace,
    is_natural,
    view_of,
)
from vlm_gym.games.cards import DECK, read_cards, value_of

OPTIONS = list(product((False, True), repeat=2))


class Cards:
    """Both generators in one: the next card as a place in our deck, or as what it counts in Gymnasium's."""

    def __init__(self, rng, num_cards=60):
        self.places = rng.integers(52, size=num_cards).tolist()
        self.num_ours = 0
        self.num_theirs = 0

    def integers(self, high):
        assert high == 52
        self.num_ours += 1
        return self.places[self.num_ours - 1]

    def choice(self, deck):
        assert sorted(deck) == sorted(value_of(card.rank, "ten") for card in DECK[::4])
        self.num_theirs += 1
        return value_of(DECK[self.places[self.num_theirs - 1]].rank, "ten")


def sums(state):
    return hand_value(state.player), value_of(state.dealer[0].rank, "ten"), int(has_usable_ace(state.player))


@pytest.mark.parametrize(("natural", "sab"), OPTIONS)
def test_play_is_gymnasiums_card_for_card(natural, sab):
    rng = np.random.default_rng(11)
    rules = BlackjackRules(natural, sab)
    theirs = BlackjackEnv(natural=natural, sab=sab)
    theirs.reset(seed=0)
    for _ in range(4_000):
        cards = Cards(rng)
        state = deal_both(rules, theirs, cards, rng)
        while state.result is None:
            action = int(rng.random() < 0.4)
            outcome = rules.play(state, ("stand", "hit")[action], cards)
            state = outcome.state
            observed, reward, terminated, _, _ = theirs.step(action)
            assert tuple(map(int, observed)) == sums(state)
            assert (reward, terminated) == (reward_of(outcome.events), state.result is not None)
            assert theirs.dealer == [value_of(card.rank, "ten") for card in state.dealer]
            assert cards.num_ours == cards.num_theirs


def deal_both(rules, theirs, cards, rng):
    """Deal the same four cards to both; a natural for the player in every third game."""
    state = rules.deal(cards)
    if rng.random() < 1 / 3:
        state = BlackjackState(read_cards("player", ["AS", "KH"], 2), state.dealer)
    if rng.random() < 1 / 3:
        state = BlackjackState(state.player, read_cards("dealer", ["AS", "KH"], 2))
    theirs.player = [value_of(card.rank, "ten") for card in state.player]
    theirs.dealer = [value_of(card.rank, "ten") for card in state.dealer]
    cards.num_theirs = cards.num_ours
    theirs._np_random = cards
    return state


def reward_of(events):
    return events.get("win", 0.0) - events.get("lose", 0.0) + 0.5 * events.get("natural", 0.0)


def test_over_21_loses_without_a_card_for_the_dealer():
    state = BlackjackState(read_cards("player", ["10H", "9S"], 2), read_cards("dealer", ["2C", "3D"], 2))
    outcome = BlackjackRules().play(state, "hit", Drawn("5"))
    assert (outcome.state.result, outcome.events, outcome.state.dealer) == ("lose", {"lose": 1.0}, state.dealer)


class Drawn:
    """A generator that deals cards of the given ranks."""

    def __init__(self, *ranks):
        self.places = [4 * [card.rank for card in DECK[::4]].index(rank) for rank in ranks]

    def integers(self, _):
        return self.places.pop(0)


@pytest.mark.parametrize(
    ("codes", "value", "usable", "natural"),
    [
        ("AH KS", 21, True, True),
        ("AH AS", 12, True, False),
        ("AH AS 9C", 21, True, False),
        ("AH AS KC", 12, False, False),
        ("7H 7S 7C", 21, False, False),
        ("10H JS", 20, False, False),
        ("KH QS 5C", 25, False, False),
    ],
)
def test_one_ace_counts_eleven_where_it_fits(codes, value, usable, natural):
    hand = read_cards("hand", codes.split(), len(codes.split()))
    assert (hand_value(hand), has_usable_ace(hand), is_natural(hand)) == (value, usable, natural)


def test_the_dealers_second_card_is_hidden_until_the_end():
    state = BlackjackRules().deal(np.random.default_rng(0))
    assert view_of(state).dealer == (state.dealer[0], None)
    ended = BlackjackRules().play(state, "stand", np.random.default_rng(1)).state
    assert view_of(ended).dealer == ended.dealer


def test_every_card_is_drawn_alike():
    rng = np.random.default_rng(0)
    counts = [0] * 52
    for _ in range(20_800):
        counts[DECK.index(draw(rng))] += 1
    assert all(300 < count < 500 for count in counts)
