"""The answer formats by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vlm_gym.errors import check_choice
from vlm_gym.parsers.base import Parser
from vlm_gym.parsers.json_answer import JsonParser
from vlm_gym.parsers.paper import PaperParser
from vlm_gym.parsers.tagged import TaggedParser

PARSERS: Final[Mapping[str, Parser]] = MappingProxyType(
    {"json": JsonParser(), "tagged": TaggedParser(), "paper": PaperParser()}
)


def get_parser(name: object) -> Parser:
    """Return the parser called `name`; raise ConfigError if there is none."""
    check_choice("parser", name, PARSERS)
    return PARSERS[str(name)]
