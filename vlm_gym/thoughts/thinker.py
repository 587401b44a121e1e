"""Who thinks aloud in a task, for data to learn from."""

from abc import ABC, abstractmethod

import numpy as np


class Thinker(ABC):
    """Thinks aloud through one episode of a task. All chance comes from the generators that it is given."""

    def look(self) -> None:  # noqa: B027  # where the picture shows everything there is nothing to remember
        """Take in what the player sees: once a turn, before anything is said."""

    @abstractmethod
    def describe(self, rng: np.random.Generator) -> str:
        """Say what the picture shows."""

    @abstractmethod
    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say what speaks for an action; of one for which nothing does, only that it is chosen."""

    def plan(self, action: str) -> str:  # noqa: ARG002
        """Return an action and what follows it in a solution, in few words; "" where nothing is planned ahead."""
        return ""
