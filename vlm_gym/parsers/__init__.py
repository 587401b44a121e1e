"""Words in: text in, Parsed or Unparsed out. Total and pure."""

from vlm_gym.parsers.base import AnswerText, Fault, Parsed, Parser, Unparsed
from vlm_gym.parsers.registry import PARSERS, find_parser, register_parser

__all__ = ["PARSERS", "AnswerText", "Fault", "Parsed", "Parser", "Unparsed", "find_parser", "register_parser"]
