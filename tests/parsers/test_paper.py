"""The published rule, defects included. Each expectation was worked out from the published code."""

import pytest
from recipes import HOUSEHOLD, VOCABULARIES

from vlm_gym.games.blackjack import ACTIONS
from vlm_gym.parsers import Fault, Parsed, Unparsed, find_parser

PAPER = find_parser("paper")


def test_ten_is_told_from_one_but_eleven_is_not() -> None:
    points = VOCABULARIES["points24"]

    assert PAPER.parse('{"action": "10"}', points) == Parsed("10", (12, 14))
    assert PAPER.parse('{"action": "11"}', points) == Parsed("1", (12, 13))
    assert PAPER.parse('{"action": "101"}', points) == Unparsed(Fault.AMBIGUOUS, "'10, 1'")


def test_a_space_before_the_colon_leaves_the_last_character() -> None:
    assert PAPER.parse('{"action" : "hit"}', ACTIONS) == Unparsed(Fault.NO_ACTION, "'}'")
    assert PAPER.parse('{"action" : "="', VOCABULARIES["ezpoints"]) == Unparsed(Fault.NO_ACTION, "'\"'")
    assert PAPER.parse("3+4=", VOCABULARIES["ezpoints"]) == Parsed("=", (3, 4))


def test_no_alias_is_known() -> None:
    assert PAPER.parse('{"action": "stick"}', ACTIONS).fault is Fault.NO_ACTION


def test_a_command_that_begins_like_another_is_executed_as_that_one() -> None:
    assert PAPER.parse('{"action": "go to cabinet 12"}', HOUSEHOLD) == Parsed("go to cabinet 1", (12, 27))


def test_letters_that_grow_when_lowered_do_not_shift_the_span() -> None:
    assert PAPER.parse('İİİ "action": "HIT"', ACTIONS) == Parsed("hit", (15, 18))


@pytest.mark.parametrize("text", ["", " \n"])
def test_nothing_is_empty(text: str) -> None:
    assert PAPER.parse(text, ACTIONS) == Unparsed(Fault.EMPTY)
