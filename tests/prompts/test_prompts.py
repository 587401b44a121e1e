"""Every prompt is a golden file: any change of its words shows up in the diff.

`VLM_GYM_UPDATE_GOLDEN=1 pytest tests/prompts` writes the files anew.
"""

import json
import os
from itertools import product
from pathlib import Path

import gymnasium as gym
import pytest

GOLDEN = Path(__file__).parent / "golden"
STARTS = {
    "NumberLine-v0": {"position": 1, "target": 4},
    "NumberLine-Planning-L1-v0": {"position": 4, "target": 18},
    "NumberLine-Planning-L3-v0": {"position": 57, "target": 87},
    "NumberLine-Course-L1-v0": {"position": 1, "target": 4},
    "NumberLine-Course-L2-v0": {"position": 1, "target": 4},
    "NumberLine-Course-L3-v0": {"position": 1, "target": 4},
    "EZPoints-v0": {"cards": ["3H", "QS"]},
    "Points24-v0": {"cards": ["3H", "8S", "AC", "KD"]},
    "Points24-FaceRank-v0": {"cards": ["3H", "8S", "AC", "KD"]},
    "EZPointsFormula-v0": {"cards": ["3H", "QS"]},
    "Points24Formula-v0": {"cards": ["3H", "8S", "AC", "KD"]},
    "EZPointsFormula-v1": {"cards": ["3H", "QS"]},
    "Points24Formula-v1": {"cards": ["3H", "8S", "AC", "KD"]},
    "Points24-Calculating-L1-v0": {"cards": ["3H", "8S", "AC", "KD"], "target": 17},
    "Points24-Calculating-L2-v0": {"cards": ["3H", "8S", "AC", "KD", "2H"], "target": 17},
    "Points24Formula-Calculating-L3-v0": {"cards": ["3H", "8S", "AC", "KD", "2H", "5S"], "target": 77},
    "Points24-Planning-L2-v0": {"cards": ["8H", "8S", "3C", "3D"]},
    "Points24-Course-L1-v0": {"cards": ["3H", "8S", "AC", "KD"]},
    "Points24-Course-L2-v0": {"cards": ["3H", "8S", "AC", "KD"]},
    "Points24-Course-L3-v0": {"cards": ["3H", "8S", "AC", "KD"], "target": 17},
    "Points24Formula-Course-L2-v0": {"cards": ["3H", "8S", "AC", "KD"]},
    "Points24Formula-Course-L3-v0": {"cards": ["3H", "8S", "AC", "KD"], "target": 17},
    "Blackjack-v0": {"player": ["10H", "6S"], "dealer": ["9C", "QD"]},
    "Blackjack-SuttonBarto-v0": {"player": ["10H", "6S"], "dealer": ["9C", "QD"]},
    "Blackjack-Course-L1-v0": {"player": ["10H", "AS"], "dealer": ["9C", "QD"]},
    "Blackjack-Course-L2-v0": {"player": ["10H", "6S"], "dealer": ["9C", "QD"]},
    "Blackjack-Course-L3-v0": {"player": ["10H", "6S"], "dealer": ["9C", "QD"]},
    "Blackjack-Remembering-L1-v0": {"player": ["10H", "6S"], "dealer": ["9C", "QD"]},
    "Household-v0": {"task_type": "heat"},
    "Household-v1": {"task_type": "heat"},
    "Household-Remembering-L1-v0": {"task_type": "heat"},
    "Household-Remembering-L3-v0": {"task_type": "heat"},
}
LATER = {"Blackjack-Remembering-L1-v0": "deal"}
"""Tasks whose prompt changes with an action."""
FORMS = (
    ("cot", "json"),
    ("cot", "tagged"),
    ("action_only", "json"),
    ("action_only", "tagged"),
    ("paper", "json"),
    ("cot", "tool"),
    ("action_only", "tool"),
)


def start(task, **arguments):
    env = gym.make(f"vlm_gym/{task}", disable_env_checker=True, **arguments)
    return env, env.reset(seed=0, options=STARTS[task])[1]


@pytest.mark.parametrize(("task", "form"), list(product(STARTS, FORMS)), ids=str)
def test_a_prompt_is_its_golden_file(task, form):
    style, parser = form
    env, info = start(task, prompt=style, parser=parser)
    compare_with_golden(info["prompt"], f"{task}.{style}.{parser}.txt")
    if task in LATER:
        later = env.unwrapped.play(LATER[task])[-1]["prompt"]
        compare_with_golden(later, f"{task}+{LATER[task]}.{style}.{parser}.txt")


def compare_with_golden(prompt, name):
    path = GOLDEN / name
    if "VLM_GYM_UPDATE_GOLDEN" in os.environ:
        path.parent.mkdir(exist_ok=True)
        path.write_text(prompt + "\n", encoding="utf-8")
    assert prompt + "\n" == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over():
    names = [*STARTS, *(f"{task}+{action}" for task, action in LATER.items())]
    assert {path.name for path in GOLDEN.iterdir()} == {
        f"{name}.{style}.{parser}.txt" for name, (style, parser) in product(names, FORMS)
    }


@pytest.mark.parametrize("task", [task for task in STARTS if "Household" not in task and "Course" not in task])
@pytest.mark.parametrize("style", ["cot", "action_only"])
def test_a_prompt_does_not_read_the_picture_to_the_player(task, style):
    """The picture alone holds the state: two starts have the same prompt."""
    env, info = start(task, prompt=style)
    assert {env.reset(seed=seed)[1]["prompt"] for seed in range(5)} == {info["prompt"]}


def test_the_papers_prompt_holds_the_formula_so_far():
    env, info = start("EZPoints-v0", prompt="paper", parser="json")
    assert "the current formula is ''" in info["prompt"]
    env.step(json.dumps({"action": "3"}))
    assert "the current formula is '3+'" in env.step(json.dumps({"action": "+"}))[-1]["prompt"]


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ("NumberLine-v0", "A number line from 0 to 5. Target: 4. Current: 1."),
        ("EZPoints-v0", "Cards: 3 of hearts, Q of spades. Target: 12. Formula: (empty)."),
        ("Blackjack-v0", "Dealer: 9 of clubs, a card face down. You: 10 of hearts, 6 of spades."),
    ],
)
def test_the_picture_in_words(task, words):
    assert start(task)[1]["observation_text"] == words


def test_a_formulas_value_is_said_on_a_retry():
    env, _ = start("Points24Formula-v0", attempts=3)
    *_, info = env.step('{"formula": "3 * 8 + 1 + 10"}')
    assert info["observation_text"].endswith("Target: 24. Formula: 3 * 8 + 1 + 10 = 35.")
    *_, info = env.step('{"formula": "10 / (3 * 1 - 8) "}')
    assert info["observation_text"].endswith("Formula: 10 / ( 3 * 1 - 8 ) = -2.")
