"""Named reward terms: what each event of a game pays."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from vlm_gym.errors import ConfigError, did_you_mean

FAULT_REWARD: Final = -1.0  # what an unreadable answer costs


@dataclass(frozen=True)
class RewardTerms:
    """The terms of a task and their weights.

    Attributes:
        owner: Name of the task's class, for messages.
        weights: What one event of each name pays.
    """

    owner: str
    weights: Mapping[str, float]

    @classmethod
    def merge(cls, owner: str, weights: Mapping[str, float], changes: Mapping[str, float]) -> "RewardTerms":
        """Return a task's own terms and `fault`, with some weights changed.

        Raises:
            ConfigError: if `changes` names a term that does not exist, or a weight is not a finite number.
        """
        known = {**weights, "fault": FAULT_REWARD}
        for name, weight in changes.items():
            if name not in known:
                listed = ", ".join(known)
                raise ConfigError(
                    f"rewards names the term {name!r}; the terms are {listed}.{did_you_mean(name, known)}"
                )
            if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
                raise ConfigError(f"rewards[{name!r}] must be a finite number, got {weight!r}")
            known[name] = weight
        return cls(owner, known)

    def pay(self, events: Mapping[str, float]) -> dict[str, float]:
        """Return what each term pays for the events of a turn.

        Every term is there in every turn, and a float: a vector environment takes the type of all from one of them.

        Raises:
            ConfigError: if an event has no weight.
        """
        paid = self._nothing.copy()
        for name, times in events.items():
            if name not in paid:
                self._refuse(events)
            paid[name] = float(self.weights[name] * times)
        return paid

    @cached_property
    def _nothing(self) -> dict[str, float]:
        """What a turn without events pays."""
        return dict.fromkeys(self.weights, 0.0)

    def _refuse(self, events: Mapping[str, float]) -> None:
        name = next(name for name in events if name not in self.weights)
        listed = ", ".join(self.weights)
        raise ConfigError(
            f"a turn of {self.owner} has the event {name!r}, which has no weight: name it in reward_weights; "
            f"the terms are {listed}.{did_you_mean(name, self.weights)}"
        )
