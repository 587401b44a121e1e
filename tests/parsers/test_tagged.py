"""What the tagged parser tells beside the action, and what it writes."""

import pytest
from recipes import VOCABULARIES

from vlm_gym.errors import ConfigError
from vlm_gym.games.blackjack import ACTIONS
from vlm_gym.parsers import Parsed, find_parser

TAGGED = find_parser("tagged")


def test_thinking_is_told_as_it_stands_and_other_tags_are_fields() -> None:
    verdict = TAGGED.parse("<hand>12</hand><think>\n12 &lt; 17\n</think><answer>Hit</answer>", ACTIONS)

    assert verdict == Parsed("hit", (50, 53), thoughts="\n12 < 17\n", fields={"hand": "12"})


def test_fields_come_first_then_thinking_then_the_answer() -> None:
    text = TAGGED.write("hit", ACTIONS, thoughts="12 < 17", fields={"Hand": "12"})

    assert text == "<hand>12</hand><think>12 < 17</think><answer>hit</answer>"


def test_an_answer_without_thoughts_has_no_thinking() -> None:
    assert TAGGED.write("stand", ACTIONS) == "<answer>stand</answer>"


def test_tags_in_thoughts_are_written_so_that_they_are_none() -> None:
    thoughts = "a </think> b <answer>hit</answer> &lt; ◁/think▷"

    text = TAGGED.write("stand", ACTIONS, thoughts)

    assert text.count("</think>") == text.count("<answer>") == 1
    assert TAGGED.parse(text, ACTIONS).thoughts == thoughts


def test_a_field_needs_a_name_that_can_be_a_tag() -> None:
    with pytest.raises(ConfigError, match="got 'current formula'"):
        TAGGED.write("hit", ACTIONS, fields={"current formula": "1+"})


@pytest.mark.parametrize(
    ("task", "words", "could_go_on"),
    [
        ("points24", "1", True),
        ("points24", "10", False),
        ("blackjack", "stand", False),
        ("blackjack", "hit", False),  # "hit me" is the same action
        ("household", "Go to cabinet 1", True),
        ("household", "go to cabinet 12", False),
        ("household", "look", True),
        ("points24_formula", "1 + 2", True),
    ],
)
def test_a_vocabulary_knows_whether_an_action_could_go_on(task: str, words: str, could_go_on: bool) -> None:
    assert VOCABULARIES[task].could_go_on(words) is could_go_on
