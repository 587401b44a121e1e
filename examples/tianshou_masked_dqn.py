"""tianshou: DQN that chooses among legal actions only.

Install:  pip install vlm-gym tianshou torch
Run:      python examples/tianshou_masked_dqn.py
          python examples/tianshou_masked_dqn.py --env vlm_gym/EZPoints-v0 --steps 50000

tianshou's Q-learning looks for the mask in the observation: `MaskedObservation(env, "tianshou")`. Its buffers stack
what is in `info`, which must be numbers then: `info="numeric"`. Pictures of bytes take a quarter of the memory of
floats, so the network scales them. Choose image_size=84, and environments in this process for card tasks; for
household tasks `SubprocVectorEnv`.

Printed (77 s of CPU time on two shared, busy cores of an AMD EPYC, 2026-11-29):

    masked DQN on vlm_gym/NumberLine-v0, 600 steps
    success before 50 %, after 100 %
"""

import argparse

import gymnasium as gym
import numpy as np
import torch
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Batch, Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.trainer import OffPolicyTrainerParams
from torch import nn

import vlm_gym  # noqa: F401  # registers the tasks
from vlm_gym.wrappers import MaskedObservation

NUM_ENVS = 8


class Network(nn.Module):
    """Q values of all actions from pictures, (B, 84, 84, 3) uint8."""

    def __init__(self, num_actions):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 16, 8, stride=4), nn.ReLU(), nn.Conv2d(16, 32, 4, stride=2), nn.ReLU(), nn.Flatten(),
            nn.Linear(32 * 9 * 9, 128), nn.ReLU(), nn.Linear(128, num_actions),
        )  # fmt: skip

    def forward(self, obs, state=None, info=None):  # tianshou's signature
        """Return (Q values, state)."""
        pictures = torch.as_tensor(np.asarray(obs)).permute(0, 3, 1, 2).float() / 255
        return self.layers(pictures), state


def make(env):
    """Make the task with the mask in its observation."""
    return MaskedObservation(gym.make(env, image_size=84, info="numeric"), "tianshou")


def success(policy, env, num_episodes):
    """Return the share of episodes that the greedy policy solves, on starts of their own."""
    task, num_solved = make(env), 0
    for episode in range(num_episodes):
        observation, info = task.reset(seed=1_000_000 + episode)
        is_over = False
        while not is_over:
            batch = Batch(obs=Batch({name: value[None] for name, value in observation.items()}), info={})
            with torch.no_grad():
                action = policy(batch).act[0]
            observation, _, terminated, truncated, info = task.step(action)
            is_over = terminated or truncated
        num_solved += info["is_success"]
    return num_solved / num_episodes


def main():
    """Train, and say what it brought."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="vlm_gym/NumberLine-v0")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--episodes", type=int, default=100, help="played before and after")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    np.random.seed(options.seed)  # noqa: NPY002  # tianshou explores with it
    torch.manual_seed(options.seed)
    task = make(options.env)
    policy = DiscreteQLearningPolicy(
        model=Network(task.action_space.n), action_space=task.action_space, observation_space=task.observation_space,
        eps_training=0.2,
    )  # fmt: skip
    algorithm = DQN(policy=policy, optim=AdamOptimizerFactory(lr=5e-4), gamma=0.9, target_update_freq=200)
    before = success(policy, options.env, options.episodes)
    envs = DummyVectorEnv([lambda: make(options.env)] * NUM_ENVS)
    envs.seed(options.seed)
    collector = Collector(algorithm, envs, VectorReplayBuffer(10_000, NUM_ENVS), exploration_noise=True)
    collector.reset()
    collector.collect(n_step=min(500, options.steps))
    algorithm.run_training(
        OffPolicyTrainerParams(
            training_collector=collector, max_epochs=1, epoch_num_steps=options.steps, batch_size=64,
            collection_step_num_env_steps=NUM_ENVS, update_step_num_gradient_steps_per_sample=0.25,
            show_progress=False, verbose=False,
        )
    )  # fmt: skip
    after = success(policy, options.env, options.episodes)
    print(f"masked DQN on {options.env}, {options.steps} steps")
    print(f"success before {100 * before:.0f} %, after {100 * after:.0f} %")


if __name__ == "__main__":
    main()
