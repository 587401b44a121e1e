"""The action space of text play."""

from typing import Any

import gymnasium as gym

from vlm_gym.actions import Vocabulary
from vlm_gym.parsers.base import Parser


class AnswerSpace(gym.Space[str]):
    """All texts. A sample is a well-formed answer with a random action (without `parser`, the bare action).

    `gymnasium.spaces.Text` has a maximum length and a character set; a model's answer has neither. The vocabulary only
    shapes the samples: the spaces of two tasks that one parser reads are equal, and a vector environment can hold both
    (the samples of its own action space are then answers to the first one's task).
    """

    def __init__(self, actions: Vocabulary, parser: Parser | None = None, seed: int | None = None) -> None:
        super().__init__(shape=None, dtype=None, seed=seed)
        self.actions = actions
        self.parser = parser

    @property
    def is_np_flattenable(self) -> bool:
        """A text has no fixed number of entries."""
        return False

    def sample(self, mask: Any | None = None, probability: Any | None = None) -> str:
        """Draw a well-formed answer."""
        if mask is not None or probability is not None:
            raise gym.error.Error(
                "an AnswerSpace samples without mask or probability; sample the Discrete space instead"
            )
        action = self.actions.sample(self.np_random)
        return action if self.parser is None else self.parser.write(action, self.actions)

    def contains(self, x: Any) -> bool:
        """Whether `x` is a text."""
        return isinstance(x, str)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AnswerSpace):
            return False
        return type(self.parser) is type(other.parser)

    def __hash__(self) -> int:
        return hash((AnswerSpace, type(self.parser)))

    def __repr__(self) -> str:
        return f"AnswerSpace({type(self.parser).__name__ if self.parser else 'bare action'})"
