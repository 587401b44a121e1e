"""VAGEN: tasks as an environment of its registry, for its agent loop with one growing context or one turn at a time.

Install:  VAGEN from its repository, then pip install vlm-gym beside it
Run:      copy this file to where VAGEN's processes import it, and add to VAGEN's configs/env_registry.yaml:

              env_registry:
                VlmGym: vagen_environment.VlmGymImageEnv

          and to the data file of your run: {name: VlmGym, config: {task: vlm_gym/Points24-v0}}

`config` may also have `arguments` and `options` of the task, `parser`, and `settings` of vlm_gym.ChatSettings. A seed
of VAGEN's decides the start. Tried against the base class only, as it stood in November 2026: VAGEN is not on PyPI.
"""

from vagen.envs.gym_image_env import GymImageEnv  # in newer ones vagen.envs._common.gym_image

from vlm_gym import ChatSettings, EpisodeSpec, Rollout
from vlm_gym.messages import to_placeholders


class VlmGymImageEnv(GymImageEnv):
    """One task, episode after episode."""

    def __init__(self, env_config):
        super().__init__(env_config)
        self._settings = ChatSettings.from_plain(env_config.get("settings", {}))
        self._rollout = Rollout(self._settings, parser=env_config.get("parser"), append_only=True)

    async def system_prompt(self):
        """Return the system message; a task's rules come with each question, so it may be short."""
        return {"obs_str": self._settings.system or "You play by looking at pictures."}

    async def reset(self, seed):
        """Begin the episode of a seed."""
        config = self.config
        spec = EpisodeSpec(config["task"], seed, config.get("arguments", {}), config.get("options"))
        step = self._rollout.start(spec)
        return _observation(step), {"success": False}

    async def step(self, action_str):
        """Play an answer; at the end `info["traj_metrics"]` is what `vlm-gym eval` counts."""
        step = self._rollout.answer(action_str)
        info = {
            "success": bool(step.info["is_success"]),
            "truncated": step.is_truncated and not step.is_terminated,
            "format_correct": step.info["fault"] is None,
            "traj_metrics": self._rollout.metrics(),
        }
        return _observation(step), step.reward, step.is_over, info

    async def close(self):
        """Close the task."""
        self._rollout.close()


def _observation(step):
    told, pictures = to_placeholders(message for message in step.news if message.role == "user")
    words = "\n".join(message["content"] for message in told)
    return {"obs_str": words, "multi_modal_input": {"<image>": pictures}} if pictures else {"obs_str": words}
