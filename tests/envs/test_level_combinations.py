"""Levels of two axes at once: they work whole, or the error says what was asked, why it cannot be and what to do."""

import re
from itertools import combinations

import gymnasium as gym
import numpy as np
import pytest

from vlm_gym import ConfigError
from vlm_gym.ladders import ladders
from vlm_gym.registration import find_task

OWN = [ladder for ladder in ladders() if ladder.base.id.startswith("vlm_gym/")]
PAIRS = [
    (base, first, second)
    for base in dict.fromkeys(ladder.base.id for ladder in OWN)
    for one, other in combinations([ladder for ladder in OWN if ladder.base.id == base], 2)
    for first in one.tasks[1:]
    for second in other.tasks[1:]
]
NUM_STARTS = 3


def asked(task, base):
    """Return the arguments in which a level differs from the task at level 0."""
    return {name: value for name, value in task.arguments.items() if find_task(base).arguments.get(name) != value}


def make(base, first, second):
    """Return an environment with the arguments of two levels."""
    return gym.make(base, disable_env_checker=True, **{**asked(first, base), **asked(second, base)})


def works(base, first, second):
    try:
        make(base, first, second).close()
    except ConfigError:
        return False
    return True


def names(pair):
    return f"{pair[1].id.removeprefix('vlm_gym/')}+{pair[2].axis}-{pair[2].level}"


WORKING = [pair for pair in PAIRS if works(*pair)]
REFUSED = [pair for pair in PAIRS if pair not in WORKING]


def test_there_are_pairs_of_both_kinds():
    assert len(WORKING) > 30
    assert len(REFUSED) > 20


@pytest.mark.parametrize("pair", REFUSED, ids=names)
def test_a_refused_pair_is_told_with_both_values_the_reason_and_what_to_do(pair):
    base, first, second = pair
    with pytest.raises(ConfigError) as told:
        make(*pair)
    message = str(told.value)
    match = re.fullmatch(r"(\w+)=(.+) does not go with (\w+)=(.+): (.{20,})\. Leave out (\w+) or (\w+)", message)
    assert match, message
    given = {**asked(first, base), **asked(second, base)}
    assert {match[1]: match[2], match[3]: match[4]} == {name: repr(given[name]) for name in (match[1], match[3])}
    assert {match[6], match[7]} == {match[1], match[3]}
    for level in (first, second):
        assert {match[1], match[3]} & set(asked(level, base)), "it names an argument of each level"


@pytest.mark.parametrize("pair", WORKING, ids=names)
def test_a_pair_that_works_is_played_to_its_value_and_shows_what_both_levels_show(pair):
    base, first, second = pair
    env = make(*pair)
    seeing = next((level.level for level in (first, second) if level.axis == "seeing"), 0)
    for seed in range(NUM_STARTS):
        picture, info = env.reset(seed=seed)
        value, task = env.unwrapped.optimal_value(), env.unwrapped
        assert {field.name for field in task.readings()}
        if seeing:
            plain = gym.make(
                base, disable_env_checker=True, **{**asked(first, base), **asked(second, base), "seeing": 0}
            )
            flat, words = plain.reset(seed=seed)
            assert words["prompt"] == info["prompt"]
            assert words["observation_text"] == info["observation_text"]
            assert (flat != picture).any(axis=2).mean() > 0.2
        is_over = False
        while not is_over and (action := task.oracle_action()) is not None:
            before, (picture, _, is_over, _, info) = picture, task.play(action)
            assert info["illegal"] is None
            assert is_over or not np.array_equal(before, picture)
        assert info["is_success"] or value < 1.0


def test_a_level_by_itself_is_made_by_the_same_arguments():
    for ladder in OWN:
        for level in ladder.tasks[1:]:
            env = gym.make(ladder.base.id, disable_env_checker=True, **asked(level, ladder.base.id))
            other = gym.make(level.id, disable_env_checker=True)
            assert np.array_equal(env.reset(seed=3)[0], other.reset(seed=3)[0])
