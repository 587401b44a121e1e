"""The truth about a picture has the names by which the prompt asks for it."""

import re

import gymnasium as gym
import pytest
from at_hand import PLAYABLE_IDS


@pytest.mark.parametrize("style", ["cot", "paper"])
@pytest.mark.parametrize("task", PLAYABLE_IDS)
def test_readings_fill_the_fields_that_the_prompt_asks_for(task, style):
    env = gym.make(task, parser="json", prompt=style)
    _, info = env.reset(seed=1)
    asked = re.findall(r'^  "(.+?)": "<', info["prompt"], re.MULTILINE)
    *readings, thoughts, action = asked
    assert (thoughts, action) == ("thoughts", env.unwrapped.actions.key)
    assert [field.name for field in env.unwrapped.readings()] == readings
    assert all(field.description in info["prompt"] for field in env.unwrapped.readings())
