"""Blackjack from one deck: the oracle against plain enumeration, card by card, and the averages against play."""

from dataclasses import replace
from itertools import permutations, product

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym.games.blackjack import BlackjackRules, BlackjackState, hand_value, view_of
from vlm_gym.games.blackjack_deck import OneDeckRules
from vlm_gym.games.cards import DECK, RANKS, read_cards
from vlm_gym.ladders import ladders
from vlm_gym.oracles.blackjack import BlackjackOracle, hand_of
from vlm_gym.oracles.blackjack_deals import Deal, all_deals, deal_values, random_wins
from vlm_gym.oracles.blackjack_deck import OneDeckOracle, count_values, unseen

RULES = [BlackjackRules(natural, sab) for natural, sab in product((False, True), repeat=2)]
LEVELS = [task for ladder in ladders("remembering") if "Blackjack" in ladder.base.id for task in ladder.tasks[1:]]


def stand_by_hand(rules, player, dealer, left):
    """Return the probability to win of a stand, by trying every card of the dealer's, one after the other."""
    if None in dealer:
        hidden = [(card, [other for other in left if other != card]) for card in left]
        return np.mean([stand_by_hand(rules, player, (dealer[0], card), rest) for card, rest in hidden])
    if hand_value(dealer) >= 17:
        return float(rules._compare(player, dealer) == "win")
    drawn = [(card, [other for other in left if other != card]) for card in left]
    return np.mean([stand_by_hand(rules, player, (*dealer, card), rest) for card, rest in drawn])


def best_by_hand(rules, player, dealer, left):
    """Return the values of stand and hit, the same way: the player's card is any unseen one."""
    hits = [(card, [other for other in left if other != card]) for card in left]
    values = [
        0.0 if hand_value((*player, card)) > 21 else max(best_by_hand(rules, (*player, card), dealer, rest))
        for card, rest in hits
    ]
    return stand_by_hand(rules, player, dealer, left), np.mean(values)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize(
    ("player", "dealer", "left"),
    [
        ("10H 6S", "9C", "AS 2H 5D 7C KD 4S 10C"),
        ("AH 5S", "6C", "AD AC 9H 9D JC QC 8S"),
        ("2H 3S", "AC", "10S JS QS 9S KS 8H 7H"),
        ("AH KS", "10C", "AS AD 9H 4C QD 5D 6S"),
    ],
)
def test_the_oracle_is_what_trying_every_card_gives(rules, player, dealer, left):
    player, left = (read_cards("cards", words.split(), len(words.split())) for words in (player, left))
    shown = read_cards("dealer", [dealer], 1)
    in_play = {*player, *shown, *left}
    state = BlackjackState(player, (shown[0], left[0]), None, tuple(card for card in DECK if card not in in_play))
    stand, hit = best_by_hand(rules, player, (shown[0], None), list(left))
    oracle = OneDeckOracle(rules)
    assert oracle.action_values(view_of(state)) == pytest.approx({"stand": stand, "hit": hit}, abs=1e-12)
    assert oracle.optimal_value(view_of(state)) == pytest.approx(max(stand, hit), abs=1e-12)
    assert oracle.best_action(view_of(state)) == ("hit" if hit > stand + 1e-12 else "stand")


def test_with_many_decks_worth_of_luck_the_value_is_the_mean_over_the_next_card():
    rules, rng = OneDeckRules(ranks_out=3), np.random.default_rng(5)
    oracle = OneDeckOracle(rules)
    for _ in range(10):
        state = replace(rules.deal(rng), page=0)
        left = [card for card in DECK if card not in {*state.player, state.dealer[0], *state.discards}]
        after = [
            0.0
            if hand_value((*state.player, card)) > 21
            else oracle.optimal_value(view_of(replace(state, player=(*state.player, card))))
            for card in left
        ]
        assert oracle.action_values(view_of(state))["hit"] == pytest.approx(np.mean(after), abs=1e-12)
        assert count_values(left) == unseen(view_of(state))


def test_a_game_that_is_over_is_worth_what_it_came_to():
    rules = OneDeckRules()
    state = BlackjackState(*(read_cards("cards", words.split(), 2) for words in ("10H 9S", "10C 8D")), "win")
    assert OneDeckOracle(rules).optimal_value(view_of(state)) == 1.0
    assert OneDeckOracle(rules).optimal_value(view_of(replace(state, player=state.dealer, dealer=state.player))) == 0.0


