"""Text play and its fault policies."""

import json

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym.registration import TASKS

NUMBER_LINE = "vlm_gym/NumberLine-v0"
START = {"position": 1, "target": 4}
UNREADABLE = "Hm, the picture is pretty."


def make(task=NUMBER_LINE, **arguments):
    return gym.make(task, disable_env_checker=True, **{"parser": "json", **arguments})


def test_an_answer_plays_its_action():
    env = make()
    env.reset(seed=0, options=START)
    _, reward, terminated, truncated, info = env.step('{"thoughts": "1 < 4", "action": "+"}')
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert info["action"] == "+"
    assert info["observation_text"] == "A number line from 0 to 5. Target: 4. Current: 2."


@pytest.mark.parametrize("task", [task.id for task in TASKS.values() if not task.is_text_only])
def test_text_play_and_discrete_play_are_the_same_game(task):
    words, numbers = make(task), gym.make(task, disable_env_checker=True)
    names = numbers.unwrapped.actions.names
    rng = np.random.default_rng(0)
    for seed in range(5):
        _, info = words.reset(seed=seed)
        assert numbers.reset(seed=seed)[1]["prompt"] == info["prompt"]
        is_over = False
        while not is_over:
            action = int(rng.integers(len(names)))
            picture, *turn, info = numbers.step(action)
            said_picture, *said_turn, said_info = words.step(json.dumps({"action": names[action]}))
            assert turn == said_turn
            assert np.array_equal(picture, said_picture)
            assert info["rewards"] == said_info["rewards"]
            is_over = turn[1] or turn[2]


def test_an_unread_answer_costs_a_turn_and_leaves_the_state():
    env = make()
    before, _ = env.reset(seed=0, options=START)
    after, reward, terminated, truncated, info = env.step(UNREADABLE)
    assert np.array_equal(before, after)
    assert (reward, terminated, truncated) == (-1.0, False, False)
    assert info["rewards"] == {"goal": 0.0, "away": 0.0, "illegal": 0.0, "fault": -1.0}
    assert info["fault"].startswith("no action: ")
    assert info["illegal"] is info["action"] is None


def test_the_charge_has_a_weight():
    env = make(rewards={"fault": -0.25})
    env.reset(seed=0)
    assert env.step(UNREADABLE)[1] == -0.25


def test_the_policy_end_charges_and_ends_the_episode():
    env = make(on_fault="end")
    env.reset(seed=0, options=START)
    _, reward, terminated, _, info = env.step(UNREADABLE)
    assert (reward, terminated) == (-1.0, True)
    assert info["admissible_actions"] == ()
    with pytest.raises(gym.error.ResetNeeded):
        env.step("+")


def test_the_policy_ask_says_what_was_wrong_and_charges_nothing():
    env = make(on_fault="ask")
    _, info = env.reset(seed=0, options=START)
    _, reward, terminated, _, asked = env.step(UNREADABLE)
    assert (reward, terminated) == (0.0, False)
    assert asked["prompt"] == (
        f"Your last answer could not be read ({asked['fault']}). Please answer again.\n\n{info['prompt']}"
    )
    assert env.step("+")[-1]["prompt"] == info["prompt"]


def test_the_policy_random_plays_a_move_of_the_envs_own_generator():
    def actions(seed):
        env = make(on_fault="random", max_position=100)
        env.reset(seed=seed, options={"position": 50, "target": 100})
        infos = [env.step(UNREADABLE)[-1] for _ in range(30)]
        assert all(info["fault"] and info["rewards"]["fault"] == 0.0 for info in infos)
        return [info["action"] for info in infos]

    assert set(actions(0)) == {"-", "+"}
    assert actions(0) == actions(0) != actions(1)


def test_a_sample_of_the_space_is_an_answer_that_is_read():
    for task in TASKS:
        for parser in ("json", "tagged"):
            env = make(task, parser=parser)
            env.action_space.seed(0)
            env.reset(seed=0)
            for _ in range(20):
                answer = env.action_space.sample()
                assert env.action_space.contains(answer)
                *_, terminated, truncated, info = env.step(answer)
                assert info["fault"] is None
                if terminated or truncated:
                    env.reset()


def test_the_prompt_can_hold_the_picture_in_words():
    env = make(include_text=True)
    _, info = env.reset(seed=0, options=START)
    assert info["prompt"].startswith(f"The picture in words: {info['observation_text']}\n\n")
