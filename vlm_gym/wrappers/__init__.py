"""Wrappers that know this suite."""

from vlm_gym.wrappers.shaping import PotentialShaping
from vlm_gym.wrappers.text import TextPlay

__all__ = ["PotentialShaping", "TextPlay"]
