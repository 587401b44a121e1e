"""The points environments."""

import json

import gymnasium as gym
import pytest

FRACTION_HAND = ["3H", "3C", "8S", "8D"]


def press(env, *tokens):
    """Press tokens and return the last turn."""
    names = env.unwrapped.actions.names
    for token in tokens:
        turn = env.step(names.index(token))
    return turn


def points24(**arguments):
    env = gym.make("vlm_gym/Points24-v0", disable_env_checker=True, **arguments)
    env.reset(seed=0, options={"cards": FRACTION_HAND})
    return env


def test_a_fraction_is_exact():
    _, reward, terminated, _, info = press(points24(), *"8/(3-8/3)=")
    assert (reward, terminated, info["is_success"]) == (10.0, True, True)


def test_a_wrong_formula_ends_the_game():
    _, reward, terminated, _, info = press(points24(), *"8+8+3+3=")
    assert (reward, terminated, info["is_success"]) == (-1.0, True, False)


def test_a_division_by_zero_is_a_wrong_formula():
    _, reward, terminated, _, info = press(points24(), *"8/(3-3)+8=")
    assert (reward, terminated) == (-1.0, True)
    assert info["rewards"]["wrong"] == -1.0


def test_numbers_do_not_concatenate():
    env = gym.make("vlm_gym/Points24-v0", disable_env_checker=True)
    env.reset(seed=0, options={"cards": ["2H", "4C", "AS", "AD"]})
    _, reward, terminated, _, info = press(env, "2", "4")
    assert (reward, terminated) == (-1.0, False)
    assert info["illegal"] == "an operator must stand before 4"
    assert info["observation_text"].endswith("Formula: 2.")


def test_powers_cannot_be_written():
    *_, info = press(points24(), "8", "*", "*")
    assert info["illegal"] == "a number or ( must come before *"


def test_a_formula_finished_on_the_last_turn_is_judged():
    env = points24(max_episode_steps=10)
    _, reward, terminated, truncated, info = press(env, *"8/(3-8/3)=")
    assert (reward, terminated, truncated, info["is_success"]) == (10.0, True, True, True)


def test_the_turn_limit_follows_the_number_of_cards():
    assert gym.make("vlm_gym/Points24-v0", num_cards=5).spec.max_episode_steps == 25
    assert gym.make("vlm_gym/Points24-v0", num_cards=5, max_episode_steps=7).spec.max_episode_steps == 7
    assert gym.make("vlm_gym/Points24Formula-v0", attempts=3).spec.max_episode_steps == 3
    assert gym.make("vlm_gym/NumberLine-v0", max_position=50).spec.max_episode_steps == 100


def test_face_cards_can_count_their_rank():
    env = gym.make("vlm_gym/Points24-v0", face_cards="rank", disable_env_checker=True)
    env.reset(seed=0, options={"cards": ["JH", "QC", "KS", "AD"]})
    assert env.action_space.n == 20
    assert env.unwrapped.rules.numbers(env.unwrapped.state.cards) == (11, 12, 13, 1)


def test_solvable_deals_have_a_solution():
    env = gym.make("vlm_gym/Points24-v0", solvable=True, disable_env_checker=True)
    for seed in range(100):
        env.reset(seed=seed)
        assert env.unwrapped.optimal_value() == 1.0


def test_a_hopeless_prefix_has_no_oracle_action():
    env = points24()
    press(env, *"8*8*3")
    assert env.unwrapped.optimal_value() == 0.0
    assert env.unwrapped.oracle_action() is None


def formula_env(**arguments):
    env = gym.make("vlm_gym/Points24Formula-v0", disable_env_checker=True, **arguments)
    env.reset(seed=0, options={"cards": FRACTION_HAND})
    return env


def answer(env, formula):
    return env.step(json.dumps({"formula": formula}))


@pytest.mark.parametrize("formula", ["8/(3-8/3)", "8 ÷ (3 − 8 ÷ 3)", "8/(3-8/3) = 24", "(8/(3-(8/3)))="])
def test_a_right_formula_wins(formula):
    _, reward, terminated, _, info = answer(formula_env(), formula)
    assert (reward, terminated, info["is_success"]) == (10.0, True, True)


def test_the_last_attempt_ends_the_game():
    env = formula_env(attempts=2)
    _, reward, terminated, truncated, info = answer(env, "8*3+8-3")
    assert (reward, terminated, truncated, info["is_success"]) == (-1.0, False, False, False)
    assert info["observation_text"].endswith("Formula: 8 * 3 + 8 - 3 = 29.")
    assert answer(env, "8*3+8/3")[2:4] == (True, True)


@pytest.mark.parametrize(
    ("formula", "rule"),
    [
        ("24*1", "24 is not among the numbers left: 3, 3, 8, 8"),
        ("8*3", "every number must be used before =, and these are left: 3, 8"),
        ("(8+8+3*3", "every ( must be closed before ="),
        ("8 8 3 3", "an operator must stand before 8"),
        ("8+8+3+3+3", "no number is left to follow +"),
        ("8**3+8+3", "a number or ( must come before *"),
        ("8//3+8+3", "a number or ( must come before /"),
        ("-8+8+3+3", "a number or ( must come before -"),
        ("()8+8+3+3", "a number or ( must come before )"),
    ],
)
def test_a_formula_that_breaks_a_rule_is_illegal(formula, rule):
    _, reward, terminated, truncated, info = answer(formula_env(), formula)
    assert info["illegal"] == rule
    assert (reward, terminated, truncated) == (-1.0, False, True)
    assert "(empty)" in info["observation_text"]


def test_the_easy_game_has_no_minus():
    env = gym.make("vlm_gym/EZPointsFormula-v0", disable_env_checker=True)
    env.reset(seed=0, options={"cards": ["2H", "KS"]})
    *_, info = answer(env, "10-2")
    assert info["illegal"] == "- is not a sign of this game, which has + * ="
