"""The turn limit of every task."""

from dataclasses import replace
from typing import Any, TypeVar

import gymnasium as gym

from vlm_gym.registration import LAST_WRAPPERS

ObsT = TypeVar("ObsT")
ActT = TypeVar("ActT")


class TurnLimit(gym.wrappers.TimeLimit[ObsT, ActT]):
    """Cuts an episode off after so many turns, unless the last of them ended it.

    Gymnasium's `TimeLimit` calls such an episode terminated and truncated. Here it is terminated alone: nothing was cut
    off. `gym.make` puts this in the place of the `TimeLimit` (`vlm_gym.assembly.apply_turn_limit`).
    """

    _elapsed_steps: int  # type: ignore[assignment]  # None before the first reset

    def step(self, action: ActT) -> tuple[ObsT, Any, bool, bool, dict[str, Any]]:
        """Play an action; truncated if the turns are used up and the episode has not ended by itself."""
        picture, reward, is_terminated, is_truncated, info = self.env.step(action)
        is_cut_off = self.count() and not is_terminated
        return picture, reward, is_terminated, is_truncated or is_cut_off, info

    def count(self) -> bool:
        """Count a turn, which may have been played past this wrapper; return whether the turns are used up."""
        self._elapsed_steps += 1
        return self._elapsed_steps >= self._max_episode_steps

    @property
    def spec(self) -> gym.envs.registration.EnvSpec | None:  # type: ignore[override]
        """The env's spec, with the limit, and with what puts this wrapper around the env again."""
        if self._cached_spec is not None:
            return self._cached_spec
        spec = super().spec
        if spec is not None:
            others = spec.additional_wrappers
            spec = replace(spec, additional_wrappers=others + LAST_WRAPPERS if others else LAST_WRAPPERS)
        self._cached_spec = spec
        return spec
