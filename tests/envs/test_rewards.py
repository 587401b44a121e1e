"""Every event of a game has a weight, and every term is a float in every turn."""

from dataclasses import replace

import gymnasium as gym
import pytest
from at_hand import ONE_OF_EACH_KIND

from vlm_gym import ConfigError
from vlm_gym.envs.rewards import RewardTerms


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_an_event_without_a_weight_raises(task, monkeypatch):
    """It was dropped: whoever wrote a new term and forgot its weight trained without it."""
    env = gym.make(task, disable_env_checker=True, parser="json", image_size=84)
    env.reset(seed=0)
    move = env.unwrapped._move

    def surprising(state, action):
        outcome = move(state, action)
        return replace(outcome, events={**outcome.events, "illegall": 1.0})

    monkeypatch.setattr(env.unwrapped, "_move", surprising)
    expected = rf"a turn of {type(env.unwrapped).__name__} has the event 'illegall', which has no weight: .*'illegal'"
    with pytest.raises(ConfigError, match=expected):
        env.step(env.action_space.sample())


@pytest.mark.parametrize("events", [{}, {"goal": 1}, {"goal": 0.5, "away": 1}, {"fault": True}])
def test_terms_are_floats_whatever_the_weights_and_events_are(events):
    terms = RewardTerms.merge("X", {"goal": 2, "away": -1.5}, {"goal": 3}).pay(events)
    assert list(terms) == ["goal", "away", "fault"]
    assert {type(paid) for paid in terms.values()} == {float}
    assert sum(terms.values()) == 3 * events.get("goal", 0) - 1.5 * events.get("away", 0) - events.get("fault", 0)
