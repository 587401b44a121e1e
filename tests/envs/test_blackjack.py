"""The Blackjack environment. Its rules run in lock step with Gymnasium's in tests/games."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym.games.cards import DECK
from vlm_gym.registration import TASKS

STAND, HIT = 0, 1


def table(player, dealer=("9C", "8D"), **arguments):
    env = gym.make("vlm_gym/Blackjack-v0", disable_env_checker=True, **arguments)
    start = env.reset(seed=0, options={"player": list(player), "dealer": list(dealer)})
    return env, start


def shown(env):
    """Return everything that a player gets to see of a table."""
    task = env.unwrapped
    info = task._info(task_outcome(task), task._status(task.state))
    return env.unwrapped._draw(task.state).tobytes(), repr({**info, "action_mask": None})


def task_outcome(task):
    from vlm_gym.games.outcome import Outcome

    return Outcome(task.state, {})


@pytest.mark.parametrize("task", [name for name in TASKS if "Blackjack" in name])
def test_the_hidden_card_is_in_no_picture_prompt_or_info(task):
    for prompt in ("cot", "action_only", "paper"):
        env = gym.make(task, prompt=prompt, include_text=True, disable_env_checker=True)
        env.reset(seed=1)
        start = env.unwrapped.state
        views = set()
        for card in DECK:
            env.unwrapped._state = replace(start, dealer=(start.dealer[0], card))
            views.add((*shown(env), env.unwrapped.oracle_action(), env.unwrapped.optimal_value()))
        assert len(views) == 1


def test_the_hidden_card_is_turned_over_at_the_end():
    env, (before, _) = table(["10H", "9S"], ["9C", "8D"])
    after, reward, terminated, _, info = env.step(STAND)
    assert (reward, terminated, info["is_success"]) == (1.0, True, True)
    assert info["observation_text"] == "Dealer: 9 of clubs, 8 of diamonds. You: 10 of hearts, 9 of spades."
    assert not np.array_equal(before, after)


def test_a_draw_is_no_success_and_costs_nothing():
    env, _ = table(["10H", "7S"])
    _, reward, _, _, info = env.step(STAND)
    assert (reward, info["is_success"]) == (0.0, False)


@pytest.mark.parametrize(
    ("arguments", "dealer", "reward"),
    [
        ({}, ("9C", "8D"), 1.0),
        ({"natural": True}, ("9C", "8D"), 1.5),
        ({"natural": True, "sab": True}, ("9C", "8D"), 1.0),
        ({"natural": True}, ("AC", "KD"), 0.0),
        ({"sab": True}, ("AC", "KD"), 0.0),
    ],
)
def test_a_natural_pays_as_the_rules_say(arguments, dealer, reward):
    env, _ = table(["AH", "KS"], dealer, **arguments)
    _, got, _, _, info = env.step(STAND)
    assert got == reward == sum(info["rewards"].values())


def test_the_oracle_knows_the_rules_of_the_table():
    start = {"player": ["AH", "KS"], "dealer": ["10C", "8D"]}
    values = {}
    for sab in (False, True):
        env = gym.make("vlm_gym/Blackjack-v0", sab=sab, disable_env_checker=True)
        env.reset(seed=0, options=start)
        values[sab] = env.unwrapped.optimal_value()
    assert values[False] == pytest.approx(0.889, abs=0.001)
    assert values[True] == pytest.approx(12 / 13, abs=0.001)


def test_a_given_hand_draws_nothing():
    env = gym.make("vlm_gym/Blackjack-v0", disable_env_checker=True)
    env.reset(seed=0, options={"player": ["10H", "9S"], "dealer": ["9C", "8D"]})
    assert env.np_random.random() == np.random.default_rng(0).random()


def test_over_21_loses_at_once():
    env, _ = table(["10H", "9S"])
    rewards = []
    terminated = False
    while not terminated:
        _, reward, terminated, _, info = env.step(HIT)
        rewards.append(reward)
    assert rewards == [0.0] * (len(rewards) - 1) + [-1.0]
    assert info["rewards"]["lose"] == -1.0
