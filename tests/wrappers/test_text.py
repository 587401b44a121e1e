"""Text play and its fault policies."""

import copy
import json
import pickle

import gymnasium as gym
import numpy as np
import pytest
from at_hand import ONE_OF_EACH_KIND

from vlm_gym.parsers import AnswerText
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


@pytest.mark.parametrize("task", [name for name in ONE_OF_EACH_KIND if not TASKS[name].is_text_only])
def test_text_play_and_discrete_play_are_the_same_game(task):
    words, numbers = make(task), gym.make(task, disable_env_checker=True)
    rng = np.random.default_rng(0)
    for seed in range(5):
        _, info = words.reset(seed=seed)
        assert numbers.reset(seed=seed)[1]["prompt"] == info["prompt"]
        is_over = False
        while not is_over:
            names = numbers.unwrapped.actions.names
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
    for task in ONE_OF_EACH_KIND:
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


def test_what_was_read_in_an_answer_is_in_info():
    env = make()
    assert env.reset(seed=0, options=START)[1]["answer"] is None
    text = 'Well: {"current number": 1, "thoughts": "1 < 4", "action": "+"}'
    *_, info = env.step(text)
    assert info["answer"] == {
        "span": (text.rindex("+"), text.rindex("+") + 1),
        "thoughts": "1 < 4",
        "fields": {"current number": "1"},
    }


def test_what_an_unreadable_answer_names_is_in_info():
    env = make()
    env.reset(seed=0, options=START)
    *_, info = env.step('{"current number": 2, "target number": 5, "thoughts": "to the right"}')
    assert info["fault"].startswith("no action")
    assert info["answer"] == {
        "span": None,
        "thoughts": "to the right",
        "fields": {"current number": "2", "target number": "5"},
    }


@pytest.mark.parametrize("on_fault", ["charge", "random", "end", "ask"])
def test_an_answer_that_is_known_to_be_cut_off_is_read_as_one(on_fault):
    env = make(on_fault=on_fault)
    env.reset(seed=0, options=START)
    *_, info = env.step(AnswerText("Action: +", is_cut_off=True))
    assert info["fault"].startswith("cut off")
    assert make_and_step("Action: +")["fault"] is None
    assert make_and_step(AnswerText("Action: +", is_cut_off=False))["fault"] is None


def make_and_step(answer):
    env = make()
    env.reset(seed=0, options=START)
    return env.step(answer)[-1]


def test_what_was_read_is_no_dict_but_can_be_copied_and_sent():
    """A vector environment would take a dict to pieces, and a field called `_x` for the mask of `x`."""
    env = make()
    env.reset(seed=0, options=START)
    read = env.step('{"x": 1, "_x": 2, "action": "+"}')[-1]["answer"]
    assert not isinstance(read, dict)
    assert dict(read)["fields"] == {"x": "1", "_x": "2"}
    assert [copy.deepcopy(read), pickle.loads(pickle.dumps(read))] == [read, read]


@pytest.mark.parametrize("parser", ["json", "tagged", "paper"])
def test_the_oracles_action_can_be_written_as_an_answer(parser):
    env = make(parser=parser)
    env.reset(seed=0, options=START)
    answer = env.get_wrapper_attr("answer")(env.unwrapped.oracle_action(), thoughts="4 is larger than 1")
    assert env.step(answer)[-1]["action"] == "+"


@pytest.mark.parametrize("action", [np.array(1), np.int64(1), np.uint8(1), 1])
def test_an_action_may_be_a_number_of_any_kind(action):
    """stable-baselines3 predicts arrays without dimensions."""
    env = make(parser=None)
    env.reset(seed=0, options=START)
    assert env.step(action)[-1]["action"] == "+"


def test_a_formula_that_breaks_a_rule_is_told_in_the_next_prompt():
    env = make("vlm_gym/Points24Formula-v0", attempts=3)
    _, info = env.reset(seed=0, options={"cards": ["3H", "3C", "8S", "8D"]})
    *_, told = env.step('{"formula": "1+1"}')
    assert told["prompt"] == f"Your last answer broke a rule: {told['illegal']}.\n\n{info['prompt']}"
    *_, told = env.step("hm")
    assert told["prompt"].startswith("Your last answer could not be read (no action: 'hm').")
