"""What the pictures of the household tasks show: one start, its picture, and the same in words.

Install:  pip install vlm-gym
Run:      python examples/household_symbols.py
          python examples/household_symbols.py --seed 7 --turns 10 --theme night

The pictures go into a folder, one for each turn of the best play. docs/household_symbols.md explains every symbol, and
the prompt does so too since -v1.

Prints:

    0.png: You are in the middle of the room. You carry nothing.
        -> go to fridge 1
    1.png: You are at fridge 1 (closed). You carry nothing.
        -> open fridge 1
    2.png: You are at fridge 1 (open) with bread 1, cup 2, mug 3. You carry nothing.
        -> take bread 1 from fridge 1
    3.png: You are at fridge 1 (open) with cup 2, mug 3. You carry bread 1.
        -> cool bread 1 with fridge 1
"""

import argparse
from pathlib import Path

import gymnasium as gym
from PIL import Image

import vlm_gym  # noqa: F401  # registers the tasks


def main():
    """Play a few turns, and keep the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="vlm_gym/Household-v1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--theme", default="classic")
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    env = gym.make(options.task, theme=options.theme)
    picture, info = env.reset(seed=options.seed)
    for turn in range(options.turns):
        path = options.out / f"{turn}.png"
        Image.fromarray(picture).save(path)
        print(f"{path.name}: {info['observation_text'].partition(' In the room')[0]}")
        action = env.unwrapped.oracle_action()
        print(f"    -> {action}")
        picture, _, terminated, truncated, info = env.step(info["admissible_actions"].index(action))
        if terminated or truncated:
            return


if __name__ == "__main__":
    main()
