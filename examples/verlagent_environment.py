"""verl-agent: tasks as an environment manager, for its step-by-step rollout loop and GiGPO.

Install:  verl-agent from its repository, then pip install vlm-gym beside it
Run:      copy this file to where verl-agent imports it, and begin `make_envs` of its env_manager.py with

              if config.env.env_name.startswith("vlm_gym/"):
                  from verlagent_environment import make_managers
                  return make_managers(config)

          then env.env_name=vlm_gym/Points24-v0 env.max_steps=20 env.seed=0 env.rollout.n=8

All environments of a group (env.rollout.n) play one start. Each reset goes on to the next seeds; those of validation
lie elsewhere. Tried against the base class only, as it stood in November 2026: verl-agent is not on PyPI.
"""

import numpy as np
from agent_system.environments.base import EnvironmentManagerBase

from vlm_gym import EpisodeSpec, Rollout
from vlm_gym.messages import to_placeholders

FIRST_VALIDATION_SEED = 500_000_000


def make_managers(config):
    """Return the managers for training and for validation."""
    train = VlmGymEnvironmentManager(
        config, config.data.train_batch_size, max(1, config.env.rollout.n), config.env.seed
    )
    first = FIRST_VALIDATION_SEED + config.env.seed
    return train, VlmGymEnvironmentManager(config, config.data.val_batch_size, 1, first)


class VlmGymEnvironmentManager(EnvironmentManagerBase):
    """Plays `num_groups` starts at once, each `group_size` times."""

    def __init__(self, config, num_groups, group_size, first_seed):
        super().__init__(envs=None, projection_f=None, config=config)
        self._task, self._next_seed = config.env.env_name, first_seed
        self._group_size, self._num_groups = group_size, num_groups
        self._rollouts = [Rollout() for _ in range(num_groups * group_size)]

    def reset(self, kwargs=None):  # verl-agent's signature
        """Begin the next starts."""
        seeds = [self._next_seed + number // self._group_size for number in range(len(self._rollouts))]
        self._next_seed += self._num_groups
        steps = [
            rollout.start(EpisodeSpec(self._task, seed)) for rollout, seed in zip(self._rollouts, seeds, strict=True)
        ]
        return self._observations(), [
            self._info(rollout, step) for rollout, step in zip(self._rollouts, steps, strict=True)
        ]

    def step(self, text_actions):
        """Play an answer in each; where an episode is over it does nothing."""
        pairs = [(rollout, rollout.answer(text)) for rollout, text in zip(self._rollouts, text_actions, strict=True)]
        rewards = np.array([step.reward for _, step in pairs], np.float32)
        dones = np.array([step.is_over for _, step in pairs])
        return self._observations(), rewards, dones, [self._info(rollout, step) for rollout, step in pairs]

    def close(self):
        """Close the tasks."""
        for rollout in self._rollouts:
            rollout.close()

    def _observations(self):
        """Return words with "<image>" and pictures, (B, H, W, 3) uint8. `anchor` tells GiGPO equal states."""
        questions = [rollout.session.question for rollout in self._rollouts]
        texts = [to_placeholders([question])[0][0]["content"] for question in questions]
        pictures = np.stack([question.picture for question in questions])
        return {"text": texts, "image": pictures, "anchor": pictures.copy()}

    def _info(self, rollout, step):
        return {
            "won": bool(step.info["is_success"]),
            "is_action_valid": np.array(step.info["fault"] is None and step.info["illegal"] is None),
            "metrics": rollout.metrics(),
        }
