"""AgileRL: a small population of PPO agents that learn on masked actions.

Install:  pip install vlm-gym agilerl peft torch           # agilerl imports peft without asking for it
Run:      python examples/agilerl_ppo.py
          python examples/agilerl_ppo.py --env vlm_gym/Points24-Solvable-v0 --steps 500000

AgileRL takes vector environments of gymnasium, and the mask of legal actions from `infos["action_mask"]` without being
told. Its CNNs want the channels first: `FloatPicture(env, "CHW")`. Choose image_size=84, and "sync" for card tasks,
"async" for household tasks.

Printed (30 s of CPU time on two shared, busy cores of an AMD EPYC, 2026-11-29):

    PPO on vlm_gym/NumberLine-v0, 8000 steps of each of 2 agents
    success of the better one before 71 %, after 100 %
"""

import argparse
from functools import partial

import gymnasium as gym
import numpy as np
import torch
from agilerl.algorithms import PPO
from agilerl.training.train_on_policy import train_on_policy

import vlm_gym  # noqa: F401  # registers the tasks
from vlm_gym.wrappers import FloatPicture

NUM_ENVS, NUM_TURNS = 8, 256
NETWORK = {
    "encoder_config": {"channel_size": [16, 32], "kernel_size": [8, 4], "stride_size": [4, 2]},
    "head_config": {"hidden_size": [128]},
}


def make(env):
    """Make environments in this process, with pictures as floats, (3, 84, 84)."""
    wrappers = [partial(FloatPicture, layout="CHW")]
    return gym.make_vec(env, NUM_ENVS, "sync", wrappers=wrappers, image_size=84, info="numeric")


def success(agent, env, num_episodes):
    """Return the share of episodes that the agent solves, on starts of their own."""
    envs, solved = make(env), []
    observations, infos = envs.reset(seed=1_000_000)
    agent.set_training_mode(False)
    while len(solved) < num_episodes:
        actions = agent.get_action(observations, action_mask=infos["action_mask"])[0]
        observations, _, terminated, truncated, infos = envs.step(actions)
        solved += infos["is_success"][terminated | truncated].tolist()
    agent.set_training_mode(True)
    return float(np.mean(solved))


def main():
    """Train, and say what it brought."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="vlm_gym/NumberLine-v0")
    parser.add_argument("--steps", type=int, default=8_000)
    parser.add_argument("--episodes", type=int, default=100, help="played before and after")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    envs = make(options.env)
    agents = [
        PPO(
            envs.single_observation_space, envs.single_action_space, index=index, net_config=NETWORK, num_envs=NUM_ENVS,
            batch_size=64, learn_step=NUM_TURNS, lr=1e-3, gamma=0.9,
        )
        for index in range(2)
    ]  # fmt: skip
    before = max(success(agent, options.env, options.episodes) for agent in agents)
    agents, _ = train_on_policy(
        envs, options.env, "PPO", agents, max_steps=options.steps, evo_steps=max(NUM_TURNS, options.steps // 4),
        eval_steps=10, verbose=False,
    )  # fmt: skip
    after = max(success(agent, options.env, options.episodes) for agent in agents)
    print(f"PPO on {options.env}, {options.steps} steps of each of {len(agents)} agents")
    print(f"success of the better one before {100 * before:.0f} %, after {100 * after:.0f} %")


if __name__ == "__main__":
    main()
