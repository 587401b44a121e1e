"""The vector environment says and shows what Gymnasium's SyncVectorEnv does, to the byte and to the type."""

import copy
import gc
import pickle

import gymnasium as gym
import numpy as np
import pytest
from at_hand import ONE_OF_EACH_KIND
from autoreset import ALL_MODES, MODES, mode_value, vector_kwargs

from vlm_gym import ConfigError
from vlm_gym.registration import TASKS
from vlm_gym.vector import TaskVectorEnv

NUMBER_LINE = "vlm_gym/NumberLine-v0"
OURS = "vector_entry_point"
NUM_ENVS = 5
PLAYS = (
    {},
    {"parser": "json"},
    {"parser": "json", "on_fault": "end"},
    {"parser": "tagged", "on_fault": "ask", "include_text": True},
    {"parser": "paper", "on_fault": "random", "prompt": "paper"},
    {"info": "numeric"},
    {"parser": "json", "info": "numeric"},
)
NOT_ANSWERS = ("", "I cannot see anything.", '{"action": "fly"}')


def ours(task=NUMBER_LINE, num_envs=NUM_ENVS, **arguments):
    return gym.make_vec(task, num_envs, OURS, **{"image_size": 84, **arguments})


def theirs(task, mode, **arguments):
    return gym.make_vec(task, NUM_ENVS, "sync", vector_kwargs=vector_kwargs(mode), image_size=84, **arguments)


def can_play(task, arguments):
    try:
        gym.make(task, image_size=84, **arguments)
    except ConfigError:
        return False
    return True


def drawn_actions(envs, rng):
    """Draw actions for all environments: many that break a rule; in text some that cannot be read."""
    if isinstance(envs.single_action_space, gym.spaces.Discrete):
        return rng.integers(envs.single_action_space.n, size=envs.num_envs)
    best = envs.call("oracle_action") if rng.random() < 0.5 else [None] * envs.num_envs
    write = [env.get_wrapper_attr("answer") for env in envs.envs]
    return tuple(
        NOT_ANSWERS[int(rng.integers(len(NOT_ANSWERS)))]
        if rng.random() < 0.3
        else envs.single_action_space.sample()
        if action is None
        else write[i](action)
        for i, action in enumerate(best)
    )


def assert_same(got, expected, name="infos"):
    """Two values are the same: type, dtype, shape and content; of a dict the keys too."""
    assert type(got) is type(expected), name
    if isinstance(expected, dict):
        assert got.keys() == expected.keys(), name
        for key in expected:
            assert_same(got[key], expected[key], f"{name}[{key!r}]")
    elif isinstance(expected, np.ndarray):
        assert (got.dtype, got.shape) == (expected.dtype, expected.shape), name
        if expected.dtype == object:
            for one, other in zip(got, expected, strict=True):
                assert_same(one, other, f"{name}[]")
        else:
            assert got.tobytes() == expected.tobytes(), name
    else:
        assert got == expected, name


def assert_same_turns(got, expected):
    for one, other in zip(got, expected, strict=True):
        assert_same(one, other)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_it_says_and_shows_what_gymnasiums_own_does(task, mode):
    """Each task is played in each way in one of the modes, and each way in all modes by some task."""
    played = [arguments for arguments in PLAYS if can_play(task, arguments)]
    assert len(played) >= 4
    for arguments in played[(ONE_OF_EACH_KIND.index(task) + MODES.index(mode)) % len(MODES) :: len(MODES)]:
        assert_plays_alike(task, mode, {**arguments, "max_episode_steps": 3})


def assert_plays_alike(task, mode, arguments, num_steps=8):
    own, other = ours(task, autoreset_mode=mode_value(mode), **arguments), theirs(task, mode, **arguments)
    shared = ours(task, autoreset_mode=mode_value(mode), copy=False, **arguments)
    assert own.single_observation_space == other.single_observation_space
    assert (own.observation_space, own.num_envs) == (other.observation_space, other.num_envs)
    assert own.metadata == {**other.metadata, "autoreset_mode": own.metadata["autoreset_mode"]}
    rng, num_ends = np.random.default_rng(0), 0
    assert_same_turns(own.reset(seed=7), other.reset(seed=7))
    shared.reset(seed=7)
    for _ in range(num_steps):
        actions = drawn_actions(other, rng)
        turn = own.step(actions)
        assert_same_turns(turn, other.step(actions))
        assert_same_turns(shared.step(actions), turn)
        ended = turn[2] | turn[3]
        num_ends += ended.sum()
        if mode == "DISABLED" and ended.any():
            resets = [envs.reset(options={"reset_mask": ended.copy()}) for envs in (own, other, shared)]
            assert_same_turns(resets[0], resets[1])
            assert_same_turns(resets[2], resets[0])
    assert num_ends >= NUM_ENVS
    assert_same_turns(own.reset(), other.reset())
    own.close()
    other.close()


