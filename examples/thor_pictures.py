"""One game of ALFWorld, drawn by this package and by AI2-THOR, turn by turn, with the same commands.

Install:  pip install 'vlm-gym[thor]'; vlm-gym download alfworld; vlm-gym download thor --build
Run:      python examples/thor_pictures.py
          python examples/thor_pictures.py --seed 3 --turns 10

AI2-THOR needs Linux and an X display: docs/thor.md, and `vlm-gym doctor ALFWorldThor-v0` says what is missing. The
pictures go into a folder, the two of a turn beside each other. A reset of AI2-THOR takes seconds.
"""

import argparse
from pathlib import Path

import gymnasium as gym
import numpy as np
from PIL import Image

import vlm_gym  # noqa: F401  # registers the tasks

OURS, THOR = "vlm_gym/ALFWorld-ValidSeen-v1", "vlm_gym/ALFWorldThor-ValidSeen-v0"


def main():
    """Play the oracle's commands of the one in both, for as long as both know them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    ours, thor = gym.make(OURS), gym.make(THOR)
    try:
        play(ours, thor, options)
    finally:
        thor.close()


def play(ours, thor, options):
    """Save the two pictures of every turn."""
    left, info = thor.reset(seed=options.seed)
    game = info["game"]
    right, own_info = ours.reset(options={"game": game})
    print(f"the game {game}")
    for turn in range(options.turns):
        Image.fromarray(np.hstack([right, left])).save(options.out / f"{turn}.png")
        command = thor.unwrapped.oracle_action()
        print(f"{turn}.png, then {command}")
        if command not in own_info["admissible_actions"]:
            print("    the text game numbers its things differently: here the two part")
            return
        left, _, terminated, truncated, info = thor.step(info["admissible_actions"].index(command))
        right, _, _, _, own_info = ours.step(own_info["admissible_actions"].index(command))
        if terminated or truncated:
            return


if __name__ == "__main__":
    main()
