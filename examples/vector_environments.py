"""Many environments at once with a model: which prompt to answer, and which reward belongs to which episode.

Install:  pip install vlm-gym
Run:      python examples/vector_environments.py
          python examples/vector_environments.py --task vlm_gym/Points24-v0 --envs 64

When an episode ends, the next one begins by itself, and the modes of Gymnasium differ in when
(docs/vector_environments.md). In "SameStep" every picture and prompt that comes back is one to answer, and what ended
is in `final_obs` and `final_info`. That is the mode to ask a model in, since no answer is thrown away.

Prints:

    8 environments, 40 steps: 320 answers, 234 episodes
    success 25 % of the episodes, mean return -0.44
"""

import argparse

import gymnasium as gym
import numpy as np

import vlm_gym  # noqa: F401  # registers the tasks


def model(pictures, prompts, rng):
    """Stand in for a model: get all pictures (N, H, W, 3) and prompts in one batch, and answer each in text."""
    answers = []
    for _picture, prompt in zip(pictures, prompts, strict=True):
        actions = prompt.rsplit("The action is ", 1)[1].rstrip(".").replace(" or ", ", ").split(", ")
        answers.append(f'{{"thoughts": "I guess.", "action": {actions[rng.integers(len(actions))]}}}')
    return answers


def main():
    """Play, and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="vlm_gym/Blackjack-v0")
    parser.add_argument("--envs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    envs = gym.make_vec(
        options.task,
        num_envs=options.envs,
        vectorization_mode="vector_entry_point",
        autoreset_mode="SameStep",
        parser="json",
    )
    pictures, infos = envs.reset(seed=options.seed)
    returns, successes, running = [], [], np.zeros(options.envs)
    for _ in range(options.steps):
        answers = model(pictures, infos["prompt"], rng)
        pictures, rewards, terminated, truncated, infos = envs.step(answers)
        running += rewards  # the reward is that of the episode that was answered, also where it has just ended
        for number in np.nonzero(terminated | truncated)[0]:
            returns.append(running[number])
            successes.append(infos["final_info"]["is_success"][number])
            running[number] = 0.0
    print(f"{options.envs} environments, {options.steps} steps: {options.envs * options.steps} answers,", end=" ")
    print(f"{len(returns)} episodes")
    if returns:
        print(f"success {100 * np.mean(successes):.0f} % of the episodes, mean return {np.mean(returns):.2f}")


if __name__ == "__main__":
    main()
