"""A vector environment says of each env what it says by itself: with faults, illegal moves and ends in any of them."""

from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from at_hand import ONE_OF_EACH_CLASS, ONE_OF_EACH_KIND, PLAYABLE_IDS
from autoreset import MODES, vector_kwargs

from vlm_gym import ConfigError
from vlm_gym.parsers import find_parser

PLAYS = (
    {"parser": None},
    {"parser": "json"},
    {"parser": "json", "on_fault": "end"},
    {"parser": "tagged", "on_fault": "ask"},
    {"parser": "paper", "on_fault": "random", "prompt": "paper"},
    {"parser": "json", "info": "numeric", "on_fault": "end"},
)
NEVER_AN_ANSWER = "I cannot see anything."
AWKWARD_FIELDS = {"_goal": "under", "goal": "over", "final_obs": "none", "final_info": "none", "span": "wide"}
KINDS = ("best", "fault", "best", "illegal")


def make(task, **arguments):
    return gym.make(task, disable_env_checker=True, image_size=84, max_episode_steps=5, **arguments)


def can_play(task, arguments):
    """Whether the task is played so: some need a parser, and the paper's cannot read all actions."""
    try:
        make(task, **arguments)
    except ConfigError:
        return False
    return True


def action_of(env, kind):
    """Return a best action, one that breaks a rule, or an answer that cannot be read, if there is such a thing."""
    task = env.unwrapped
    if isinstance(env.action_space, gym.spaces.Discrete):
        wanted = task.action_masks() if kind == "best" else ~task.action_masks()
        return int(np.flatnonzero(wanted)[-1]) if wanted.any() else 0
    if kind == "fault":
        return NEVER_AN_ANSWER
    parser, action = env.get_wrapper_attr("parser"), _named(task, kind)
    if type(parser) is type(find_parser("json")):
        return parser.write(action, task.actions, "I think so.", AWKWARD_FIELDS)
    return parser.write(action, task.actions, "I think so.")


def _named(task, kind):
    if kind == "best":
        return task.oracle_action() or task.actions.sample(np.random.default_rng(0))
    pairs = zip(getattr(task.actions, "names", ()), task.action_masks(), strict=False)
    illegal = [name for name, is_legal in pairs if not is_legal]
    return illegal[0] if illegal else task.actions.sample(np.random.default_rng(1))


def said_of(infos, i):
    """Return what the infos of a vector environment say of environment i."""
    names = [name for name in infos if f"_{name}" in infos and infos[f"_{name}"][i]]
    return {name: said_of(infos[name], i) if isinstance(infos[name], dict) else infos[name][i] for name in names}


def assert_same(got, expected):
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_same(got[name], value)
        elif isinstance(value, np.ndarray):
            assert np.array_equal(got[name], value), name
            assert np.asarray(got[name]).dtype == value.dtype, name
        else:
            assert got[name] == value, name
            assert isinstance(got[name], np.generic) or type(got[name]) is type(value), name


def assert_plays_alike(envs, singles, mode, num_steps=9):
    """Play the same in a vector environment and in single ones, and compare all that is said."""
    observations, infos = envs.reset(seed=3)
    for i, env in enumerate(singles):
        picture, info = env.reset(seed=3 + i)
        assert np.array_equal(observations[i], picture)
        assert_same(said_of(infos, i), info)
    ended, num_ends = [False] * len(singles), 0
    for step in range(num_steps):
        actions = [action_of(env, KINDS[(step + i) % len(KINDS)]) for i, env in enumerate(singles)]
        is_array = isinstance(envs.single_action_space, gym.spaces.Discrete)
        _, rewards, terminated, truncated, infos = envs.step(np.array(actions) if is_array else tuple(actions))
        for i, env in enumerate(singles):
            if mode == "NEXT_STEP" and ended[i]:
                ended[i] = False
                assert_same(said_of(infos, i), env.reset()[1])
                continue
            picture, *turn, info = env.step(actions[i])
            assert [rewards[i], terminated[i], truncated[i]] == turn
            ended[i] = turn[1] or turn[2]
            num_ends += ended[i]
            said = said_of(infos, i)
            if mode == "SAME_STEP" and ended[i]:
                assert np.array_equal(infos["final_obs"][i], picture)
                assert_same(said_of(infos["final_info"], i), info)
                info = env.reset()[1]
                said = {name: value for name, value in said.items() if not name.startswith("final_")}
            assert_same(said, info)
        if mode == "DISABLED" and any(ended):
            _, infos = envs.reset(options={"reset_mask": np.array(ended)})
            for i in np.flatnonzero(ended):
                assert_same(said_of(infos, i), singles[i].reset()[1])
    assert num_ends >= len(singles)
    envs.close()


