r"""Tasks as environments of GEM.

    import gem
    gem.register("vlm_gym:Points24", "vlm_gym.adapters.gem:VlmGymEnv", task="vlm_gym/Points24-v0")
    env = gem.make("vlm_gym:Points24")
    observation, info = env.reset(seed=1)   # {"prompt": "<image>\n...", "image": [PIL image]}

`reset(seed=...)` decides the episode. GEM's vector environments replace the last info at their same-step reset; what an
episode came to is therefore in the info of its last step too, under "metrics". Written for gem-llm 0.1.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from vlm_gym.adapters import needs
from vlm_gym.chat import ChatSettings
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.messages import to_placeholders
from vlm_gym.rollout import Rollout, Step

with needs("gem"):
    import gem


class VlmGymEnv(gem.Env):
    """A task, episode after episode. Actions are answers in text.

    Args:
        task: A registered id.
        seed: Of the first episode that is begun without one; later ones follow from it.
        options: Options of every reset.
        parser: What reads the answers; None for "json".
        settings: How the task is told; all past turns stay.
        arguments: Further arguments of `gym.make`.

    Raises:
        ConfigError: if an argument is wrong.
    """

    def __init__(
        self,
        task: str,
        seed: int | None = None,
        options: dict[str, Any] | None = None,
        parser: str | None = None,
        settings: ChatSettings | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__()
        self._spec = EpisodeSpec(task, 0 if seed is None else seed, arguments, options)
        self._rollout = Rollout(settings or ChatSettings(), parser=parser, append_only=True)
        self._num_episodes = 0
        self._chance = np.random.default_rng(seed)  # of random actions, apart from the task's own

    def reset(self, seed: int | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode. GEM's own reset is not called: it would seed the whole process."""
        if seed is not None:
            self._spec, self._num_episodes = replace(self._spec, seed=seed), 0
        step = self._rollout.start(replace(self._spec, seed=self._spec.seed + self._num_episodes))
        self._num_episodes += 1
        return _observation(step), self._info(step)

    def step(self, action: str) -> tuple[dict[str, Any], float, bool, bool, dict[str, Any]]:
        """Play an answer."""
        step = self._rollout.answer(action)
        return _observation(step), step.reward, step.is_terminated, step.is_truncated, self._info(step)

    def sample_random_action(self) -> str:
        """Return an answer that plays a random action."""
        session = self._rollout.session
        actions = session.task.actions
        return session.parser.write(actions.sample(self._chance), actions)

    def spawn(self, same_state: bool = False, **kwargs: Any) -> "VlmGymEnv":
        """Return another environment of the same task.

        Raises:
            NotImplementedError: for `same_state`: an episode cannot be copied, only begun again from its seed.
        """
        if same_state:
            raise NotImplementedError("an episode cannot be copied: spawn without same_state and reset with its seed")
        spec = self._spec
        return VlmGymEnv(spec.task, **{"seed": spec.seed, "options": spec.options, **spec.arguments, **kwargs})

    def close(self) -> None:
        """Close the task."""
        self._rollout.close()

    def _info(self, step: Step) -> dict[str, Any]:
        return {**step.info, "metrics": self._rollout.metrics()}


def _observation(step: Step) -> dict[str, Any]:
    """Return what is to be answered; empty at the end."""
    told, pictures = to_placeholders(step.news)
    return {"prompt": "\n".join(message["content"] for message in told), "image": pictures}
