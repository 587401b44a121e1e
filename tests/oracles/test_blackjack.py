"""The Blackjack oracle: known figures, and agreement with play by the real rules."""

from itertools import product

import numpy as np
import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.games.blackjack import BlackjackRules, BlackjackState, BlackjackView, view_of
from vlm_gym.games.cards import DECK, read_cards
from vlm_gym.oracles.blackjack import BlackjackOracle, Hand, odds_of
from vlm_gym.oracles.random_play import blackjack_odds

ALL_RULES = [BlackjackRules(natural, sab) for natural, sab in product((False, True), repeat=2)]


def view(player, shown):
    player = read_cards("player", player.split(), len(player.split()))
    return BlackjackView(player, (*read_cards("dealer", [shown], 1), None))


def percent(probability):
    return round(100 * probability, 2)


@pytest.mark.parametrize("natural", [False, True])
def test_the_known_figures_hold_without_sab(natural):
    rules = BlackjackRules(natural=natural)
    assert percent(BlackjackOracle(rules).odds().win) == 43.16
    assert percent(odds_of(rules, lambda *_: 0.0).win) == 38.07
    assert percent(odds_of(rules, lambda hand, _: float(hand.value < 17)).win) == 40.77
    assert percent(blackjack_odds(rules).win) == 28.06
    for_reward = BlackjackOracle(rules, "reward").odds()
    assert (percent(for_reward.win), percent(for_reward.draw)) == (42.95, 9.45)


@pytest.mark.parametrize("natural", [False, True])
def test_sab_turns_the_draws_of_a_natural_against_a_late_21_into_wins(natural):
    rules = BlackjackRules(natural, sab=True)
    assert percent(BlackjackOracle(rules).odds().win) == 43.51
    assert percent(BlackjackOracle(rules, "reward").odds().win) == 43.29
    assert percent(blackjack_odds(rules).win) == 28.23


@pytest.mark.parametrize("rules", ALL_RULES)
@pytest.mark.parametrize("objective", ["win", "reward"])
def test_the_optimal_value_is_the_mean_over_what_the_best_action_leads_to(rules, objective):
    oracle = BlackjackOracle(rules, objective)
    state = BlackjackState(read_cards("player", ["5H", "7S"], 2), read_cards("dealer", ["6H", "9S"], 2))
    for action, other in (("hit", "stand"), ("stand", "hit")):
        values = [mean_after(oracle, state, name) for name in (action, other)]
        assert max(values) == pytest.approx(oracle.optimal_value(view_of(state)))
        if values[0] > values[1]:
            assert oracle.best_action(view_of(state)) == action


def mean_after(oracle, state, action):
    """Average the oracle's value over every rank of the hidden card or of the card that the player draws."""
    if action == "stand":
        return np.mean([stand_value(oracle, state, hidden) for hidden in DECK[::4]])
    drawn = [oracle.rules.play(state, "hit", Drawing([i])).state for i in range(0, len(DECK), 4)]
    return np.mean([oracle.optimal_value(view_of(after)) for after in drawn])


def stand_value(oracle, state, hidden):
    """Average over the dealer's draws by playing them out."""
    dealt = BlackjackState(state.player, (state.dealer[0], hidden))
    return play_out(oracle, dealt, ())


def play_out(oracle, state, draws):
    try:
        outcome = oracle.rules.play(state, "stand", Drawing(draws))
    except IndexError:
        return np.average([play_out(oracle, state, (*draws, 4 * rank)) for rank in range(10)], weights=[1] * 9 + [4])
    return oracle.optimal_value(view_of(outcome.state))


class Drawing:
    """A generator that deals chosen cards."""

    def __init__(self, indices):
        self.indices = list(indices)

    def integers(self, _):
        return self.indices.pop(0)


@pytest.mark.parametrize("rules", ALL_RULES)
def test_a_natural_is_worth_what_the_rules_pay(rules):
    natural, late_21 = view("AH KS", "5C"), view("7H 7S 7C", "5C")
    wins = BlackjackOracle(rules).optimal_value(natural)
    assert wins == pytest.approx(1.0 if rules.sab else BlackjackOracle(rules).optimal_value(late_21))
    for_reward = BlackjackOracle(rules, "reward")
    pay = 1.5 if rules.natural and not rules.sab else 1.0
    assert for_reward.optimal_value(natural) == pytest.approx(pay * wins)
    assert for_reward.best_action(natural) == "stand"


# Sutton and Barto 2018, figure 5.2: the lowest sum to stand at against an ace, 2, ... 10.
@pytest.mark.parametrize(
    ("has_usable_ace", "lowest"),
    [(False, [17, 13, 13, 12, 12, 12, 17, 17, 17, 17]), (True, [19, 18, 18, 18, 18, 18, 18, 18, 19, 19])],
)
def test_play_for_reward_is_the_policy_of_sutton_and_barto(has_usable_ace, lowest):
    oracle = BlackjackOracle(BlackjackRules(sab=True), "reward")
    for open_card in range(1, 11):
        hits = [oracle.prefers_hit(Hand(value, has_usable_ace, False), open_card) for value in range(12, 22)]
        assert hits == [value < lowest[open_card - 1] for value in range(12, 22)]


def test_play_for_wins_stands_where_a_hit_gains_draws_only():
    sixteen = view("10H 6S", "10C")
    assert BlackjackOracle(BlackjackRules(), "reward").best_action(sixteen) == "hit"
    assert BlackjackOracle(BlackjackRules(), "win").best_action(sixteen) == "stand"


def test_a_game_that_is_over_is_worth_what_it_came_to():
    for player, dealer, win, reward in [
        ("10H 9S", "10C 8D", 1.0, 1.0),
        ("10H 8S", "10C 8D", 0.0, 0.0),
        ("10H 8S KD", "10C 8D", 0.0, -1.0),
        ("10H 8S", "10C 9D", 0.0, -1.0),
        ("AH KS", "10C 9D", 1.0, 1.5),
    ]:
        cards = [read_cards("hand", hand.split(), len(hand.split())) for hand in (player, dealer)]
        rules = BlackjackRules(natural=True)
        assert BlackjackOracle(rules).optimal_value(BlackjackView(*cards)) == win
        assert BlackjackOracle(rules, "reward").optimal_value(BlackjackView(*cards)) == reward


def test_a_view_without_the_open_card_is_the_callers_mistake():
    with pytest.raises(ConfigError, match="first card always lies open"):
        BlackjackOracle(BlackjackRules()).best_action(BlackjackView(DECK[:2], (None, None)))


@pytest.mark.slow
@pytest.mark.parametrize("rules", ALL_RULES)
def test_optimal_play_by_the_real_rules_wins_as_often_as_the_oracle_says(rules):
    rng = np.random.default_rng(0)
    oracle = BlackjackOracle(rules)
    num_games = 40_000
    wins = 0
    for _ in range(num_games):
        state = rules.deal(rng)
        while state.result is None:
            state = rules.play(state, oracle.best_action(view_of(state)), rng).state
        wins += state.result == "win"
    assert wins / num_games == pytest.approx(oracle.odds().win, abs=0.01)
