"""From which size on a picture can be read: the table of tasks says it, and whoever makes a smaller one is warned."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from at_hand import EVERY_ID, PLAYABLE_IDS
from PIL import ImageDraw

from vlm_gym import TASKS, UnreadablePictureWarning
from vlm_gym.envs.base import MAX_IMAGE_SIZE, MIN_IMAGE_SIZE
from vlm_gym.render import blackjack, blackjack_course, cards, number_line, points

LEAST_TYPE = 6  # pixels
TURNS = 60


CARDS = [name for name in EVERY_ID if TASKS[name].axis != "seeing" and "Household" not in name and "ALFW" not in name]
"""The household tasks are tested in tests/render/household, the levels of *seeing* in tests/render/test_seeing.py."""


def play(task, **arguments):
    """Play some legal turns, those that write long formulas and hit for large hands among them."""
    env = gym.make(task, disable_env_checker=True, **arguments)
    rng, is_over = np.random.default_rng(0), True
    for turn in range(TURNS):
        if is_over:
            _, info = env.reset(seed=turn)
        action = env.action_space.sample()
        if isinstance(env.action_space, gym.spaces.Discrete):
            action = int(rng.choice(np.flatnonzero(info["action_mask"])))
        *_, is_terminated, is_truncated, info = env.step(action)
        is_over = is_terminated or is_truncated


def begin(task, **arguments):
    env = gym.make(task, disable_env_checker=True, **arguments)
    env.reset(seed=0)
    env.step(env.action_space.sample())


@pytest.mark.parametrize("task", PLAYABLE_IDS)
def test_a_task_as_it_is_can_be_read(task):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnreadablePictureWarning)
        for arguments in ({}, {"image_size": TASKS[task].least_image_size}, {"image_size": MAX_IMAGE_SIZE}):
            gym.make(task, disable_env_checker=True, **arguments)


@pytest.mark.parametrize(
    ("task", "parser"),
    [
        (task, parser)
        for task in PLAYABLE_IDS
        for parser in (None, "json")
        if TASKS[task].least_image_size > MIN_IMAGE_SIZE and (parser or not TASKS[task].is_text_only)
    ],
)
def test_too_small_a_picture_warns_once_when_it_is_made(task, parser):
    least = TASKS[task].least_image_size
    for size in (MIN_IMAGE_SIZE, least - 1):
        with pytest.warns(UnreadablePictureWarning) as told:
            begin(task, image_size=size, parser=parser)
        told = [warning for warning in told if warning.category is UnreadablePictureWarning]
        assert len(told) == 1
        assert f"{task} with image_size={size}" in str(told[0].message)
        assert f"expected {least} or more" in str(told[0].message)


@pytest.mark.parametrize("task", CARDS)
def test_type_in_the_smallest_pictures_of_a_card_task_is_large_enough(task, monkeypatch):
    for drawer in (blackjack._table, blackjack_course._table, points._table, number_line._sheet, cards._rank_mask):
        drawer.cache_clear()
    sizes, write = [], ImageDraw.ImageDraw.text

    def record(self, place, text, *arguments, font, **settings):
        sizes.append((font.size, text))
        return write(self, place, text, *arguments, font=font, **settings)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", record)
    play(task, image_size=TASKS[task].least_image_size)
    assert min(sizes)[0] >= LEAST_TYPE, min(sizes)
