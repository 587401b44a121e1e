"""What design.md promises of every id, checked over the whole registry."""

import copy
import hashlib
import json
import os
import pickle
import random
import subprocess
import sys

import gymnasium as gym
import numpy as np
import pytest
from at_hand import PLAYABLE_IDS
from autoreset import MODES, vector_kwargs
from gymnasium.utils.env_checker import check_env

import vlm_gym
from vlm_gym.registration import TASKS
from vlm_gym.wrappers import TextPlay

ALL_IDS = PLAYABLE_IDS
DISCRETE_IDS = tuple(name for name in ALL_IDS if not TASKS[name].is_text_only)
INFO_KEYS = {
    "prompt", "observation_text", "admissible_actions", "is_success", "progress", "rewards", "action", "illegal",
    "fault",
}  # fmt: skip
NEVER_AN_ANSWER = "I cannot see anything."


@pytest.mark.parametrize("task", DISCRETE_IDS)
def test_the_table_has_the_size_of_the_action_space(task):
    assert make(task).action_space == gym.spaces.Discrete(TASKS[task].num_actions)


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


def oracle_episode(env, seed):
    """Play the oracle to the end and return the last info, or None where it sees no way."""
    env.reset(seed=seed)
    writer = env.unwrapped
    while (action := writer.oracle_action()) is not None:
        *_, terminated, truncated, info = env.step(json.dumps({writer.actions.key: action}))
        if terminated or truncated:
            return info
    return None


@pytest.mark.parametrize("task", ALL_IDS)
def test_gymnasiums_checker_finds_nothing(task):
    check_env(gym.make(task, render_mode="rgb_array").unwrapped, skip_render_check=False)


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


@pytest.mark.parametrize("task", ALL_IDS)
def test_info_holds_the_promised_keys_with_plain_values(task):
    for _, _, _, _, info in play(make(task), seed=1):
        assert set(info) >= INFO_KEYS
        assert ("action_mask" in info) is (task in DISCRETE_IDS)
        assert ("answer" in info) is (task not in DISCRETE_IDS)
        assert isinstance(info["prompt"], str)
        assert isinstance(info["observation_text"], str)
        assert isinstance(info["admissible_actions"], tuple)
        assert task not in DISCRETE_IDS or info["action_mask"].dtype == np.int8
        assert type(info["is_success"]) is bool
        assert type(info["progress"]) is float
        assert 0.0 <= info["progress"] <= 1.0
        assert all(type(value) is float for value in info["rewards"].values())
        assert info["illegal"] is None or isinstance(info["illegal"], str)
        assert info["fault"] is None or isinstance(info["fault"], str)


@pytest.mark.parametrize("task", ALL_IDS)
def test_the_reward_is_the_sum_of_the_named_terms(task):
    for env in (make(task), text(task)):
        for _, reward, _, _, info in play(env, seed=2):
            assert reward == sum(info["rewards"].values())


@pytest.mark.parametrize("task", DISCRETE_IDS)
def test_the_mask_marks_exactly_the_admissible_actions(task):
    env = make(task)
    for _, _, terminated, _, info in play(env, seed=3):
        named = (env.unwrapped._numbered(number) for number in np.flatnonzero(info["action_mask"]))
        assert tuple(named) == info["admissible_actions"]
        assert np.array_equal(env.unwrapped.action_masks(), info["action_mask"] == 1)
        assert bool(info["admissible_actions"]) is not terminated


@pytest.mark.parametrize("task", DISCRETE_IDS)
def test_an_action_is_illegal_exactly_if_it_is_not_admissible(task):
    env = make(task)
    for seed in range(20):
        _, info = env.reset(seed=seed)
        for _ in range(10):
            action = int(env.np_random.integers(env.action_space.n))
            state, is_legal = env.unwrapped.state, bool(info["action_mask"][action])
            *_, terminated, truncated, info = env.step(action)
            assert (info["illegal"] is None) is is_legal
            assert is_legal or env.unwrapped.state == state
            if terminated or truncated:
                break


