"""A caller's mistake gets an error that names the argument, what was expected and what came."""

import time
from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from at_hand import ONE_OF_EACH_KIND
from hypothesis import given
from hypothesis import strategies as st

from vlm_gym import ConfigError
from vlm_gym.errors import UnknownArgumentError
from vlm_gym.games.cards import Card
from vlm_gym.wrappers import TextPlay

NUMBER_LINE = "vlm_gym/NumberLine-v0"
POINTS24 = "vlm_gym/Points24-v0"
FORMULA = "vlm_gym/Points24Formula-v0"
BLACKJACK = "vlm_gym/Blackjack-v0"
HOUSEHOLD = "vlm_gym/Household-v0"


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        (POINTS24, {"num_crads": 4}, r"has no argument 'num_crads'; it has .*Did you mean 'num_cards'"),
        (NUMBER_LINE, {"num_cards": 4}, r"NumberLine-v0 has no argument 'num_cards'; it has .*max_position"),
        (POINTS24, {"image_size": 7}, r"image_size must be an int from 84 to 1024, got 7"),
        (POINTS24, {"image_size": 300.0}, r"image_size must be an int from 84 to 1024, got 300\.0"),
        (POINTS24, {"image_size": True}, r"image_size must be an int"),
        (POINTS24, {"parser": "jsno"}, r"parser must be one of 'json', .*got 'jsno'\. Did you mean 'json'"),
        (POINTS24, {"prompt": "cott"}, r"prompt must be one of 'cot', .*got 'cott'"),
        (POINTS24, {"include_text": "yes"}, r"include_text must be True or False, got 'yes'"),
        (POINTS24, {"parser": "json", "on_fault": "guess"}, r"on_fault must be one of 'charge', .*got 'guess'"),
        (POINTS24, {"on_fault": "random"}, r"on_fault='random' needs text play: choose a parser"),
        (POINTS24, {"face_cards": "eleven"}, r"face_cards must be one of 'ten', 'rank'; got 'eleven'"),
        (POINTS24, {"symbols": "+-"}, r"symbols must be one of"),
        (POINTS24, {"num_cards": 0}, r"num_cards must be an int from 1 to 6, got 0"),
        (POINTS24, {"num_cards": 9}, r"num_cards must be an int from 1 to 6, got 9"),
        (POINTS24, {"target": "24"}, r"target must be a number, or a range such as '1-30' .*; got '24'"),
        (POINTS24, {"target": -1}, r"target must be an int"),
        (POINTS24, {"solvable": 1}, r"solvable must be True or False, got 1"),
        (POINTS24, {"theme": "classick"}, r"theme .*'classick'"),
        (POINTS24, {"theme": {"table_colour": "green"}}, r"theme.*table_colour"),
        (POINTS24, {"rewards": {"solve": 1.0}}, r"rewards names the term 'solve'; the terms are solved, .*'solved'"),
        (POINTS24, {"rewards": {"solved": float("nan")}}, r"rewards\['solved'\] must be a finite number, got nan"),
        (POINTS24, {"rewards": {"solved": "10"}}, r"rewards\['solved'\] must be a finite number, got '10'"),
        (POINTS24, {"rewards": 10.0}, r"rewards must map names of reward terms to weights, got 10\.0"),
        (POINTS24, {"render_mode": "ansi"}, r"render_mode must be one of None, 'rgb_array'; got 'ansi'"),
        (FORMULA, {"parser": None}, r"Points24Formula-v0 is played in text: parser must be the name"),
        (FORMULA, {"parser": "paper"}, r"parser='paper' cannot read '.*', an action of this task: use parser='json'"),
        ("vlm_gym/Points24-FaceRank-v0", {"parser": "paper"}, r"parser='paper' cannot read '11'"),
        (FORMULA, {"attempts": 0}, r"attempts must be an int from 1 to 100, got 0"),
        (NUMBER_LINE, {"max_position": 0}, r"max_position must be an int from 1 to 100, got 0"),
        (BLACKJACK, {"natural": "yes"}, r"natural must be True or False, got 'yes'"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*not in the possible render_modes.*:UserWarning")
def test_a_wrong_argument_is_named(task, arguments, message):
    with pytest.raises(ConfigError, match=message):
        gym.make(task, **arguments)


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
@pytest.mark.parametrize("name", ["frameskip", "obs_type", "num_crads"])
def test_an_argument_that_does_not_exist_is_a_type_error_too(task, name):
    """Libraries try whether there is one: torchrl's `GymEnv` catches a TypeError with these words for `frameskip`."""
    for make in (gym.make, partial(gym.make_vec, num_envs=2), partial(gym.make, parser="json")):
        with pytest.raises(TypeError, match=f"got an unexpected keyword argument '{name}'") as raised:
            make(task, **{name: 4})
        assert isinstance(raised.value, UnknownArgumentError)
        assert isinstance(raised.value, ConfigError)
        assert "was raised from" not in str(raised.value)  # which Gymnasium adds, with all arguments


def test_an_argument_that_exists_and_is_wrong_is_no_type_error():
    with pytest.raises(ConfigError) as raised:
        gym.make(POINTS24, num_cards=0)
    assert not isinstance(raised.value, TypeError)


@pytest.mark.parametrize(
    ("task", "options", "message"),
    [
        (POINTS24, {"cards": ["Z9", "1H", "2H", "3H"]}, r"options\['cards'\] holds 'Z9', which is not a card"),
        (POINTS24, {"cards": ["1H", "2H", "3H", "4H"]}, r"holds '1H', which is not a card; write a rank \(A, 2"),
        (POINTS24, {"cards": ["AH", "2H", "3H", "4H", "5H"]}, r"options\['cards'\] must be 4 card codes .*got \['AH'"),
        (POINTS24, {"cards": [Card("Z", "hearts")] * 4}, r"options\['cards'\] holds Card\(rank='Z'"),
        (POINTS24, {"cards": "AH2H"}, r"options\['cards'\] must be 4 card codes"),
        (
            POINTS24,
            {"card": ["AH"]},
            r"a key of options must be one of 'cards', 'target'; got 'card'\. Did you mean 'cards'",
        ),
        (POINTS24, ["AH"], r"options must be a dict or None, got \['AH'\]"),
        (NUMBER_LINE, {"target": 6}, r"options\['target'\] must be an int from 0 to 5, got 6"),
        (NUMBER_LINE, {"target": 3, "position": 3}, r"two different numbers, got position and target 3"),
        (BLACKJACK, {"player": ["AH"]}, r"options\['player'\] must be 2 card codes"),
    ],
)
def test_a_wrong_option_is_named(task, options, message):
    env = gym.make(task, disable_env_checker=True)
    with pytest.raises(ConfigError, match=message):
        env.reset(options=options)


def test_a_seed_may_be_an_int_of_numpy():
    env = gym.make(POINTS24, disable_env_checker=True)
    assert (env.reset(seed=np.int64(3))[0] == env.reset(seed=3)[0]).all()


def test_the_task_of_an_id_cannot_be_another():
    with pytest.raises(ConfigError, match="there is no task"):
        gym.make(POINTS24, task="x")


def test_text_play_around_a_wrapper_is_refused():
    with pytest.raises(ConfigError, match="TextPlay needs a task of vlm_gym without wrappers"):
        TextPlay(gym.make(POINTS24))


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
@pytest.mark.parametrize("seed", ["3", 3.0, -1, True])
def test_a_seed_must_be_an_int(task, seed):
    with pytest.raises(ConfigError, match=rf"seed must be None or an int >= 0, got {seed!r}"):
        gym.make(task, disable_env_checker=True).reset(seed=seed)


@pytest.mark.parametrize("action", [2, -1, 1.0, "hit", None, True])
def test_an_action_out_of_range_is_named(action):
    env = gym.make(BLACKJACK, disable_env_checker=True)
    env.reset(seed=0)
    with pytest.raises(ConfigError, match="action must be an int from 0 to 1, got"):
        env.step(action)


@pytest.mark.parametrize("answer", [1, None, b"hit", ["hit"]])
def test_an_answer_must_be_a_text(answer):
    env = gym.make(BLACKJACK, parser="json", disable_env_checker=True)
    env.reset(seed=0)
    with pytest.raises(ConfigError, match="an answer must be a str, got"):
        env.step(answer)


@pytest.mark.parametrize("task", ONE_OF_EACH_KIND)
def test_a_step_before_the_first_reset_raises(task):
    for env in (gym.make(task, disable_env_checker=True), gym.make(task, disable_env_checker=True).unwrapped):
        with pytest.raises(gym.error.ResetNeeded):
            env.step(env.action_space.sample())


@pytest.mark.parametrize("parser", [None, "json"])
def test_a_step_after_the_end_raises(parser):
    env = gym.make(BLACKJACK, parser=parser, disable_env_checker=True)
    stand = 0 if parser is None else "stand"
    env.reset(seed=0)
    assert env.step(stand)[2]
    with pytest.raises(gym.error.ResetNeeded, match="the episode has ended"):
        env.step(stand)
    env.reset()
    env.step(stand)


@pytest.mark.parametrize("target", [10**9, 9_999, 9_997])
def test_a_target_that_no_deal_makes_is_refused_within_seconds(target):
    start = time.monotonic()
    with pytest.raises(ConfigError, match=f"no 4 cards make target={target}"):
        gym.make(POINTS24, target=target, solvable=True)
    assert time.monotonic() - start < 30  # a hang is the failure, not a slow machine


def test_an_unknown_id_gets_a_suggestion():
    with pytest.raises(gym.error.NameNotFound, match="Did you mean: `Points24`"):
        gym.make("vlm_gym/Point24-v0")


@pytest.mark.parametrize("task", [NUMBER_LINE, POINTS24, FORMULA, BLACKJACK])
@given(answer=st.text(st.characters(codec=None)))
def test_no_text_raises(task, answer):
    env = gym.make(task, parser="json", disable_env_checker=True)
    env.reset(seed=0)
    env.step(answer)


@pytest.mark.parametrize(
    ("task", "parser"),
    [
        (task, parser)
        for task in (NUMBER_LINE, POINTS24, FORMULA, BLACKJACK, HOUSEHOLD)
        for parser in ("json", "tagged", "paper")
        if (task, parser) != (FORMULA, "paper")  # which is refused
    ],
)
@pytest.mark.parametrize(
    "answer",
    ["", "\x00", "\ud800", "{" * 10_000, '{"formula": "' + "9" * 10_000 + '"}', '{"formula": "1/0+2*3"}', "9**9**9**9"],
)
def test_hostile_answers_are_faults_or_illegal_moves(task, parser, answer):
    env = gym.make(task, parser=parser, disable_env_checker=True)
    env.reset(seed=0)
    *_, info = env.step(answer)
    assert info["fault"] or info["illegal"] or parser == "paper"  # which takes a 9 for a 9