@pytest.mark.parametrize("mode", ALL_MODES)
def test_all_modes_are_there_in_every_version_of_gymnasium(mode):
    """And an environment says what it says by itself."""
    envs, single = ours(num_envs=2, autoreset_mode=mode_value(mode)), gym.make(NUMBER_LINE, image_size=84)
    starts = {"position": 1, "target": 2}
    envs.reset(seed=0, options=starts)
    single.reset(seed=1, options=starts)
    pictures, rewards, terminated, _, infos = envs.step(np.array([0, 1]))
    picture, *_, info = single.step(1)
    assert (rewards.tolist(), terminated.tolist()) == ([-1.0, 1.0], [False, True])
    new_picture, new_info = single.reset()
    if mode == "SAME_STEP":
        assert np.array_equal(infos["final_obs"][1], picture)
        assert infos["final_info"]["prompt"][1] == info["prompt"]
        assert (infos["final_obs"][0], infos["_final_obs"].tolist()) == (None, [False, True])
    if mode == "NEXT_STEP":
        assert np.array_equal(pictures[1], picture)
        pictures, rewards, _, _, infos = envs.step(np.array([1, 1]))
        assert rewards[1] == 0.0
    if mode == "DISABLED":
        with pytest.raises(gym.error.ResetNeeded, match=r"ended in environments 1, .*reset\(options=.*reset_mask"):
            envs.step(np.array([1, 1]))
        mask = {"reset_mask": np.array([False, True])}
        pictures, infos = envs.reset(options=mask)
        assert list(mask) == ["reset_mask"]
        assert infos["_prompt"].tolist() == [False, True]
    assert np.array_equal(pictures[1], new_picture)
    assert infos["prompt"][1] == new_info["prompt"]


def test_pictures_that_somebody_holds_stay_as_they_are():
    envs, rng = ours(), np.random.default_rng(0)
    held = [envs.reset(seed=0)[0]]
    copies = [held[0].copy()]
    parts, seen = [], set()
    for _ in range(12):
        pictures = envs.step(rng.integers(2, size=NUM_ENVS))[0]
        seen.add(pictures.ctypes.data)
        held.append(pictures)
        copies.append(pictures.copy())
        parts.append((pictures[1:3, ::2], pictures[1:3, ::2].copy()))
    assert all(np.array_equal(one, other) for one, other in zip(held, copies, strict=True))
    assert len(seen) == 12
    held.clear()
    for _ in range(12):
        envs.step(rng.integers(2, size=NUM_ENVS))
    assert all(np.array_equal(one, other) for one, other in parts)


def test_an_array_that_nobody_holds_is_used_again():
    envs = ours()
    pictures = envs.reset(seed=0)[0]
    addresses = {pictures.ctypes.data}
    for _ in range(20):
        pictures = envs.step(np.zeros(NUM_ENVS, int))[0]
        addresses.add(pictures.ctypes.data)
    assert len(addresses) <= 2


def test_pictures_may_be_written_on():
    own, other = ours(), theirs(NUMBER_LINE, "NEXT_STEP")
    for envs in (own, other):
        envs.reset(seed=0)[0][...] = 0
    for _ in range(8):
        turn = own.step(np.ones(NUM_ENVS, int))
        assert_same_turns(turn, other.step(np.ones(NUM_ENVS, int)))
        turn[0][...] = 0


def test_without_copies_there_is_one_array():
    envs, single = ours(copy=False), gym.make(NUMBER_LINE, image_size=84)
    first = envs.reset(seed=0)[0]
    second = envs.step(np.zeros(NUM_ENVS, int))[0]
    single.reset(seed=0)
    assert first is second
    assert np.array_equal(second[0], single.step(0)[0])
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


@pytest.mark.parametrize("size", [84, 300])
@pytest.mark.parametrize("task", [NUMBER_LINE, "vlm_gym/Points24-v0", "vlm_gym/Blackjack-v0", "vlm_gym/Household-v1"])
def test_what_is_drawn_anew_is_all_that_changes(task, size):
    envs, other = ours(task, copy=False, image_size=size), ours(task, image_size=size)
    rng = np.random.default_rng(1)
    envs.reset(seed=0)
    other.reset(seed=0)
    for _ in range(60):
        masks = [np.flatnonzero(mask) if mask.any() else [0] for mask in envs.call("action_masks")]
        actions = [int(rng.choice(legal)) for legal in masks]
        assert_same_turns(envs.step(actions), other.step(actions))


