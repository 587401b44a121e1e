"""Short runs, for tests that look at what a run leaves."""

import asyncio

from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.runs.panels import get_panel
from vlm_gym.evaluation.runs.plan import Plan, panel_of
from vlm_gym.evaluation.runs.run import evaluate


def play(folder, agent, episodes, panel=None, **plan):
    """Write a run."""
    asyncio.run(evaluate(folder, Plan(tuple(episodes), panel, **plan), agent))
    return folder


def panel_run(folder, agent, *, first=2):
    """Write a run of the first episodes of a panel."""
    panel = get_panel("cards-v0").first(first)
    return play(folder, agent, panel.episodes, panel_of(panel))


def number_lines(num_episodes):
    return [EpisodeSpec("vlm_gym/NumberLine-v0", seed) for seed in range(num_episodes)]
