"""Household-v0, and what both household environments share."""

import json

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym import ConfigError

HOUSEHOLD = "vlm_gym/Household-v0"


def make(**arguments):
    return gym.make(HOUSEHOLD, disable_env_checker=True, **arguments)


def say(env, command):
    return env.step(json.dumps({"action": command}))


def won_episode(env, seed, **options):
    """Play the oracle's plan and yield every turn."""
    env.reset(seed=seed, options=options or None)
    while (command := env.unwrapped.oracle_action()) is not None:
        turn = say(env, command)
        yield turn
        if turn[2] or turn[3]:
            return


@pytest.mark.parametrize("task_type", ["put", "look", "clean", "heat", "cool", "two"])
def test_every_task_can_be_done(task_type):
    env = make(parser="json")
    for seed in range(5):
        turns = list(won_episode(env, seed, task_type=task_type))
        *_, terminated, truncated, info = turns[-1]
        assert (terminated, truncated, info["is_success"], info["progress"]) == (True, False, True, 1.0)
        assert info["task_type"] == task_type
        assert info["rewards"]["success"] == 50.0


@pytest.mark.parametrize("scene", ["kitchen", "livingroom", "bedroom", "bathroom"])
def test_a_scene_can_be_chosen(scene):
    env = make(scenes=[scene])
    for seed in range(3):
        assert env.reset(seed=seed)[1]["goal"]


def test_progress_is_paid_for_its_change():
    env = make(parser="json")
    for seed in range(20):
        _, info = env.reset(seed=seed)
        progress, total = info["progress"], 0.0
        start = progress
        for _, _, _, _, info in won_episode(env, seed):
            assert info["rewards"]["progress"] == pytest.approx(info["progress"] - progress)
            progress = info["progress"]
            total += info["rewards"]["progress"]
        assert total == pytest.approx(1.0 - start)


def test_progress_can_be_paid_by_its_level():
    env = make(parser="json", progress_reward="level")
    for _, _, _, _, info in won_episode(env, 3):
        assert info["rewards"]["progress"] == info["progress"]


def test_an_illegal_command_pays_the_level_where_the_level_is_paid():
    env = make(parser="json", progress_reward="level")
    env.reset(seed=0, options={"task_type": "two"})
    while env.unwrapped.game.progress < 0.5:
        say(env, env.unwrapped.oracle_action())
    *_, info = say(env, "open fridge 99")
    assert info["illegal"]
    assert info["rewards"]["progress"] == 0.5


def test_an_inadmissible_command_changes_nothing_and_is_illegal():
    env = make(parser="json")
    _, info = env.reset(seed=0)
    before = env.unwrapped.state
    room = info["observation_text"]
    _, reward, terminated, _, info = say(env, "open fridge 99")
    assert (reward, terminated) == (-1.0, False)
    assert info["feedback"] == "Nothing happens."
    assert info["illegal"]
    assert info["prompt"].startswith(f"Your last answer broke a rule: {info['illegal']}.")
    assert env.unwrapped.state == before
    assert info["observation_text"] == room


def test_a_number_beyond_the_admissible_commands_is_illegal():
    env = make()
    _, info = env.reset(seed=0)
    num_commands = len(info["admissible_actions"])
    *_, info = env.step(num_commands)
    assert f"command {num_commands} of {num_commands}" in info["illegal"]


def test_an_unreadable_command_is_a_fault_with_the_nearest_commands():
    env = make(parser="json")
    _, info = env.reset(seed=0)
    command = info["admissible_actions"][0]
    *_, info = say(env, f"{command} quickly")
    assert info["fault"].startswith("unknown action: ")
    assert command in info["fault"].partition("; nearest: ")[2].split(", ")


def test_a_command_about_a_hidden_thing_tells_nothing_about_it():
    """What is behind a door and what is not there at all get the same answer."""
    env = make(parser="json")
    for seed in range(10):
        env.reset(seed=seed)
        world = env.unwrapped.game.world
        hidden = next(thing.name for thing in world.objects)
        *_, there = say(env, f"examine {hidden}")
        nowhere_name = f"{hidden.split()[0]} 99"
        *_, nowhere = say(env, f"examine {nowhere_name}")
        assert there["illegal"].replace(hidden, "X") == nowhere["illegal"].replace(nowhere_name, "X")


def test_the_prompt_can_leave_out_the_commands_and_hold_the_texts():
    _, plain = make().reset(seed=0)
    _, bare = make(include_admissible=False).reset(seed=0)
    _, told = make(include_text=True).reset(seed=0)
    assert "Commands that are possible now" in plain["prompt"]
    assert "Commands that are possible now" not in bare["prompt"]
    assert plain["goal"] in bare["prompt"]
    assert plain["feedback"].strip() in told["prompt"]
    assert told["observation_text"] in told["prompt"]
    assert len(told["prompt"]) < 8_000


def test_labels_can_be_left_out():
    with_labels, without = make(parser="json"), make(parser="json", labels=False)
    assert any(
        not np.array_equal(first[0], second[0])
        for first, second in zip(won_episode(with_labels, 1), won_episode(without, 1), strict=True)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "test"}, r"split must be one of 'train', 'unseen'; got 'test'"),
        ({"task_types": "put"}, r"task_types must be a sequence of put, look, .*; got 'put'"),
        ({"task_types": ["pot"]}, r"task_types must be one of .*got 'pot'\. Did you mean 'put'"),
        ({"scenes": []}, r"scenes must be a sequence of"),
        ({"task_types": ["heat"], "scenes": ["bedroom"]}, r"no bedroom has a task of heat"),
        ({"traps": 1}, r"traps must be True or False, got 1"),
        ({"labels": "no"}, r"labels must be True or False, got 'no'"),
        ({"progress_reward": "both"}, r"progress_reward must be one of 'change', 'level'; got 'both'"),
        ({"theme": "clasic"}, r"theme .*'clasic'"),
    ],
)
def test_a_wrong_argument_is_named(arguments, message):
    with pytest.raises(ConfigError, match=message):
        make(**arguments)


def test_a_wrong_option_is_named():
    with pytest.raises(ConfigError, match=r"options\['scene'\] must be one of .*got 'cellar'"):
        make().reset(options={"scene": "cellar"})