@pytest.mark.parametrize("ranks_out", [2, 11])
def test_all_deals_have_the_probabilities_with_which_they_are_dealt(ranks_out):
    deals = all_deals(ranks_out)
    assert sum(deals.values()) == pytest.approx(1.0)
    in_play = sum(odds * (sum(deal.left) + 3) for deal, odds in deals.items())
    held = 3 * ranks_out / len(RANKS)  # cards of the hand are of a rank that is out as often as that
    assert in_play == pytest.approx(4 * (len(RANKS) - ranks_out) + held)


def test_the_values_of_a_deal_are_what_trying_every_card_gives():
    player, shown, left = (
        read_cards("player", ["3H", "4S"], 2),
        read_cards("dealer", ["9C"], 1)[0],
        "2S 2D 6H 8C 10D KC",
    )
    left = list(read_cards("left", left.split(), 6))
    deal = Deal(count_values(left), hand_of(player), 9)
    best, by_book, after_hits = deal_values(BlackjackRules(), BlackjackOracle(BlackjackRules()), deal)
    assert best == pytest.approx(max(best_by_hand(BlackjackRules(), player, (shown, None), left)))
    assert by_book <= best
    for number in range(4):
        orders = list(permutations(left, number))
        hands = [((*player, *order), [card for card in left if card not in order]) for order in orders]
        alive = [
            stand_by_hand(BlackjackRules(), hand, (shown, None), rest) for hand, rest in hands if hand_value(hand) <= 21
        ]
        told = after_hits[number] if number < len(after_hits) else 0.0
        assert told == pytest.approx(sum(alive) / len(orders))


@pytest.mark.parametrize("task", LEVELS, ids=lambda task: task.id)
def test_the_ceiling_and_the_floor_are_what_many_episodes_show(task):
    """The oracle's value of each start is exact: its mean over starts is within four standard errors."""
    rules, rng = OneDeckRules(ranks_out=task.arguments["ranks_out"]), np.random.default_rng(3)
    oracle = OneDeckOracle(rules)
    values = [oracle.optimal_value(view_of(rules.deal(rng))) for _ in range(200)]
    assert abs(np.mean(values) - task.best_success) < 4 * np.std(values) / np.sqrt(len(values))

    wins, episodes = 0, 2000
    for _ in range(episodes):
        state = rules.deal(rng)
        for _ in range(task.turns()):
            state = rules.play(state, ("stand", "hit", "deal")[rng.integers(3)], rng).state
            if state.result is not None:
                break
        wins += state.result == "win"
    floor = task.random_success
    assert abs(wins / episodes - floor) < 4 * np.sqrt(floor * (1 - floor) / episodes)


def test_play_by_the_oracle_wins_as_often_as_it_says():
    rules, rng = OneDeckRules(ranks_out=9), np.random.default_rng(8)
    oracle, surprise, spread = OneDeckOracle(rules), 0.0, 0.0
    for _ in range(600):
        state = replace(rules.deal(rng), page=0)
        value = oracle.optimal_value(view_of(state))
        while state.result is None:
            state = rules.play(state, oracle.best_action(view_of(state)), rng).state
        surprise += (state.result == "win") - value
        spread += value * (1 - value)
    assert abs(surprise) < 4 * np.sqrt(spread)


def test_random_play_wastes_turns_on_what_is_illegal():
    assert random_wins([1.0], 1, 2) == pytest.approx(1 / 9)  # deal, then stand, and no turn to waste
    assert random_wins([1.0], 1, 3) == pytest.approx(1 / 9 + (2 / 3 + 1 / 3) / 9)
    assert random_wins([0.0, 1.0], 2, 4) == pytest.approx(1 / 81)  # twice deal, hit, stand
    assert random_wins([1.0], 3, 200) == pytest.approx(0.5)  # to stand at once is as likely as to hit


def test_what_was_seen_changes_the_best_action():
    env = gym.make(LEVELS[-1].id, disable_env_checker=True)
    by_seed = []
    for seed in range(40):
        env.reset(seed=seed)
        while env.unwrapped.state.page:
            env.unwrapped.play("deal")
        view = view_of(env.unwrapped.state)
        by_seed.append(env.unwrapped.oracle_action() != BlackjackOracle(BlackjackRules()).best_action(view))
    assert 4 <= sum(by_seed) <= 20  # about a fifth
