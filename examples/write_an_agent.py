"""Agents of your own: a function that gets the messages, and a class that gets the session.

Install:  pip install vlm-gym
Run:      python examples/write_an_agent.py
          vlm-gym eval --agent python:write_an_agent:look --task NumberLine-v0 --episodes 20 --out runs/look

The second command is run in examples/. docs/write_an_agent.md explains both, and how an agent gets a name of its own
on the command line.

Prints:

    look     100 % of 20 episodes, 2.0 turns each
    cautious  55 % of 20 episodes, 5.4 turns each
"""

import asyncio
import tempfile
from pathlib import Path

import numpy as np

import vlm_gym
from vlm_gym.evaluation.models.agents import CallableAgent
from vlm_gym.evaluation.scores.summary import summarise

RED, BLUE = (198, 40, 40), (21, 101, 192)


def look(messages):
    """Answer as a model would, from the picture alone: which way is the red flag from the blue triangle?

    Args:
        messages: As transformers' chat templates want them; pictures are PIL images. The last one has the picture.
    """
    parts = messages[-1]["content"]
    picture = np.asarray(next(part["image"] for part in parts if part["type"] == "image"), np.int16)
    flag, triangle = column_of(picture, RED), column_of(picture, BLUE)
    action = "+" if flag > triangle else "-"
    return f'{{"thoughts": "The flag is at column {flag:.0f}, I am at {triangle:.0f}.", "action": "{action}"}}'


def column_of(picture, color):
    """Return the mean column of the pixels that are close to a colour, on the line in the middle of the picture."""
    line = picture[95:185]
    columns = np.nonzero((np.abs(line - color) < 40).all(axis=2))[1]
    return columns.mean() if len(columns) else 0.0


class Cautious(vlm_gym.Agent):
    """Draws among the actions that are legal now. It looks at `info`, which a model does not see."""

    async def answer(self, session, rng):
        """Answer a turn. All chance comes from `rng`, so that a run can be repeated."""
        legal = session.info["admissible_actions"]
        return vlm_gym.Reply(session.parser.write(legal[int(rng.integers(len(legal)))], session.task.actions))

    def describe(self):
        """Return what determines the answers; it is written into run.json."""
        return {"name": "cautious"}


def main():
    """Let both play the same episodes."""
    episodes = tuple(vlm_gym.EpisodeSpec("vlm_gym/NumberLine-v0", seed) for seed in range(20))
    with tempfile.TemporaryDirectory() as folder:
        for name, agent in {"look": CallableAgent(look, "look"), "cautious": Cautious()}.items():
            run = Path(folder, name)
            asyncio.run(vlm_gym.evaluate(run, vlm_gym.Plan(episodes), agent))
            (scores,) = summarise(run).tasks
            share = f"{100 * scores.success.value:3.0f} % of {scores.num_episodes} episodes"
            print(f"{name:8} {share}, {scores.turns:.1f} turns each")


if __name__ == "__main__":
    main()
