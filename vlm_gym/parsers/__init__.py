"""Words in: text in, Parsed or Unparsed out. Total and pure."""

from vlm_gym.parsers.base import AnswerText, Fault, Parsed, Parser, Unparsed
from vlm_gym.parsers.registry import PARSERS, get_parser

__all__ = ["PARSERS", "AnswerText", "Fault", "Parsed", "Parser", "Unparsed", "get_parser"]
