"""What design.md promises of every id, over the whole registry: the contract that is shipped, and what needs more."""

import hashlib
import json
import os
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from at_hand import EVERY_ID, PLAYABLE_IDS
from autoreset import MODES, vector_kwargs

import vlm_gym
from vlm_gym.registration import TASKS
from vlm_gym.testing import CHECKS, fault_of
from vlm_gym.wrappers import TextPlay

ALL_IDS = PLAYABLE_IDS
DISCRETE_IDS = tuple(name for name in ALL_IDS if not TASKS[name].is_text_only)
NEVER_AN_ANSWER = "I cannot see anything."


@pytest.mark.parametrize("task", EVERY_ID)
@pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")
def test_a_task_passes_every_check(task):
    faults = [fault_of(TASKS[task], check) for check in CHECKS]
    assert [fault for fault in faults if fault is not None] == []


def make(task, **arguments):
    return gym.make(task, disable_env_checker=True, **arguments)


def text(task, **arguments):
    return make(task, **{"parser": "json", **arguments})


def play(env, seed, num_turns=12):
    """Yield every turn (picture, reward, terminated, truncated, info) of episodes with random actions."""
    env.action_space.seed(seed)
    picture, info = env.reset(seed=seed)
    yield picture, 0.0, False, False, info
    for _ in range(num_turns):
        turn = env.step(env.action_space.sample())
        yield turn
        if turn[2] or turn[3]:
            picture, info = env.reset()
            yield picture, 0.0, False, False, info


@pytest.mark.parametrize("task", ALL_IDS)
def test_the_passive_checker_warns_of_nothing(task):
    env = gym.make(task, render_mode="rgb_array")
    for _ in play(env, seed=0):
        env.render()


@pytest.mark.parametrize("task", DISCRETE_IDS)
def test_stable_baselines_checker_finds_nothing(task):
    if "VLM_GYM_ALL_TESTS" not in os.environ:
        pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed: make train")
    from stable_baselines3.common.env_checker import check_env as check_env_of_sb3

    check_env_of_sb3(make(task, render_mode="rgb_array"), warn=True)


def digest(task, parser=None):
    """Return a hash of everything that comes out of an episode."""
    env = make(task) if parser is None else text(task, parser=parser)
    log = hashlib.sha256()
    for picture, reward, terminated, truncated, info in play(env, seed=5, num_turns=25):
        log.update(picture.tobytes())
        plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in info.items()}
        log.update(repr((reward, terminated, truncated, plain)).encode())
    return log.hexdigest()


def test_the_same_seed_gives_the_same_bytes_in_processes_with_other_hash_seeds():
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "import test_contract as t\n"
        "print(t.json.dumps([t.digest(task) + t.digest(task, 'json') for task in t.ALL_IDS]))"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]  # fmt: skip
    assert outputs[0] == outputs[1]
    assert json.loads(outputs[0]) == [digest(task) + digest(task, "json") for task in ALL_IDS]


@pytest.mark.parametrize("task", ALL_IDS)
def test_other_seeds_give_other_episodes(task):
    env = make(task)
    assert len({env.reset(seed=seed)[0].tobytes() for seed in range(20)}) > 5


@pytest.mark.parametrize("task", EVERY_ID)
@pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")
@pytest.mark.parametrize("arguments", [{}, {"parser": "json", "image_size": 96, "prompt": "action_only"}])
def test_the_spec_as_json_rebuilds_the_env(task, arguments):
    env = make(task, **arguments)
    rebuilt = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    assert rebuilt.spec.max_episode_steps == env.spec.max_episode_steps
    assert type(rebuilt.action_space) is type(env.action_space)
    first, second = env.reset(seed=7), rebuilt.reset(seed=7)
    assert np.array_equal(first[0], second[0])
    assert first[1]["prompt"] == second[1]["prompt"]


ASYNC_IDS = ("vlm_gym/NumberLine-v0", "vlm_gym/Points24Formula-v0", "vlm_gym/Household-v0")


