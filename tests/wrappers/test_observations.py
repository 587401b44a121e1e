"""Wrappers of observations: masks, floats and prompts, as other libraries want them; over the whole registry."""

from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from at_hand import ONE_OF_EACH_KIND
from gymnasium.utils.env_checker import check_env

from vlm_gym import ConfigError
from vlm_gym.registration import TASKS
from vlm_gym.wrappers import FloatPicture, MaskedObservation, PromptObservation

NUMBER_LINE = "vlm_gym/NumberLine-v0"
DISCRETE_IDS = tuple(name for name in ONE_OF_EACH_KIND if not TASKS[name].is_text_only)
HOSTILE = ("", "é" * 9000, "\0\ud800", '{"action": "' + "日本" * 50 + '"}', "I cannot see anything.")
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*Box low.s precision:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*different from the unwrapped version:UserWarning"),
]


def make(task=NUMBER_LINE, **arguments):
    return gym.make(task, disable_env_checker=True, **{"image_size": 84, **arguments})


def masked(form, task=NUMBER_LINE, **arguments):
    return MaskedObservation(make(task, **arguments), form)


def turns(env, plain, num_turns=15):
    """Yield what both envs show and say, after the same actions: (observation, picture, info)."""
    env.action_space.seed(0)
    observation, picture = env.reset(seed=0)[0], plain.reset(seed=0)
    yield observation, *picture
    for turn in range(num_turns):
        action = env.action_space.sample()
        action = HOSTILE[turn % len(HOSTILE)] if isinstance(action, str) and turn % 2 else action
        observation, *turned, _ = env.step(action)
        picture, *expected, info = plain.step(action)
        assert turned == expected
        yield observation, picture, info
        if any(turned[1:]):
            yield env.reset()[0], *plain.reset()


@pytest.mark.parametrize("info", ["full", "numeric"])
@pytest.mark.parametrize(("form", "keys", "dtype"), [
    ("rllib", ("action_mask", "observations"), np.float32), ("tianshou", ("mask", "obs"), np.int8),
])  # fmt: skip
@pytest.mark.parametrize("task", DISCRETE_IDS)
def test_the_mask_is_beside_the_picture(task, form, keys, dtype, info):
    env = masked(form, task, info=info)
    for observation, picture, said in turns(env, make(task)):
        assert env.observation_space.contains(observation)
        assert sorted(observation) == sorted(keys)
        mask, seen = (observation[key] for key in keys)
        assert (mask.dtype, mask.tolist()) == (dtype, said["action_mask"].tolist())
        assert np.array_equal(seen, picture)


@pytest.mark.parametrize(("layout", "axes"), [("HWC", (0, 1, 2)), ("CHW", (2, 0, 1))])
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_a_picture_of_floats_has_the_same_pixels(task, layout, axes):
    env = FloatPicture(make(task), layout)
    for observation, picture, _ in turns(env, make(task), num_turns=4):
        assert env.observation_space.contains(observation)
        assert observation.flags.c_contiguous
        assert np.array_equal(np.rint(observation * 255), picture.transpose(axes))


@pytest.mark.parametrize("encoding", ["bytes", "text"])
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_the_prompt_is_beside_the_picture(task, encoding):
    arguments = {"parser": "json", "include_text": True, "on_fault": "ask"}
    env = PromptObservation(make(task, **arguments), encoding)
    for observation, picture, info in turns(env, make(task, **arguments)):
        assert env.observation_space.contains(observation)
        assert np.array_equal(observation["pixels"], picture)
        told = observation["prompt"]
        known = "".join(c if c.isascii() or encoding == "bytes" or c in "×÷−…" else "?" for c in info["prompt"])
        assert (told if encoding == "text" else PromptObservation.decode(told)) == known.replace("\0", "?")


@pytest.mark.parametrize("vectorization_mode", ["sync", "async"])
def test_prompts_in_bytes_pass_through_vector_environments(vectorization_mode):
    envs = gym.make_vec(NUMBER_LINE, 2, vectorization_mode, wrappers=[PromptObservation], image_size=84)
    observation, infos = envs.reset(seed=0)
    assert [PromptObservation.decode(prompt) for prompt in observation["prompt"]] == infos["prompt"].tolist()
    envs.close()


def test_prompts_as_text_need_an_async_environment_without_shared_memory():
    wrapper = partial(PromptObservation, encoding="text")
    envs = gym.make_vec(
        NUMBER_LINE, 2, "async", vector_kwargs={"shared_memory": False}, wrappers=[wrapper], image_size=84
    )
    observation, infos = envs.reset(seed=0)
    assert list(observation["prompt"]) == infos["prompt"].tolist()
    envs.close()


WRAPPED = (
    lambda: masked("rllib"),
    lambda: masked("tianshou"),
    lambda: FloatPicture(make()),
    lambda: FloatPicture(make(), "CHW"),
    lambda: PromptObservation(make(), "text", 2000),
    lambda: PromptObservation(make(), "bytes", 2000),
    lambda: MaskedObservation(FloatPicture(make(), "CHW"), "rllib"),
)


@pytest.mark.parametrize("build", WRAPPED)
def test_gymnasiums_checker_finds_nothing(build):
    check_env(build(), skip_render_check=True)


@pytest.mark.parametrize("build", WRAPPED)
def test_the_spec_as_json_rebuilds_it(build):
    env = build()
    rebuilt = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert rebuilt.observation_space == env.observation_space
    first, second = (one.reset(seed=3)[0] for one in (env, rebuilt))
    assert str(first) == str(second)


@pytest.mark.parametrize(("build", "message"), [
    (lambda: masked("rlib"), r"form must be one of 'rllib', 'tianshou'; got 'rlib'. Did you mean 'rllib'"),
    (lambda: masked("rllib", parser="json"), r"needs a Discrete action space, got AnswerSpace.*text play has no mask"),
    (lambda: MaskedObservation(gym.make("CartPole-v1"), "rllib"), "needs a task of vlm_gym, got <.*CartPole"),
    (lambda: FloatPicture(make(), "WHC"), "layout must be one of 'HWC', 'CHW'; got 'WHC'"),
    (lambda: FloatPicture(gym.make("CartPole-v1")), "FloatPicture needs observations that are pictures"),
    (lambda: FloatPicture(masked("rllib")), "put it closer to the env than the wrapper that changes them"),
    (lambda: PromptObservation(make(), "utf8"), "encoding must be one of 'text', 'bytes'; got 'utf8'"),
    (lambda: PromptObservation(make(), length=0), "length must be an int from 1 to"),
    (lambda: PromptObservation(gym.make("CartPole-v1")), "PromptObservation needs a task of vlm_gym"),
    (lambda: PromptObservation(make(), length=10).reset(), r"a prompt of \d+ bytes does not fit in length=10: choose"),
    (lambda: PromptObservation(make(), "text", 10).reset(), r"a prompt of \d+ characters does not fit in length=10"),
    (lambda: PromptObservation(make(info="numeric")).reset(), "needs info in words"),
])  # fmt: skip
def test_what_they_cannot_do_is_told(build, message):
    with pytest.raises(ConfigError, match=message):
        build()