@pytest.mark.parametrize("copy_of", [copy.deepcopy, lambda envs: pickle.loads(pickle.dumps(envs))])
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_a_copy_plays_on_alike(task, copy_of):
    envs = ours(task, parser="json", max_episode_steps=3, autoreset_mode="SameStep")
    envs.reset(seed=0)
    answers = tuple(env.get_wrapper_attr("answer")(env.unwrapped.oracle_action() or "1") for env in envs.envs)
    before = envs.step(answers)[0].copy()
    second = copy_of(envs)
    assert second.spec == envs.spec
    for _ in range(4):
        assert_same_turns(second.step(answers), envs.step(answers))
    assert before.shape == (NUM_ENVS, 84, 84, 3)


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_the_spec_as_json_rebuilds_it(task):
    envs = ours(task, parser="json", max_episode_steps=2, autoreset_mode="SameStep", copy=False)
    rebuilt = gym.make_vec(gym.envs.registration.EnvSpec.from_json(envs.spec.to_json()))
    assert (type(rebuilt), rebuilt.num_envs, rebuilt.copy) == (TaskVectorEnv, NUM_ENVS, False)
    assert rebuilt.metadata == envs.metadata
    assert_same_turns(rebuilt.reset(seed=3), envs.reset(seed=3))
    for _ in range(2):
        assert_same_turns(rebuilt.step(("hm",) * NUM_ENVS), envs.step(("hm",) * NUM_ENVS))


@pytest.mark.parametrize(("arguments", "limit"), [
    ({}, 10),
    ({"max_position": 20}, 40),
    ({"max_position": 20, "max_episode_steps": 3}, 3),
    ({"max_episode_steps": -1}, None),
])  # fmt: skip
def test_the_turn_limit_follows_from_the_arguments(arguments, limit):
    envs = ours(parser="json", num_envs=2, **arguments)
    rebuilt = gym.make_vec(gym.envs.registration.EnvSpec.from_json(envs.spec.to_json()))
    for vector in (envs, rebuilt):
        assert [spec.max_episode_steps for spec in vector.call("spec")] == [limit] * 2
        vector.reset(seed=0)
        ends = [vector.step(["hm", "hm"])[3].tolist() for _ in range(41)]
        assert (ends.index([True, True]) + 1 if [True, True] in ends else None) == limit


def test_it_is_what_make_vec_takes_by_itself():
    assert isinstance(gym.make_vec(NUMBER_LINE, 2), TaskVectorEnv)
    assert isinstance(gym.make_vec(f"vlm_gym:{NUMBER_LINE}", 2, OURS), TaskVectorEnv)
    assert isinstance(gym.make_vec(gym.make(NUMBER_LINE).spec, 2, OURS), TaskVectorEnv)


def test_it_can_be_wrapped_and_asked():
    envs = gym.wrappers.vector.RecordEpisodeStatistics(ours(num_envs=3, render_mode="rgb_array"))
    envs.reset(seed=[4, 5, 6])
    assert envs.unwrapped.call("oracle_action") == tuple(env.unwrapped.oracle_action() for env in envs.unwrapped.envs)
    assert [mask.tolist() for mask in envs.unwrapped.call("action_masks")] == [[True, True]] * 3
    assert [picture.shape for picture in envs.render()] == [(84, 84, 3)] * 3
    assert repr(envs.unwrapped) == f"TaskVectorEnv({NUMBER_LINE}, num_envs=3)"
    envs.close()
    assert envs.unwrapped.closed


def test_seeds_are_one_for_each_environment():
    envs, single = ours(num_envs=3), gym.make(NUMBER_LINE, image_size=84)
    for seed, own in ((5, [5, 6, 7]), (np.int64(5), [5, 6, 7]), ([9, 2, 4], [9, 2, 4]), ((9, 2, 4), [9, 2, 4])):
        pictures = envs.reset(seed=seed)[0]
        for picture, one in zip(pictures, own, strict=True):
            assert np.array_equal(picture, single.reset(seed=one)[0])
    options = {"position": 1, "target": 4}
    assert np.array_equal(envs.reset(options=options)[0][2], single.reset(options=options)[0])


@pytest.mark.parametrize(("arguments", "message"), [
    ({"num_envs": 0}, "num_envs must be an int from 1"),
    ({"num_envs": 2.0}, "num_envs must be an int from 1"),
    ({"autoreset_mode": "Same"}, "must be one of 'NextStep', 'SameStep', 'Disabled'; got 'Same'. Did you mean"),
    ({"copy": "yes"}, "copy must be one of True, False; got 'yes'"),
    ({"observation_mode": "different"}, "unexpected keyword argument 'observation_mode': it belongs to another kind"),
    ({"context": "spawn"}, "'context': it belongs to another kind of vector environment"),
    ({"image_sise": 84}, "has no argument 'image_sise'.*Did you mean 'image_size'"),
    ({"parser": "jsn"}, "Did you mean 'json'"),
])  # fmt: skip
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        ours(**arguments)


