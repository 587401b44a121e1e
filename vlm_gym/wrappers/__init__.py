"""Wrappers that know this suite."""

from vlm_gym.wrappers.float_picture import FloatPicture
from vlm_gym.wrappers.masked_observation import MaskedObservation
from vlm_gym.wrappers.numeric_info import NumericInfo
from vlm_gym.wrappers.prompt_observation import PromptObservation
from vlm_gym.wrappers.shaping import PotentialShaping
from vlm_gym.wrappers.text import ReadAnswer, TextPlay
from vlm_gym.wrappers.turn_limit import TurnLimit

__all__ = [
    "FloatPicture",
    "MaskedObservation",
    "NumericInfo",
    "PotentialShaping",
    "PromptObservation",
    "ReadAnswer",
    "TextPlay",
    "TurnLimit",
]
