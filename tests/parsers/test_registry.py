"""Parsers by name."""

import pytest

from vlm_gym.errors import ConfigError
from vlm_gym.parsers import PARSERS, get_parser


@pytest.mark.parametrize("name", PARSERS)
def test_a_parser_is_found_by_its_name(name: str) -> None:
    assert get_parser(name) is PARSERS[name]


@pytest.mark.parametrize("name", ["jsn", "", None, 3, ["json"]])
def test_an_unknown_name_is_refused_with_the_choices(name: object) -> None:
    with pytest.raises(ConfigError, match="parser must be one of 'json', 'tagged', 'paper'; got"):
        get_parser(name)


def test_a_misspelt_name_is_answered_with_the_closest_one() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'tagged'"):
        get_parser("tagge")