def test_what_gymnasium_hands_to_other_kinds_is_refused_by_it():
    with pytest.raises(gym.error.Error, match="only through kwargs"):
        gym.make_vec(NUMBER_LINE, 2, OURS, vector_kwargs={"copy": False})
    with pytest.raises(gym.error.Error, match="wrappers"):
        gym.make_vec(NUMBER_LINE, 2, OURS, wrappers=[gym.wrappers.TimeAwareObservation])


@pytest.mark.parametrize(("call", "message"), [
    (lambda envs: envs.step([0, 1]), "actions must be 5, one for each environment; got"),
    (lambda envs: envs.step(0), "actions must be 5"),
    (lambda envs: envs.step("01010"), "actions must be 5"),
    (lambda envs: envs.step(np.array([0, 1, 0, 1, 2])), "actions.4. must be an int from 0 to 1, got 2"),
    (lambda envs: envs.step([0, 1, 0, 1, -1]), "actions.4. must be an int from 0 to 1, got -1"),
    (lambda envs: envs.step([0, True, 0, 0, 0]), "actions.1. must be an int from 0 to 1, got True"),
    (lambda envs: envs.step([0, 1, 0, 1, None]), "actions.4. must be an int from 0 to 1, got None"),
    (lambda envs: envs.step(np.zeros((5, 2), int)), "actions.0. must be an int from 0 to 1, got .0, 0."),
    (lambda envs: envs.step([0.5] * 5), "actions.0. must be an int from 0 to 1, got 0.5"),
    (lambda envs: envs.reset(seed="1"), "seed must be None, an int, or 5 of these"),
    (lambda envs: envs.reset(seed=[1, 2]), "seed must be None, an int, or 5 of these"),
    (lambda envs: envs.reset(seed=-3), "seed must be None or an int >= 0"),
    (lambda envs: envs.reset(seed=True), "seed must be None, an int, or 5 of these"),
    (lambda envs: envs.reset(options={"start": 1}), "a key of options must be one of"),
    (lambda envs: envs.reset(options=[1]), "options must be a dict or None"),
    (lambda envs: envs.reset(options={"reset_mask": [True] * 5}), "must be an array of 5 bool, at least one"),
    (lambda envs: envs.reset(options={"reset_mask": np.zeros(5, bool)}), "must be an array of 5 bool, at least one"),
    (lambda envs: envs.reset(options={"reset_mask": np.ones(4, bool)}), "must be an array of 5 bool, at least one"),
    (lambda envs: envs.reset(options={"reset_mask": np.ones(5, int)}), "must be an array of 5 bool, at least one"),
])  # fmt: skip
def test_wrong_calls_are_refused_before_anything_moves(call, message):
    envs, other = ours(), ours()
    envs.reset(seed=0)
    other.reset(seed=0)
    with pytest.raises(ConfigError, match=message):
        call(envs)
    if message.startswith("actions"):
        assert_same_turns(envs.step([0] * 5), other.step([0] * 5))


def test_a_step_needs_a_reset():
    envs = ours()
    with pytest.raises(gym.error.ResetNeeded, match="no episodes have been started"):
        envs.step([0] * 5)
    with pytest.raises(gym.error.ResetNeeded, match="without 'reset_mask' first"):
        envs.reset(options={"reset_mask": np.ones(5, bool)})


def test_an_answer_that_is_no_text_is_refused_before_anything_moves():
    envs, other = ours(parser="json"), ours(parser="json")
    envs.reset(seed=0)
    other.reset(seed=0)
    with pytest.raises(ConfigError, match=r"actions\[1\], an answer, must be a str, got 3"):
        envs.step(["a", 3, "a", "a", "a"])
    assert_same_turns(envs.step(["a"] * 5), other.step(["a"] * 5))


def test_what_is_said_to_an_environment_that_starts_anew_is_ignored():
    envs = ours(num_envs=2, max_episode_steps=1)
    envs.reset(seed=0)
    envs.step([0, 0])
    assert envs.step([None, 7])[1].tolist() == [0.0, 0.0]


def test_memory_does_not_grow():
    envs = ours(autoreset_mode="SameStep")
    envs.reset(seed=0)
    gc.collect()
    counts = []
    for _ in range(3):
        for _ in range(30):
            envs.step(np.ones(NUM_ENVS, int))
        gc.collect()
        counts.append(len(gc.get_objects()))
    assert counts[2] <= counts[1] + 5


def test_every_task_has_it():
    specs = [gym.spec(task) for task in TASKS]
    assert {spec.vector_entry_point for spec in specs} == {"vlm_gym.vector:TaskVectorEnv"}
