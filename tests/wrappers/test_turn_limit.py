"""An episode ends in one way: its last turn terminates it, or the turn limit cuts it off."""

import gymnasium as gym
import pytest
from at_hand import ONE_OF_EACH_KIND

from vlm_gym.registration import TASKS
from vlm_gym.wrappers import TurnLimit

FORMULA_IDS = tuple(name for name in ONE_OF_EACH_KIND if TASKS[name].is_text_only)
NEVER_AN_ANSWER = "I cannot see anything."
WRONG, BROKEN = '{"formula": "1 + 1 + 1"}', '{"formula": "1 +* 1"}'


def make(task, **arguments):
    return gym.make(task, disable_env_checker=True, **{"parser": "json", "image_size": 84, **arguments})


def rebuilt(env):
    return gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))


def oracle_ends(env, seed):
    """Return how each turn of the oracle's episode ended: pairs (terminated, truncated)."""
    env.reset(seed=seed)
    ends = []
    while not ends or not any(ends[-1]):
        answer = env.get_wrapper_attr("answer")(env.unwrapped.oracle_action())
        ends.append(tuple(env.step(answer)[2:4]))
    return ends


def solvable_seed(task):
    env = make(task)
    return next(seed for seed in range(50) if (env.reset(seed=seed), env.unwrapped.oracle_action())[1] is not None)


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_an_episode_that_ends_exactly_at_the_limit_is_terminated_alone(task):
    seed = solvable_seed(task)
    num_turns = len(oracle_ends(make(task), seed))
    at_limit = make(task, max_episode_steps=num_turns)
    for env in (at_limit, rebuilt(at_limit)):
        assert oracle_ends(env, seed) == [(False, False)] * (num_turns - 1) + [(True, False)]
    if num_turns > 1:
        before = oracle_ends(make(task, max_episode_steps=num_turns - 1), seed)
        assert before == [(False, False)] * (num_turns - 2) + [(False, True)]


@pytest.mark.parametrize("answer", [WRONG, BROKEN])
@pytest.mark.parametrize("attempts", [1, 2, 3, 100])
@pytest.mark.parametrize("task", FORMULA_IDS)
def test_the_last_attempt_terminates_and_is_not_truncated(task, attempts, answer):
    env = make(task, attempts=attempts)
    env.reset(seed=0)
    ends = [env.step(answer)[2:4] for _ in range(attempts)]
    assert ends == [(False, False)] * (attempts - 1) + [(True, False)]


@pytest.mark.parametrize("task", FORMULA_IDS)
def test_an_unread_answer_uses_up_a_turn_but_no_attempt(task):
    env = make(task, attempts=3)
    for unread in range(3):
        env.reset(seed=0)
        answers = [NEVER_AN_ANSWER if turn == unread else WRONG for turn in range(3)]
        assert [env.step(answer)[2:4] for answer in answers] == [(False, False)] * 2 + [(False, True)]


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_a_fault_that_ends_the_episode_at_the_limit_terminates_it(task):
    env = make(task, max_episode_steps=1, on_fault="end")
    env.reset(seed=0)
    assert env.step(NEVER_AN_ANSWER)[2:4] == (True, False)


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_every_task_has_this_limit_alone(task):
    env = make(task)
    limits = [wrapper for wrapper in wrappers_of(env) if isinstance(wrapper, gym.wrappers.TimeLimit)]
    assert [type(limit) for limit in limits] == [TurnLimit]
    assert env.spec == rebuilt(env).spec
    assert not any(isinstance(wrapper, TurnLimit) for wrapper in wrappers_of(make(task, max_episode_steps=-1)))


def wrappers_of(env):
    while isinstance(env, gym.Wrapper):
        yield env
        env = env.env
