"""Blackjack on days that are different: what the prompt says, what the picture shows, and who thinks aloud."""

from operator import attrgetter

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym import ConfigError
from vlm_gym.ladders import ladders

LEVELS = next(ladder.tasks[1:] for ladder in ladders("course") if "Blackjack" in ladder.base.id)


@pytest.mark.parametrize("task", LEVELS, ids=attrgetter("id"))
def test_prompt_words_and_thoughts_say_what_is_otherwise_today(task):
    env = gym.make(task.id, disable_env_checker=True)
    for seed in range(30):
        _, info = env.reset(seed=seed)
        state, day = env.unwrapped.state, env.unwrapped.state.day
        rank, number = "ace" if day.today[0] == "A" else day.today[0], day.today[1]
        assert f"every {rank} counts {number}" in info["prompt"]
        told = env.unwrapped.thinker().think(env.unwrapped.oracle_action(), np.random.default_rng(seed))
        assert f"{rank} " in told
        assert str(number) in told
        assert ("in the tray is out of the game" in info["prompt"]) is (day.aside is not None)
        if day.aside is not None:
            assert f"In the tray: {day.aside.name}." in info["observation_text"]
        if day.color is not None:
            assert f"Yours is the one at the {day.color} place" in info["prompt"]
            assert (
                f"{day.color.capitalize()}: {', '.join(card.name for card in state.player)}."
                in info["observation_text"]
            )


@pytest.mark.parametrize("task", LEVELS, ids=attrgetter("id"))
def test_the_same_seed_deals_the_hands_of_level_0(task):
    env, plain = (gym.make(name, disable_env_checker=True) for name in (task.id, task.ladder))
    for seed in range(20):
        env.reset(seed=seed)
        plain.reset(seed=seed)
        ours, theirs = env.unwrapped.state, plain.unwrapped.state
        assert (ours.player, ours.dealer) == (theirs.player, theirs.dealer)


@pytest.mark.parametrize("task", LEVELS, ids=attrgetter("id"))
def test_a_picture_shows_what_is_said_of_it(task):
    env = gym.make(task.id, disable_env_checker=True)
    shown = {}
    for seed in range(60):
        picture, info = env.reset(seed=seed)
        shown.setdefault(info["observation_text"], set()).add(picture.tobytes())
    assert all(len(pictures) == 1 for pictures in shown.values())
    assert len(set.union(*shown.values())) == len(shown)


@pytest.mark.parametrize("course", [-1, 4, True, "1"])
def test_another_level_is_refused(course):
    with pytest.raises(ConfigError, match="course must be an int from 0 to 3"):
        gym.make("vlm_gym/Blackjack-v0", disable_env_checker=True, course=course)
