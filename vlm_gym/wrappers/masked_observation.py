"""The mask of legal actions as a part of the observation, as libraries that mask actions look for it."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import gymnasium as gym
import numpy as np

from vlm_gym.errors import ConfigError, check_choice
from vlm_gym.wrappers.checks import check_task

Form = Literal["rllib", "tianshou"]

_KEYS: Final[Mapping[str, tuple[str, str, type]]] = {  # of the mask, of what was the observation, and the mask's type
    "rllib": ("action_mask", "observations", np.float32),
    "tianshou": ("mask", "obs", np.int8),
}


class MaskedObservation(gym.Wrapper[dict[str, Any], Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Puts `info["action_mask"]` beside the observation: 1 for a legal action, 0 for one that breaks a rule.

    After the end of an episode nothing is legal, and the mask is all 0.

    Args:
        env: A task with a `Discrete` action space, with or without other wrappers.
        form: "rllib" gives `Dict(action_mask=Box(0, 1, (n,), float32), observations=...)`, which RLlib's RLModules for
            action masking take; "tianshou" `Dict(mask=Box(0, 1, (n,), int8), obs=...)`, which its Q-learning looks for.

    Raises:
        ConfigError: if the env is not a task of vlm_gym or is played in text.
    """

    def __init__(self, env: gym.Env[Any, Any], form: Form) -> None:
        gym.utils.RecordConstructorArgs.__init__(self, form=form)
        gym.Wrapper.__init__(self, env)
        check_choice("form", form, _KEYS)
        check_task(self, env)
        if not isinstance(env.action_space, gym.spaces.Discrete):
            raise ConfigError(
                f"MaskedObservation needs a Discrete action space, got {env.action_space!r}: text play has no mask"
            )
        self.form = form
        self._mask_key, self._key, self._dtype = _KEYS[form]
        mask = gym.spaces.Box(0, 1, (int(env.action_space.n),), self._dtype)
        self.observation_space = gym.spaces.Dict({self._mask_key: mask, self._key: env.observation_space})

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Start an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self._masked(observation, info), info

    def step(self, action: Any) -> tuple[dict[str, Any], Any, bool, bool, dict[str, Any]]:
        """Play an action."""
        observation, reward, is_terminated, is_truncated, info = self.env.step(action)
        return self._masked(observation, info), reward, is_terminated, is_truncated, info

    def _masked(self, observation: Any, info: Mapping[str, Any]) -> dict[str, Any]:
        return {self._mask_key: np.array(info["action_mask"], self._dtype), self._key: observation}
