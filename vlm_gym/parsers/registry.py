"""Parsers by name: those of this package, those that were registered, and those that other packages bring."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from vlm_gym.errors import ConfigError, check_choice
from vlm_gym.parsers.base import Parser
from vlm_gym.parsers.json_answer import JsonParser
from vlm_gym.parsers.paper import PaperParser
from vlm_gym.parsers.tagged import TaggedParser
from vlm_gym.parsers.tool import ToolParser
from vlm_gym.plugins import PARSERS as GROUP
from vlm_gym.plugins import load_plugin, plugin_names, told_of

METHODS: Final = ("describe", "parse", "write", "fill_in", "is_complete")
_parsers: Final[dict[str, Parser]] = {
    "json": JsonParser(),
    "tagged": TaggedParser(),
    "paper": PaperParser(),
    "tool": ToolParser(),
}

PARSERS: Final[Mapping[str, Parser]] = MappingProxyType(_parsers)
"""All parsers that are known now, those of this package first."""


def register_parser(name: str, parser: Parser) -> None:
    """Make a parser known under a name, so that runs and specs, which hold names, can use it.

    Raises:
        ConfigError: if it lacks a method of `Parser`, or the name is taken.
    """
    if not isinstance(name, str) or not name:
        raise ConfigError(f"a parser's name must be a text, got {name!r}")
    if name in _parsers and _parsers[name] is not parser:
        raise ConfigError(f"there is a parser {name!r} already, {_parsers[name]!r}: choose another name")
    _parsers[name] = _checked(f"the parser {name!r}", parser)


def find_parser(parser: object) -> Parser:
    """Return the parser of a name, registered now if an installed package brings it; a parser itself as it is.

    Raises:
        ConfigError: if there is none, or what a package brings is none.
    """
    if not isinstance(parser, str):
        is_named = parser is not None and not isinstance(parser, (int, float, list, tuple, dict))
        return _checked("parser", parser) if is_named else _unknown(parser)
    if parser in _parsers:
        return _parsers[parser]
    found = load_plugin(GROUP, parser) if parser else None
    if found is None:
        return _unknown(parser)
    told = told_of(GROUP, parser)
    register_parser(parser, _checked(told, found() if isinstance(found, type) else found))
    return _parsers[parser]


def _unknown(name: object) -> Parser:
    check_choice("parser", name, dict.fromkeys((*_parsers, *plugin_names(GROUP))))
    raise AssertionError


def _checked(told: str, parser: object) -> Parser:
    """Return a parser; `told` names it in messages."""
    lacking = [name for name in METHODS if not callable(getattr(parser, name, None))]
    if not isinstance(getattr(parser, "closers", None), str):
        lacking.append("closers")
    if lacking:
        raise ConfigError(
            f"{told} must be the name of a parser or a vlm_gym.parsers.Parser; {parser!r} lacks {', '.join(lacking)}"
        )
    return parser  # type: ignore[return-value]
