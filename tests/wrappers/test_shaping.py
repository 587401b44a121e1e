"""Potential-based shaping telescopes and keeps the optimal policy."""

import json
import math

import gymnasium as gym
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_gym import ConfigError
from vlm_gym.wrappers import PotentialShaping

TASKS = ["vlm_gym/NumberLine-v0", "vlm_gym/EZPoints-v0", "vlm_gym/Blackjack-v0"]


@pytest.mark.parametrize("task", TASKS)
@given(data=st.data(), seed=st.integers(0, 10_000), gamma=st.floats(0, 1), weight=st.floats(-3, 3))
@settings(max_examples=40, deadline=None)
def test_shaping_telescopes_along_any_path(task, data, seed, gamma, weight):
    env = PotentialShaping(gym.make(task, disable_env_checker=True), gamma=gamma, weight=weight)
    _, info = env.reset(seed=seed)
    assert info["rewards"]["shaping"] == 0.0
    start = env.unwrapped.optimal_value()
    total, discount, is_over = 0.0, 1.0, False
    while not is_over and data.draw(st.integers(0, 9)):
        _, reward, terminated, truncated, info = env.step(data.draw(st.integers(0, int(env.action_space.n) - 1)))
        assert reward == pytest.approx(sum(info["rewards"].values()))
        total += discount * info["rewards"]["shaping"]
        discount *= gamma
        is_over = terminated or truncated
    end = 0.0 if is_over and terminated else env.unwrapped.optimal_value()
    assert math.isclose(total, weight * (discount * end - start), abs_tol=1e-9)


def action_values(env, state, gamma, depth):
    """Return the best discounted return of each action from `state`, by trying every path of `depth` moves."""
    task = env.unwrapped
    values = {}
    for action in range(int(env.action_space.n)):
        task._state, task._has_ended = state, False
        env._potential = task.optimal_value()
        _, reward, terminated, _, _ = env.step(action)
        after = task.state
        rest = 0.0
        if not terminated and depth > 1:
            rest = max(action_values(env, after, gamma, depth - 1).values())
        elif not terminated and env.weight:
            rest = -env.weight * task.optimal_value()  # what the infinite sum would still pay back
        values[action] = reward + gamma * rest
    return values


@pytest.mark.parametrize("gamma", [0.5, 0.9, 1.0])
@pytest.mark.parametrize("weight", [0.0, 1.0, 25.0])
@pytest.mark.parametrize(
    ("task", "options", "depth"),
    [
        ("vlm_gym/NumberLine-v0", {"position": 1, "target": 3}, 5),
        ("vlm_gym/NumberLine-v0", {"position": 5, "target": 4}, 5),
        ("vlm_gym/EZPoints-v0", {"cards": ["3H", "4S"]}, 3),
        ("vlm_gym/EZPoints-v0", {"cards": ["2H", "QS"]}, 3),
    ],
)
def test_shaping_changes_every_action_value_by_the_same_amount(task, options, depth, weight, gamma):
    plain = PotentialShaping(gym.make(task, disable_env_checker=True, max_episode_steps=-1), gamma=gamma, weight=0.0)
    shaped = PotentialShaping(
        gym.make(task, disable_env_checker=True, max_episode_steps=-1), gamma=gamma, weight=weight
    )
    plain.reset(seed=0, options=options)
    shaped.reset(seed=0, options=options)
    start = plain.unwrapped.state
    potential = plain.unwrapped.optimal_value()
    plain_values = action_values(plain, start, gamma, depth)
    shaped_values = action_values(shaped, start, gamma, depth)
    for action, value in plain_values.items():
        assert shaped_values[action] == pytest.approx(value - weight * potential)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": 1.5}, r"gamma must be from 0 to 1, got 1\.5"),
        ({"gamma": "x"}, r"gamma must be from 0 to 1, got 'x'"),
        ({"gamma": None}, r"gamma must be from 0 to 1, got None"),
        ({"gamma": 0.9, "weight": math.inf}, r"weight must be a finite number, got inf"),
        ({"gamma": 0.9, "weight": "x"}, r"weight must be a finite number, got 'x'"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        PotentialShaping(gym.make(TASKS[0]), **arguments)


def test_another_suites_env_is_refused():
    with pytest.raises(ConfigError, match="needs a task of vlm_gym"):
        PotentialShaping(gym.make("CartPole-v1"), gamma=0.9)


def test_shaping_works_around_text_play_and_in_the_spec():
    env = PotentialShaping(gym.make(TASKS[0], parser="json"), gamma=0.9)
    rebuilt = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    for each in (env, rebuilt):
        each.reset(seed=0, options={"position": 1, "target": 3})
        *_, info = each.step(json.dumps({"action": "+"}))
        assert info["rewards"]["shaping"] == pytest.approx(0.9 - 1.0)


def test_two_shapings_add_up():
    env = PotentialShaping(PotentialShaping(gym.make(TASKS[2]), gamma=0.9), gamma=0.5)
    env.reset(seed=0)
    _, reward, *_, info = env.step(1)
    assert reward == pytest.approx(sum(info["rewards"].values()))
