"""An environment of Gymnasium that you have becomes a task: it is played, scored and reported as those of this package.

Install:  pip install 'vlm-gym[eval]'
Run:      python examples/bring_your_own_environment.py

A picture, names for the actions and a goal in words are enough (docs/adopt.md). The garden below stands for your
environment. It also brings what is optional: the best action with its exact probability of success, which gives the
report a ceiling.

Prints:

    Walk to the red flower. The water is cold: it ends the walk.
    The action is "left", "right", "up" or "down".
    random  11 % of 100 episodes, between floor 7 % and ceiling 100 %
    oracle 100 % of 100 episodes, between floor 7 % and ceiling 100 %
    The report: garden/report.html
"""

import asyncio
from pathlib import Path

import gymnasium as gym
import numpy as np

import vlm_gym
from vlm_gym.evaluation.report import write_report
from vlm_gym.evaluation.scores.summary import summarise

SIZE, TILE = 4, 50
MOVES = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}
WATER = {(1, 1), (2, 2), (3, 0)}
FLOWER = (3, 3)
GRASS, BLUE, RED, BLACK = (120, 190, 90), (60, 120, 220), (220, 40, 60), (20, 20, 20)


class Garden(gym.Env):
    """Walk from one place of a garden to the flower."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 4}
    observation_space = gym.spaces.MultiDiscrete([SIZE, SIZE])
    action_space = gym.spaces.Discrete(len(MOVES))

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        """Begin on any tile of the first row."""
        super().reset(seed=seed)
        self.place = (0, int(self.np_random.integers(SIZE)))
        return np.array(self.place), {}

    def step(self, action):
        """Move by one tile, or stay at a wall."""
        self.place = moved(self.place, list(MOVES.values())[action])
        is_there = self.place == FLOWER
        return np.array(self.place), float(is_there), is_there or self.place in WATER, False, {}

    def render(self):
        """Draw the garden from above."""
        picture = np.full((SIZE * TILE, SIZE * TILE, 3), GRASS, np.uint8)
        for (row, column), color, margin in (
            *((tile, BLUE, 0) for tile in WATER),
            (FLOWER, RED, 12),
            (self.place, BLACK, 18),
        ):
            top, left = row * TILE, column * TILE
            picture[top + margin : top + TILE - margin, left + margin : left + TILE - margin] = color
        return picture


def moved(place, step):
    """Return where a step leads."""
    return tuple(min(max(at + by, 0), SIZE - 1) for at, by in zip(place, step, strict=True))


def best_move(env):
    """Return a best action of the environment as it stands, and the exact probability that it succeeds."""
    reached, seen = [(env.unwrapped.place, None)], {env.unwrapped.place}
    for place, first in reached:  # the nearest tiles first: the list grows while it is read
        if place == FLOWER:
            return first, 1.0
        for name, step in MOVES.items():
            to = moved(place, step)
            if to not in seen | WATER:
                seen.add(to)
                reached.append((to, first or name))
    return None, 0.0


gym.register("Garden-v0", entry_point=Garden)
vlm_gym.adopt(
    "mine/Garden-v0",
    "Garden-v0",
    actions=tuple(MOVES),
    goal="Walk to the red flower. The water is cold: it ends the walk.",
    turns=30,
    oracle=f"{__name__}:best_move",
    random_success=0.072,  # `vlm-gym floor` measures it for a task that a package brings
)


def main():
    """Show what a model reads, and let two agents play."""
    rollout = vlm_gym.Rollout()
    rollout.start(vlm_gym.EpisodeSpec("mine/Garden-v0", 0))
    lines = rollout.messages()[-1].text.splitlines()
    print(lines[0], lines[-1], sep="\n")
    plan = vlm_gym.Plan(tuple(vlm_gym.EpisodeSpec("mine/Garden-v0", seed) for seed in range(100)))
    runs = [Path("garden", name) for name in ("random", "oracle")]
    for run in runs:
        asyncio.run(vlm_gym.evaluate(run, plan, vlm_gym.make_agent(run.name)))
        (scores,) = summarise(run).tasks
        print(
            f"{run.name} {100 * scores.success.value:3.0f} % of {scores.num_episodes} episodes, "
            f"between floor {100 * scores.floor:.0f} % and ceiling {100 * scores.ceiling:.0f} %"
        )
    print("The report:", write_report(runs, Path("garden/report.html")).page)


if __name__ == "__main__":
    main()