@pytest.mark.parametrize("task", ALL_IDS)
def test_pictures_are_fresh_arrays(task):
    env = make(task)
    turns = list(play(env, seed=4, num_turns=5))
    for i, (picture, *_) in enumerate(turns):
        assert picture.flags.writeable
        assert not any(np.shares_memory(picture, other) for other, *_ in turns[i + 1 :])
        picture[:] = 0
    picture, _ = env.reset(seed=4)
    assert picture.any()


def digest(task, parser=None):
    """Return a hash of everything that comes out of an episode."""
    env = make(task) if parser is None else text(task, parser=parser)
    log = hashlib.sha256()
    for picture, reward, terminated, truncated, info in play(env, seed=5, num_turns=25):
        log.update(picture.tobytes())
        plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in info.items()}
        log.update(repr((reward, terminated, truncated, plain)).encode())
    return log.hexdigest()


@pytest.mark.parametrize("task", ALL_IDS)
def test_the_same_seed_gives_the_same_bytes(task):
    assert digest(task) == digest(task)


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


@pytest.mark.parametrize("task", ALL_IDS)
def test_a_copy_in_mid_episode_goes_on_alike(task):
    env = text(task)
    env.reset(seed=6)
    env.step(NEVER_AN_ANSWER)
    if not TASKS[task].is_text_only:
        for seed in range(6, 100):  # until a first turn leaves the game open
            env.reset(seed=seed)
            if not env.step(env.action_space.sample())[2]:
                break
    copies = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    answers = [env.action_space.sample() for _ in range(4)]

    def rest(env):
        turns = []
        for answer in answers:
            picture, *turn, info = env.step(answer)
            turns.append((picture.tobytes(), turn, info["prompt"], info["rewards"]))
            if turn[1] or turn[2]:
                break
        picture, info = env.reset()
        return turns, picture.tobytes(), info["prompt"]

    expected = rest(env)
    assert [rest(copied) for copied in copies] == [expected, expected]


@pytest.mark.parametrize("task", ALL_IDS)
def test_global_generators_are_neither_read_nor_touched(task):
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    before = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    digests = digest(task, "json")
    assert (random.getstate(), repr(np.random.get_state())) == before  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    assert digest(task, "json") == digests


@pytest.mark.parametrize("task", ALL_IDS)
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


@pytest.mark.parametrize("task", ALL_IDS)
def test_an_agent_that_never_answers_is_cut_off_exactly_at_the_limit(task):
    env = text(task)
    env.reset(seed=8)
    limit = TASKS[task].turns()
    ends = [env.step(NEVER_AN_ANSWER)[2:4] for _ in range(limit)]
    assert ends == [(False, False)] * (limit - 1) + [(False, True)]


@pytest.mark.parametrize("task", ALL_IDS)
def test_the_oracle_succeeds_wherever_success_is_certain(task):
    env = text(task)
    for seed in range(30):
        env.reset(seed=seed)
        value = env.unwrapped.optimal_value()
        assert 0.0 <= value <= 1.0
        if value == 1.0:
            assert oracle_episode(env, seed)["is_success"]
        if value == 0.0:
            assert env.unwrapped.oracle_action() is None


@pytest.mark.parametrize("task", ALL_IDS)
def test_success_and_value_agree_at_the_end(task):
    env = text(task)
    for seed in range(10):
        info = oracle_episode(env, seed)
        if info is not None:
            assert env.unwrapped.optimal_value() == float(info["is_success"]) == info["progress"]
            assert env.unwrapped.oracle_action() is None
            assert info["admissible_actions"] == ()


@pytest.mark.parametrize("task", ALL_IDS)
def test_every_offered_action_parses_back(task):
    for parser in ("json", "tagged"):
        env = text(task, parser=parser)
        for action in getattr(env.unwrapped.actions, "names", ["1 + 2 * 3"]):
            env.reset(seed=9)
            writer = env.get_wrapper_attr("parser")
            *_, info = env.step(writer.write(action, env.unwrapped.actions, thoughts="Let me think."))
            assert (info["action"], info["fault"]) == (action, None)


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