@pytest.mark.parametrize(
    ("task", "mode"), [*((task, "sync") for task in ALL_IDS), *((task, "async") for task in ASYNC_IDS)]
)
def test_vector_envs_play_the_same_episodes(task, mode):
    envs = gym.make_vec(task, num_envs=3, vectorization_mode=mode, vector_kwargs={})
    singles = [make(task) for _ in range(3)]
    pictures, infos = envs.reset(seed=10)
    for i, single in enumerate(singles):
        picture, info = single.reset(seed=10 + i)
        assert np.array_equal(pictures[i], picture)
        assert infos["prompt"][i] == info["prompt"]
    envs.close()


@pytest.mark.parametrize("autoreset", [mode for mode in MODES if mode != "DISABLED"])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_the_prompt_after_an_autoreset_is_the_new_episodes(mode, autoreset):
    """The published code showed the previous episode's formula there: a perfect policy then scored 50 %."""
    envs = gym.make_vec(
        "vlm_gym/EZPoints-v0", num_envs=2, vectorization_mode=mode, prompt="paper", parser="json",
        vector_kwargs=vector_kwargs(autoreset),
    )  # fmt: skip
    solo = make("vlm_gym/EZPoints-v0", prompt="paper", parser="json")
    solo.reset(seed=11)
    is_new, num_new = False, 0
    _, infos = envs.reset(seed=11)
    for _ in range(40):
        action = solo.unwrapped.oracle_action()
        if is_new and autoreset == "NEXT_STEP":
            pictures, *_, infos = envs.step(["", ""])
            is_new = False
        else:
            answer = json.dumps({"action": action})
            pictures, _, terminated, truncated, infos = envs.step([answer, "no answer"])
            solo_picture, *_, solo_terminated, _, solo_info = solo.step(answer)
            is_new = bool(terminated[0] or truncated[0])
            assert is_new is solo_terminated
            if is_new:
                num_new += 1
                solo_picture, solo_info = solo.reset()
                if autoreset == "NEXT_STEP":
                    continue
        assert infos["prompt"][0] == solo_info["prompt"]
        assert infos["observation_text"][0] == solo_info["observation_text"]
        assert np.array_equal(pictures[0], solo_picture)
    assert num_new > 3
    envs.close()


def test_a_theme_changes_the_picture():
    pictures = {
        make(task, theme=theme).reset(seed=0)[0].tobytes()
        for task in ("vlm_gym/NumberLine-v0", "vlm_gym/Points24-v0", "vlm_gym/Blackjack-v0", "vlm_gym/Household-v0")
        for theme in ("classic", "night")
    }
    assert len(pictures) == 8


@pytest.mark.filterwarnings("ignore::vlm_gym.UnreadablePictureWarning")
@pytest.mark.parametrize("task", ALL_IDS)
def test_every_picture_size_is_drawn(task):
    for size in (84, 301, 1024):
        picture, _ = make(task, image_size=size).reset(seed=0)
        assert picture.shape == (size, size, 3)


@pytest.mark.filterwarnings("default:.*render.. draws nothing:UserWarning")
def test_render_without_a_mode_draws_nothing_and_says_so():
    env = make("vlm_gym/NumberLine-v0")
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="draws nothing without a render mode"):
        assert env.unwrapped.render() is None


def test_the_episode_is_over_for_the_oracle_too_when_a_fault_ends_it():
    env = text("vlm_gym/EZPoints-v0", on_fault="end")
    env.reset(seed=0)
    env.step(NEVER_AN_ANSWER)
    assert env.unwrapped.oracle_action() is None
    assert env.unwrapped.optimal_value() == 0.0


def test_a_space_of_answers_is_equal_to_every_other_that_the_same_parser_reads():
    number_line = text("vlm_gym/NumberLine-v0").action_space
    for task in ALL_IDS:
        assert number_line == text(task).action_space  # all texts, whatever the vocabulary
        assert hash(number_line) == hash(text(task).action_space)
    assert number_line != text("vlm_gym/NumberLine-v0", parser="tagged").action_space
    assert number_line != gym.spaces.Discrete(2)
    with pytest.raises(gym.error.Error, match="without mask"):
        number_line.sample(mask=np.ones(2, np.int8))


def test_text_play_stands_inside_the_turn_limit():
    env = text("vlm_gym/NumberLine-v0")
    assert isinstance(env, gym.wrappers.TimeLimit)
    assert isinstance(env.env.env, TextPlay)


def test_the_version_is_the_installed_one():
    from importlib.metadata import version

    assert vlm_gym.__version__ == version("vlm-gym")
