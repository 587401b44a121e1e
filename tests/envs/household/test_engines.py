"""An environment shows the same, whichever engine plays its game."""

import copy
import importlib.util
import os

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym import DataNotFoundError
from vlm_gym.games.household.splits import find_data_dir

pytestmark = pytest.mark.alfworld
TASK = "vlm_gym/ALFWorld-v0"


@pytest.fixture(autouse=True, scope="module")
def _original():
    """TextWorld and the official games: without them the tests are skipped, but not in CI."""
    missing = [name for name in ("textworld", "alfworld") if importlib.util.find_spec(name) is None]
    try:
        find_data_dir()
    except DataNotFoundError as error:
        missing.append(str(error))
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI has TextWorld and the games, but not {missing}")
    if missing:
        pytest.skip(f"needs pip install 'vlm-gym[alfworld]' and ALFWorld's games, but there is no {missing}")


def make(engine):
    return gym.make(TASK, split="valid_seen", engine=engine, order="sequential", disable_env_checker=True)


@pytest.fixture
def envs():
    pair = make("symbolic"), make("textworld")
    yield pair
    for env in pair:
        env.close()


def assert_alike(first, second):
    (*first, first_info), (*second, second_info) = first, second
    assert np.array_equal(first[0], second[0])
    assert first[1:] == second[1:]
    assert np.array_equal(first_info.pop("action_mask"), second_info.pop("action_mask"))
    assert first_info == second_info


@pytest.mark.parametrize("seed", [3, 70])
def test_pictures_prompts_rewards_and_info_are_the_same(envs, seed):
    symbolic, original = envs
    assert_alike(symbolic.reset(seed=seed), original.reset(seed=seed))
    rng = np.random.default_rng(seed)
    is_over = False
    for _ in range(12):
        names = symbolic.unwrapped.actions.names
        best = symbolic.unwrapped.oracle_action()
        action = names.index(best) if rng.random() < 0.7 else int(rng.integers(len(names) + 2))
        turns = symbolic.step(action), original.step(action)
        is_over = turns[0][2] or turns[0][3]
        assert_alike(*turns)
        if is_over:
            break


def test_a_copy_of_the_original_goes_on_alike(envs):
    _, original = envs
    original.reset(seed=3)
    action = original.unwrapped.actions.names.index(original.unwrapped.oracle_action())
    original.step(action)
    copied = copy.deepcopy(original)
    look = original.unwrapped.actions.names.index("look")
    assert_alike(original.step(look), copied.step(look))
    copied.close()


def test_an_agent_that_never_acts_is_cut_off_in_the_original_too():
    env = gym.make(TASK, split="valid_seen", engine="textworld", max_episode_steps=2, disable_env_checker=True)
    env.reset(seed=0)
    assert [env.step(127)[2:4] for _ in range(2)] == [(False, False), (False, True)]
    env.close()
