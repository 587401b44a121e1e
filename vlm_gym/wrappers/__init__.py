"""Wrappers that know this suite."""

from vlm_gym.wrappers.numeric_info import NumericInfo
from vlm_gym.wrappers.shaping import PotentialShaping
from vlm_gym.wrappers.text import ReadAnswer, TextPlay
from vlm_gym.wrappers.turn_limit import TurnLimit

__all__ = ["NumericInfo", "PotentialShaping", "ReadAnswer", "TextPlay", "TurnLimit"]
