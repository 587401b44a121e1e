"""A ladder of NumberLines, each level five numbers longer, registered for a test."""

from dataclasses import replace

from vlm_gym import find_task, register_task
from vlm_gym.episodes import EpisodeSpec

LINE = find_task("NumberLine-v0")


def long_lines(axis, num_levels, num_starts):
    """Register the levels, and return the episodes of all of them from level 0 up."""
    ids = [LINE.id]
    for level in range(1, num_levels + 1):
        harder = LINE.harder(axis, level, "longer", {"max_position": 5 + 5 * level}, random_success=0.3)
        ids.append(f"my/Line-L{level}-v0")
        register_task(replace(harder, id=ids[-1]))
    return tuple(EpisodeSpec(task, seed) for task in ids for seed in range(num_starts))
