"""Points games with more that is dealt than cards: targets, rules of the day, a card apart, counted tokens."""

import json

import gymnasium as gym
import pytest

from vlm_gym import ConfigError
from vlm_gym.games.formula import OPEN


def points(**arguments):
    return gym.make("vlm_gym/Points24-v0", disable_env_checker=True, **arguments)


def press(env, *tokens):
    names = env.unwrapped.actions.names
    for token in tokens:
        turn = env.step(names.index(token))
    return turn


def test_a_dealt_target_is_in_the_picture_and_not_in_the_prompt():
    env = points(target="31-39")
    seen = {}
    for seed in range(40):
        picture, info = env.reset(seed=seed, options={"cards": ["7H", "7S", "2C", "KD"]})
        target = env.unwrapped.state.deal.rules.target
        assert 31 <= target <= 39
        assert f"Target: {target}." in info["observation_text"]
        assert not any(str(number) in info["prompt"] for number in range(31, 40))
        seen[target] = picture.tobytes()
    assert len(seen) == 9 == len(set(seen.values()))


def test_the_dealt_target_decides():
    env = points(target="1-30")
    for target, is_right in ((13, True), (24, False)):
        env.reset(seed=0, options={"cards": ["2H", "2S", "4C", "5D"], "target": target})
        assert press(env, *"2+2+4+5=")[-1]["is_success"] is is_right


def test_a_rank_counts_what_the_prompt_says_today():
    env = points(course=1)
    for seed in range(30):
        _, info = env.reset(seed=seed, options={"cards": ["KH", "KS", "4C", "AD"]})
        rank, number = env.unwrapped.state.deal.rules.today
        assert f"every {'ace' if rank == 'A' else rank} counts {number}." in info["prompt"]
        wanted = [number if card == rank else usual for card, usual in zip("KK4A", (10, 10, 4, 1), strict=True)]
        assert list(env.unwrapped.numbers()) == wanted
        assert set(info["admissible_actions"]) == {"(", *map(str, wanted)}


def test_the_card_in_the_tray_is_not_in_the_game():
    env = points(course=2)
    for seed in range(20):
        _, info = env.reset(seed=seed)
        state = env.unwrapped.state
        assert f"In the tray: {state.deal.aside.name}." in info["observation_text"]
        cards = {field.name: field.truth for field in env.unwrapped.readings()}["cards"]
        assert cards == ", ".join(card.name for card in state.cards)


def test_one_of_two_plates_is_the_target():
    env = points(course=3, target="1-30")
    colors = set()
    for seed in range(30):
        _, info = env.reset(seed=seed)
        deal = env.unwrapped.state.deal
        colors.add(deal.color)
        assert deal.other_target != deal.rules.target
        assert f"{deal.color.capitalize()} plate: {deal.rules.target}." in info["observation_text"]
        assert f"the number on the {deal.color} plate" in info["prompt"]
        solution = env.unwrapped.oracle_action()
        while solution is not None:
            info = press(env, solution)[-1]
            solution = env.unwrapped.oracle_action()
        assert info["is_success"] is (env.unwrapped.optimal_value() == 1.0)
    assert colors == {"blue", "orange"}


def test_the_game_is_lost_with_the_last_token():
    env = points(solvable=True, spare_presses=0, least_pairs=1)
    env.reset(seed=0, options={"cards": ["8H", "8S", "3C", "3D"]})
    assert env.unwrapped.state.deal.presses == 10  # 8 / ( 3 - 8 / 3 ) =
    *_, info = press(env, "(")
    assert "Tokens left: 9." in info["observation_text"]
    assert env.unwrapped.oracle_action() is None  # no token is left for a pair that is not needed
    _, reward, terminated, truncated, info = press(env, *"(((((((((")
    assert (reward, terminated, truncated, info["is_success"]) == (-1.0, True, False, False)


def test_an_illegal_press_costs_no_token():
    env = points(solvable=True, spare_presses=0)
    env.reset(seed=1)
    left = env.unwrapped.view().presses_left
    assert press(env, "=")[-1]["illegal"] is not None
    assert env.unwrapped.view().presses_left == left


def test_the_hands_need_the_parentheses_that_they_are_dealt_for():
    env = points(solvable=True, spare_presses=0, least_pairs=1)
    for seed in range(20):
        env.reset(seed=seed)
        tokens = []
        while (action := env.unwrapped.oracle_action()) is not None:
            tokens.append(action)
            *_, info = press(env, action)
        assert info["is_success"]
        assert OPEN in tokens


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"target": "30-1"}, "a range such as '1-30'"),
        ({"target": "24"}, "a range such as '1-30'"),
        ({"target": 24.0}, "target must be an int"),
        ({"course": 4}, "course must be an int from 0 to 3"),
        ({"course": 3}, "course=3 lays two plates, so the target must be dealt"),
        ({"spare_presses": 0}, "need solvable=True"),
        ({"least_pairs": 1}, "need solvable=True"),
        ({"spare_presses": -1, "solvable": True}, "spare_presses must be an int from 0"),
        ({"num_cards": 7}, "num_cards must be an int from 1 to 6"),
        ({"symbols": "+-/()="}, "symbols must be one of"),
        ({"solvable": True, "least_pairs": 2, "num_cards": 2}, "found nothing to deal"),
        ({"symbols": "+*=", "solvable": True, "least_pairs": 1}, r"least_pairs=1 does not go with symbols='\+\*='"),
    ],
    ids=str,
)
def test_wrong_arguments_are_told(arguments, words):
    with pytest.raises(ConfigError, match=words):
        points(**arguments)


def test_an_option_that_cannot_be_dealt_is_told():
    with pytest.raises(ConfigError, match="needs a task whose target is dealt"):
        points().reset(seed=0, options={"target": 24})
    with pytest.raises(ConfigError, match="must be an int from 1 to 30"):
        points(target="1-30").reset(seed=0, options={"target": 31})
    with pytest.raises(ConfigError, match=r"found nothing to deal: .* as the options say"):
        points(solvable=True, spare_presses=0).reset(seed=0, options={"cards": ["AH", "AS", "AC", "AD"]})


def test_a_lone_formula_goes_by_the_days_rules_too():
    env = gym.make("vlm_gym/Points24Formula-Course-L2-v0", disable_env_checker=True)
    wins = 0
    for seed in range(30):
        env.reset(seed=seed)
        solution = env.unwrapped.oracle_action()
        if solution is not None:
            wins += env.step(json.dumps({"formula": solution}))[-1]["is_success"]
    assert wins > 15
