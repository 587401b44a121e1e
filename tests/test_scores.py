"""The floors and ceilings of the table are what the oracles compute."""

from functools import cache

import gymnasium as gym
import pytest

from vlm_gym.oracles.blackjack import BlackjackOracle
from vlm_gym.oracles.deals import best_success, deal_odds, solvable_deal_odds
from vlm_gym.oracles.random_play import blackjack_odds, formula_success, number_line_success
from vlm_gym.oracles.random_presses import hand_success, press_success
from vlm_gym.registration import TASKS

OTHER_RULES = ("calculating", "planning", "course", "remembering")
"""Axes whose levels have other floors and ceilings: tests/oracles has theirs."""
SAME_RULES = [name for name, task in TASKS.items() if task.axis not in OTHER_RULES]
POINTS_IDS = [name for name in SAME_RULES if "Points" in name and "BlackSuits" not in name]
POINTS24_PRESSES = [name for name in POINTS_IDS if "Points24" in name and not TASKS[name].is_text_only]


def env_of(name):
    return gym.make(name, disable_env_checker=True).unwrapped


@cache
def formula_floor(rules, is_solvable):
    """Ids that differ in their pictures alone have the same: it takes seconds."""
    return formula_success(rules, solvable_deal_odds(rules) if is_solvable else deal_odds(rules))


def odds_of(task):
    return solvable_deal_odds(task.rules) if task.solvable else deal_odds(task.rules)


@pytest.mark.parametrize("name", TASKS)
def test_scores_are_probabilities_in_order(name):
    entry = TASKS[name]
    if entry.random_success is not None:
        assert 0.0 <= entry.random_success < entry.best_success <= 1.0
        assert entry.random_success > 0.0 or entry.is_random_measured  # in none of so many episodes


@pytest.mark.parametrize("name", [name for name in TASKS if "BlackSuits" in name])
def test_a_task_in_other_colours_has_the_same_scores(name):
    entry, base = TASKS[name], TASKS[name.replace("-BlackSuits", "")]
    assert {**entry.arguments, "theme": None} == {**base.arguments, "theme": None}
    assert (entry.random_success, entry.best_success) == (base.random_success, base.best_success)


@pytest.mark.parametrize("name", [name for name in SAME_RULES if "NumberLine" in name])
def test_the_scores_of_the_number_line(name):
    entry = TASKS[name]
    assert entry.random_success == pytest.approx(
        number_line_success(env_of(name).max_position, entry.turns()), abs=1e-6
    )
    assert entry.best_success == 1.0


@pytest.mark.parametrize("name", [name for name in SAME_RULES if "Blackjack" in name])
def test_the_scores_of_blackjack(name):
    rules = env_of(name).rules
    assert TASKS[name].random_success == pytest.approx(blackjack_odds(rules).win, abs=1e-6)
    assert TASKS[name].best_success == pytest.approx(BlackjackOracle(rules).odds().win, abs=1e-6)


@pytest.mark.parametrize("name", POINTS_IDS)
def test_the_ceilings_of_the_points_games(name):
    task = env_of(name)
    expected = 1.0 if task.solvable else float(best_success(task.rules))
    assert TASKS[name].best_success == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if "Points24" in name else name
        for name in POINTS_IDS
        if name not in POINTS24_PRESSES
    ],
)
def test_the_floors_of_the_points_games(name):
    entry, task = TASKS[name], env_of(name)
    if entry.is_text_only:
        expected = formula_floor(task.rules, task.solvable)
    else:
        expected = press_success(task.rules, entry.turns(), odds_of(task))
    assert entry.random_success == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        [name for name in POINTS24_PRESSES if "FaceRank" not in name],
        pytest.param([name for name in POINTS24_PRESSES if "FaceRank" in name], marks=pytest.mark.exhaustive),
    ],
)
def test_the_floors_of_pressing_points24(names):
    """Hands without a solution are left out. Dealing others does not change how often a hand is solved."""
    task, turns = env_of(names[0]), TASKS[names[0]].turns()
    solved = {hand: hand_success(task.rules, turns, hand) for hand in solvable_deal_odds(task.rules)}
    for name in names:
        assert (env_of(name).rules, TASKS[name].turns()) == (task.rules, turns)
        expected = sum(float(chance) * solved.get(hand, 0.0) for hand, chance in odds_of(env_of(name)).items())
        assert TASKS[name].random_success == pytest.approx(expected, rel=1e-5)
