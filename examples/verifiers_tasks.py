"""verifiers: a taskset of your own, here training starts of one task, which no panel has.

Install:  pip install 'vlm-gym[verifiers]'
Run:      PYTHONPATH=. vf-eval verifiers_tasks --env.taskset.task-id vlm_gym/Points24-v0 -m MODEL --no-push

Panels need no file: `vf-eval vlm_gym_verifiers --env.taskset.panel cards-v0 -m MODEL --no-push`. Training with prime-rl
takes the same name (`id = "verifiers_tasks"`).
"""

from collections.abc import Iterator

import verifiers.v1 as vf

from vlm_gym import EpisodeSpec
from vlm_gym.adapters.verifiers import EpisodeTask, PlayConfig, TellConfig, VlmGymEnv, to_task

__all__ = ["Play", "TrainingStarts"]


class StartsConfig(TellConfig):
    """Options `--env.taskset.*`, beside those of how a task is told."""

    task_id: str = "vlm_gym/NumberLine-v0"
    starts: int = 100


class TrainingStarts(vf.Taskset[EpisodeTask, StartsConfig]):
    """The first so many seeds of a task."""

    def load(self) -> Iterator[EpisodeTask]:
        """Yield them."""
        for seed in range(self.config.starts):
            yield to_task(EpisodeSpec(self.config.task_id, seed), self.config)


class Play(VlmGymEnv, vf.Env[PlayConfig]):
    """What plays them."""
