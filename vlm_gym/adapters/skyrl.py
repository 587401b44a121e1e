"""Tasks for SkyRL's generator, as text environments of skyrl-gym.

    import skyrl_gym
    skyrl_gym.register("vlm_gym", "vlm_gym.adapters.skyrl:VlmGymEnv")

A row of the training data is one of `vlm_gym.rows(panel)` with `env_class="vlm_gym"`; its columns reach the environment
as `extras`. The environment's config (`environment.skyrl_gym.vlm_gym`) may set `parser` and the settings of
`ChatSettings` that an append-only conversation can keep: system, question, show, picture_size, tell_mistakes,
max_reasks. Written for skyrl-gym 0.4.
"""

from collections.abc import Mapping
from typing import Any

from vlm_gym.adapters import needs
from vlm_gym.chat import ChatSettings
from vlm_gym.messages import to_openai
from vlm_gym.rollout import Rollout

with needs("skyrl"):
    from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput


class VlmGymEnv(BaseTextEnv):
    """One episode. Observations are chat messages with their pictures; the metrics are those of `Rollout.metrics`.

    Args:
        env_config: Settings of the conversation, and `parser`.
        extras: The row.

    Raises:
        ConfigError: if a setting or a column is wrong.
    """

    def __init__(self, env_config: Mapping[str, Any] | None = None, extras: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        settings = dict(env_config or {})
        parser = settings.pop("parser", None)
        self._row = dict(extras or {})
        self._rollout = Rollout(ChatSettings.from_plain(settings), parser=parser, append_only=True)

    def init(self, prompt: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Begin the episode; a system message of the row's own prompt is kept, the rest of it is a placeholder."""
        step = self._rollout.start(self._row)
        system = [message for message in prompt or () if message["role"] == "system"]
        return [*system, *to_openai(step.news)], {}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Play an answer."""
        step = self._rollout.answer(action)
        self.turns += not step.is_late
        info = step.info
        return BaseTextEnvStepOutput(
            observations=to_openai(step.news),
            reward=step.reward,
            done=step.is_over,
            metadata={"fault": info["fault"], "illegal": info["illegal"], "success": bool(info["is_success"])},
        )

    def get_metrics(self) -> dict[str, Any]:
        """Return how the episode went."""
        return self._rollout.metrics()

    def close(self) -> None:
        """Close the task."""
        self._rollout.close()
