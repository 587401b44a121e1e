"""The NumberLine environment."""

from collections import Counter

import gymnasium as gym
import pytest

MINUS, PLUS = 0, 1


def line(position, target, **arguments):
    env = gym.make("vlm_gym/NumberLine-v0", disable_env_checker=True, **arguments)
    env.reset(seed=0, options={"position": position, "target": target})
    return env


@pytest.mark.parametrize(
    ("position", "target", "action", "reward", "terminated", "term"),
    [
        (1, 3, PLUS, 0.0, False, None),
        (2, 3, PLUS, 1.0, True, "goal"),
        (2, 3, MINUS, -1.0, False, "away"),
        (0, 3, MINUS, -1.0, False, "illegal"),
        (5, 3, PLUS, -1.0, False, "illegal"),
    ],
)
def test_a_step_pays_its_term(position, target, action, reward, terminated, term):
    *_, info = turn = line(position, target).step(action)
    assert turn[1:3] == (reward, terminated)
    assert [name for name, value in info["rewards"].items() if value] == ([term] if term else [])


def test_a_step_over_the_end_is_illegal_and_says_so():
    env = line(5, 3)
    *_, info = env.step(PLUS)
    assert info["illegal"] == "the line ends at 5: + is not possible there"
    assert info["admissible_actions"] == ("-",)


def test_every_start_has_the_same_probability():
    env = gym.make("vlm_gym/NumberLine-v0", disable_env_checker=True)
    env.reset(seed=0)
    starts = Counter()
    num_resets = 30_000
    for _ in range(num_resets):
        env.reset()
        starts[env.unwrapped.state.position, env.unwrapped.state.target] += 1
    assert len(starts) == 30
    expected = num_resets / 30
    assert sum((count - expected) ** 2 / expected for count in starts.values()) < 58.3  # chi-squared, 29 df, p = 0.001


def test_weights_are_arguments():
    env = line(2, 3, rewards={"goal": 5, "away": -0.5})
    assert env.step(MINUS)[1] == -0.5
    env.step(PLUS)
    assert env.step(PLUS)[1] == 5.0
