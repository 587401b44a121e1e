"""The floors of random play, against enumeration and simulation by the real rules."""

from itertools import permutations, product

import numpy as np
import pytest
from press_sequences import cards_of, solved_share

from vlm_gym.errors import ConfigError
from vlm_gym.games import number_line
from vlm_gym.games.points import EZPOINTS_SYMBOLS, POINTS24_SYMBOLS, FormulaVocabulary, PointsRules, PointsState
from vlm_gym.oracles.deals import solvable_deal_odds
from vlm_gym.oracles.random_play import formula_success, number_line_success
from vlm_gym.oracles.random_presses import hand_success, press_success

EZPOINTS = PointsRules(12, 2, EZPOINTS_SYMBOLS)
POINTS24 = PointsRules(24, 4, POINTS24_SYMBOLS)


@pytest.mark.parametrize(
    ("target", "symbols", "hand", "turns"),
    [
        (12, EZPOINTS_SYMBOLS, (2, 10), 6),
        (12, EZPOINTS_SYMBOLS, (6, 6), 9),
        (8, POINTS24_SYMBOLS, (2, 4), 8),
        (1, POINTS24_SYMBOLS, (3, 3), 8),
        (4, POINTS24_SYMBOLS, (4,), 7),
        (6, POINTS24_SYMBOLS, (1, 2, 3), 7),
        (0, POINTS24_SYMBOLS, (1, 1, 2), 7),
        (10, ("+", "*", "(", ")", "="), (2, 2, 3), 9),
    ],
)
def test_the_floor_of_a_hand_is_the_sum_over_all_presses(target, symbols, hand, turns):
    rules = PointsRules(target, len(hand), symbols)
    expected = solved_share(rules, PointsState(cards_of(hand)), turns)
    assert expected > 0
    assert hand_success(rules, turns, hand) == pytest.approx(expected, rel=1e-12)


def test_a_hand_without_a_solution_is_never_solved():
    assert hand_success(EZPOINTS, 6, (5, 6)) == 0


@pytest.mark.parametrize(("face_cards", "floor"), [("ten", 8.43981e-4), ("rank", 3.80628e-4)])
def test_the_floor_of_ezpoints(face_cards, floor):
    rules = PointsRules(12, 2, EZPOINTS_SYMBOLS, face_cards)
    assert press_success(rules, 6, solvable_deal_odds(rules)) == pytest.approx(floor, rel=1e-5)


def test_the_floor_of_some_hands_of_points24():
    assert hand_success(POINTS24, 20, (1, 2, 3, 4)) == pytest.approx(8.56255e-5, rel=1e-5)
    assert hand_success(POINTS24, 20, (3, 3, 8, 8)) == pytest.approx(1.70415e-8, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("hand", [(2, 6), (6, 6)])
def test_random_presses_of_ezpoints_succeed_as_often_as_the_floor_says(hand):
    rng = np.random.default_rng(1)
    turns, num_games = 40, 20_000
    wins = sum(plays_to_success(EZPOINTS, hand, turns, rng) for _ in range(num_games))
    expected = hand_success(EZPOINTS, turns, hand)
    assert wins / num_games == pytest.approx(expected, abs=4 * np.sqrt(expected / num_games))


@pytest.mark.slow
def test_random_presses_of_four_cards_succeed_as_often_as_the_floor_says():
    rng = np.random.default_rng(2)
    rules = PointsRules(24, 4, POINTS24_SYMBOLS)
    hand, turns, num_games = (1, 2, 3, 4), 200, 4_000
    wins = sum(plays_to_success(rules, hand, turns, rng) for _ in range(num_games))
    expected = hand_success(rules, turns, hand)
    assert wins / num_games == pytest.approx(expected, abs=4 * np.sqrt(expected / num_games))


def plays_to_success(rules, hand, turns, rng):
    state = PointsState(cards_of(hand))
    names = rules.actions.names
    for _ in range(turns):
        if state.result is not None:
            break
        state = rules.press(state, names[int(rng.integers(len(names)))]).state
    return state.result == "solved"


@pytest.mark.parametrize(
    ("max_position", "turns", "floor"), [(5, 10, 0.597917), (10, 20, 0.495100), (3, 6, 0.664062), (1, 1, 0.5)]
)
def test_the_floor_of_the_number_line(max_position, turns, floor):
    assert number_line_success(max_position, turns) == pytest.approx(floor, abs=1e-6)


def test_the_floor_of_the_number_line_is_the_share_of_all_walks():
    solved = [walks_to_target(start, walk) for start in permutations(range(4), 2) for walk in product("+-", repeat=6)]
    assert number_line_success(3, 6) == pytest.approx(np.mean(solved))


def walks_to_target(start, walk):
    state = number_line.NumberLineState(*start, max_position=3)
    for action in walk:
        state = number_line.move(state, action).state
        if state.is_solved:
            return True
    return False


def test_the_floor_of_the_ezpoints_formula_is_the_share_of_all_samples():
    wins = 0.0
    odds = solvable_deal_odds(EZPOINTS)
    for hand, chance in odds.items():
        for left, right, sign in product(range(1, 11), range(1, 11), "+*"):
            outcome = EZPOINTS.submit(PointsState(cards_of(hand)), f"{left} {sign} {right}")
            wins += float(chance) * (outcome.state.result == "solved")
    assert formula_success(EZPOINTS, odds) == pytest.approx(wins / 200)
    assert formula_success(EZPOINTS, odds) == pytest.approx(0.00973684, rel=1e-6)


def test_the_samples_of_a_formula_hold_no_number_above_ten():
    rules = PointsRules(12, 2, EZPOINTS_SYMBOLS, "rank")
    assert formula_success(rules, solvable_deal_odds(rules)) == pytest.approx(0.00735294, rel=1e-6)


def test_the_samples_of_a_formula_hit_a_hand_as_often_as_counted():
    rules = PointsRules(24, 3, POINTS24_SYMBOLS)
    vocabulary = FormulaVocabulary(3, POINTS24_SYMBOLS)
    rng = np.random.default_rng(0)
    hands = [cards_of(hand) for hand in [(4, 5, 4), (2, 3, 4), (8, 3, 1)]]
    num_samples = 20_000
    wins = 0
    for _ in range(num_samples):
        text = vocabulary.sample(rng)
        wins += sum(rules.submit(PointsState(hand), text).state.result == "solved" for hand in hands)
    expected = sum(formula_success(rules, {hand: 1}) for hand in [(4, 4, 5), (2, 3, 4), (1, 3, 8)])
    assert wins / num_samples == pytest.approx(expected, abs=4 * np.sqrt(expected / num_samples))


def test_a_number_below_one_is_the_callers_mistake():
    with pytest.raises(ConfigError, match="positive numbers"):
        formula_success(PointsRules(1, 2, POINTS24_SYMBOLS), {(0, 1): 1})
