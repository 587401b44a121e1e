"""NumberLine with other moves, and on days that are different: what the environment shows, pays and refuses."""

import json
import re
from operator import attrgetter

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym import ConfigError
from vlm_gym.ladders import ladders

PLANNED = next(ladder.tasks[1:] for ladder in ladders("planning") if "NumberLine" in ladder.base.id)
COURSE = next(ladder.tasks[1:] for ladder in ladders("course") if "NumberLine" in ladder.base.id)


def line(**arguments):
    return gym.make("vlm_gym/NumberLine-v0", disable_env_checker=True, **arguments)


@pytest.mark.parametrize("task", PLANNED, ids=attrgetter("id"))
def test_moves_are_counted_in_picture_words_and_readings(task):
    env = gym.make(task.id, disable_env_checker=True)
    for seed in range(10):
        before, info = env.reset(seed=seed)
        left = env.unwrapped.state.moves_left
        assert f"Moves left: {left}." in info["observation_text"]
        assert {field.name: field.truth for field in env.unwrapped.readings()}["moves left"] == str(left)
        after, *_, info = env.unwrapped.play(env.unwrapped.oracle_action())
        assert f"Moves left: {left - 1}." in info["observation_text"]
        size, half = len(before), len(before) // 2
        corner = slice(size - size // 5, size), slice(size - size // 4, size)
        assert not np.array_equal(before[corner], after[corner]), "the sign of the moves left"
        assert np.array_equal(before[: half // 3], after[: half // 3]), "the target's sign"


def test_the_game_is_lost_with_the_last_move():
    env = line(max_position=20, moves="+1 -1 *2 -3", spare_moves=1)
    env.reset(seed=0, options={"position": 4, "target": 16})
    assert env.unwrapped.state.moves_left == 3
    assert env.unwrapped.optimal_value() == 1.0
    assert env.unwrapped.play("+1")[2:4] == (False, False)
    assert (env.unwrapped.optimal_value(), env.unwrapped.oracle_action()) == (0.0, None)
    *_, info = env.unwrapped.play("*2")
    assert info["admissible_actions"] == ("+1", "-1", "*2", "-3")
    _, reward, terminated, truncated, info = env.unwrapped.play("-1")
    assert (reward, terminated, truncated, info["is_success"]) == (0.0, True, False, False)
    assert info["admissible_actions"] == ()


def test_an_impossible_move_costs_its_term_and_no_move():
    env = line(max_position=20, moves="+1 -3 /2", spare_moves=3)
    env.reset(seed=0, options={"position": 1, "target": 9})
    left = env.unwrapped.state.moves_left
    _, reward, *_, info = env.unwrapped.play("-3")
    assert (reward, info["illegal"]) == (-1.0, "the line goes from 0 to 20: -3 is not possible at 1")
    assert env.unwrapped.state.moves_left == left
    assert env.unwrapped.play("/2")[-1]["illegal"] == "1 is not a multiple of 2: /2 is not possible there"


@pytest.mark.parametrize("answer", ["*2", "times 2", "x2", "×2", "multiply by 2"])
def test_moves_are_read_as_people_and_models_write_them(answer):
    env = gym.make(PLANNED[0].id, disable_env_checker=True, parser="json")
    env.reset(seed=0, options={"position": 4, "target": 18})
    *_, info = env.step(json.dumps({"current number": "4", "target number": "18", "action": answer}))
    assert (info["fault"], info["action"]) == (None, "*2")


def test_a_negative_number_is_the_move_that_subtracts():
    env = gym.make(PLANNED[0].id, disable_env_checker=True, parser="json")
    env.reset(seed=0, options={"position": 9, "target": 18})
    assert env.step('{"action": -3}')[-1]["action"] == "-3"


@pytest.mark.parametrize("task", PLANNED, ids=attrgetter("id"))
def test_who_thinks_plans_the_whole_way(task):
    env = gym.make(task.id, disable_env_checker=True).unwrapped
    for seed in range(10):
        env.reset(seed=seed)
        rng, action, state = np.random.default_rng(seed), env.oracle_action(), env.state
        told = env.thinker().think(action, rng)
        assert f"= {state.target}" in told
        assert told.count(" = ") == state.moves_left - env.spare_moves
        other = next(name for name in env.actions.names if name != action)
        assert " = " not in env.thinker().think(other, rng), "no reason for a move that does not begin the way"


@pytest.mark.parametrize("task", COURSE, ids=attrgetter("id"))
def test_a_day_is_in_the_prompt_and_its_numbers_in_the_picture(task):
    env = gym.make(task.id, disable_env_checker=True)
    prompts = set()
    for seed in range(40):
        _, info = env.reset(seed=seed)
        state, prompt = env.unwrapped.state, info["prompt"]
        prompts.add(prompt)
        assert ('"+" subtracts 1 from your number, and "-" adds 1' in prompt) is (state.day.changed == "signs")
        assert ("stands at your current number and moves with it" in prompt) is (state.day.changed == "marks")
        read = {field.name: field.truth for field in env.unwrapped.readings()}
        assert read == {"current number": str(state.position), "target number": str(state.target)}
        if state.day.color:
            assert f"only the {state.day.color} one counts today" in prompt
            assert f"{state.day.color.capitalize()}: {state.flag}." in info["observation_text"]
        elif state.day.other is not None:
            assert f"Old: {state.day.other}." in info["observation_text"]
    assert len(prompts) == (4 if task.level == 3 else 2)


def test_the_same_seed_is_the_same_start_at_every_level_of_the_course():
    envs = [line(), *(gym.make(task.id, disable_env_checker=True) for task in COURSE)]
    for seed in range(20):
        for env in envs:
            env.reset(seed=seed)
        starts = {(env.unwrapped.state.position, env.unwrapped.state.target) for env in envs}
        assert len(starts) == 1


@pytest.mark.parametrize("task", COURSE, ids=attrgetter("id"))
def test_pictures_of_days_differ_by_what_they_show(task):
    env = gym.make(task.id, disable_env_checker=True)
    shown = {}
    for seed in range(60):
        picture, info = env.reset(seed=seed)
        shown.setdefault(info["observation_text"], set()).add(picture.tobytes())
    assert all(len(pictures) == 1 for pictures in shown.values())
    assert len(set.union(*shown.values())) == len(shown)


@pytest.mark.parametrize("task", COURSE, ids=attrgetter("id"))
def test_who_thinks_on_a_day_says_what_is_otherwise(task):
    env = gym.make(task.id, disable_env_checker=True).unwrapped
    for seed in range(20):
        env.reset(seed=seed)
        rng, action = np.random.default_rng(seed), env.oracle_action()
        told = env.thinker().think(action, rng)
        assert str(env.state.position) in told
        assert str(env.state.target) in told
        if env.state.day.color:
            assert f"{env.state.day.color} flag" in told
        wrong = env.thinker().think({"-": "+", "+": "-"}[action], np.random.default_rng(seed))
        assert wrong != told
        assert not re.search(r"\b(adds|subtracts|up|down)\b", wrong), "no reason for a step that comes no closer"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"moves": "+1"}, r"two or more different ones of '\+1 .*; got '\+1'"),
        ({"moves": "+1 +1"}, "two or more different ones"),
        ({"moves": "+1 *7"}, r"got '\+1 \*7'"),
        ({"moves": ["+1", "-1"]}, r"got \['\+1', '-1'\]"),
        ({"moves": ""}, "moves must be None, or a text"),
        ({"moves": "*2 *3"}, r"at 3 on a line to 5 none of them is possible; add one that is"),
        ({"moves": "+1 -1", "least_moves": 6}, "least_moves=6 is more than any way has with moves=.* longer line"),
        ({"moves": "+1 -1", "least_moves": 0}, "least_moves must be an int from 1"),
        ({"moves": "+1 -1", "spare_moves": -1}, "spare_moves must be an int from 0"),
        ({"spare_moves": 1}, "spare_moves=1 and least_moves=1 count moves, so they need moves such as"),
        ({"least_moves": 2}, "so they need moves such as"),
        ({"course": 4}, "course must be an int from 0 to 3, got 4"),
        ({"course": True}, "course must be an int"),
        ({"course": 1, "moves": "+1 -1"}, r"course=1 does not go with moves='\+1 -1'"),
    ],
    ids=str,
)
def test_wrong_arguments_are_told(arguments, words):
    with pytest.raises(ConfigError, match=words):
        line(**arguments)


@pytest.mark.parametrize(
    ("moves", "options"),
    [
        ("+1 -1", {"position": 3, "target": 3}),
        ("+1 -1", {"position": 21}),
        ("+1 -1", {"position": 20, "target": 1.5}),
        ("+2 -2", {"position": 5, "target": 4}),
    ],
)
def test_a_start_that_cannot_be_is_told(moves, options):
    env = line(max_position=20, moves=moves)
    with pytest.raises(ConfigError, match="options"):
        env.reset(seed=0, options=options)


def test_an_option_sets_one_number_and_the_other_is_drawn_with_a_way():
    env = line(max_position=20, moves="+1 *2 -3", least_moves=3)
    seen = set()
    for seed in range(60):
        env.reset(seed=seed, options={"target": 20})
        seen.add(env.unwrapped.state.position)
        assert env.unwrapped.state.target == 20
    assert len(seen) > 12