def assert_vector_plays_alike(task, mode, vectorization_mode, arguments):
    envs = gym.make_vec(
        task, 3, vectorization_mode, vector_kwargs=vector_kwargs(mode),
        image_size=84, max_episode_steps=5, **arguments,
    )  # fmt: skip
    assert_plays_alike(envs, [make(task, **arguments) for _ in range(3)], mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_what_is_said_of_each_environment_is_what_it_says_itself(task, mode):
    played = [arguments for arguments in PLAYS if can_play(task, arguments)]
    assert len(played) >= 4
    for arguments in played:
        assert_vector_plays_alike(task, mode, "sync", arguments)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("task", ONE_OF_EACH_CLASS)
def test_the_same_in_processes(task, mode):
    assert_vector_plays_alike(task, mode, "async", {"parser": "json"})


@pytest.mark.parametrize("answers", [("hmm", '{"action": "+"}', '{"action": "+"}'), ('{"action": "+"}', "hmm", "hmm")])
@pytest.mark.parametrize("vectorization_mode", ["sync", "async"])
def test_an_unread_answer_beside_one_that_was_read(answers, vectorization_mode):
    envs = gym.make_vec("vlm_gym/NumberLine-v0", 3, vectorization_mode, parser="json")
    envs.reset(seed=0)
    *_, infos = envs.step(answers)
    assert [answer["span"] for answer in infos["answer"]] == [None if text == "hmm" else (12, 13) for text in answers]
    envs.close()


@pytest.mark.parametrize("mode", MODES)
def test_all_tasks_can_be_played_side_by_side_in_text(mode):
    makers = [partial(make, task, parser="json") for task in PLAYABLE_IDS]
    envs = gym.vector.SyncVectorEnv(makers, **vector_kwargs(mode))
    assert_plays_alike(envs, [maker() for maker in makers], mode)


def test_tasks_can_be_played_side_by_side_in_processes():
    makers = [partial(make, task, parser="json") for task in ONE_OF_EACH_CLASS]
    assert_plays_alike(gym.vector.AsyncVectorEnv(makers), [maker() for maker in makers], "NEXT_STEP")


@pytest.mark.parametrize("task", PLAYABLE_IDS)
def test_every_key_of_info_has_one_type_and_one_shape_in_every_state(task):
    """None beside words is one type for a vector environment, an object; None beside a dict or a number is not."""
    for arguments in (arguments for arguments in PLAYS if can_play(task, arguments)):
        env = make(task, **arguments)
        infos = [env.reset(seed=0)[1]]
        for step in range(12):
            *_, terminated, truncated, info = env.step(action_of(env, KINDS[step % len(KINDS)]))
            infos.append(info)
            if terminated or truncated:
                infos.append(env.reset()[1])
        assert len({tuple(sorted(_forms(info))) for info in infos}) == 1
        assert not any(name.startswith("_") or name in ("final_obs", "final_info") for name in infos[0])


def _forms(info, prefix=""):
    """Yield how a vector environment holds each value: the type and shape of an array, or an object."""
    for name, value in info.items():
        if isinstance(value, dict):
            yield from _forms(value, f"{prefix}{name}.")
        elif isinstance(value, np.ndarray):
            yield f"{prefix}{name}", str(value.dtype), value.shape
        else:
            yield f"{prefix}{name}", type(value).__name__ if isinstance(value, (int, float)) else "object", ()
