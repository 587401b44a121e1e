"""Measuring a policy on episodes that training never sees, greedily and sampled."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from baselines.models.policy import Policy
from baselines.rollout import Episode, Episodes, Sampling, Seat, generate
from baselines.settings import Metric
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.scores.statistics import Interval, percent, wilson_interval
from vlm_gym.registration import find_task


class Bounds(NamedTuple):
    """What random and the best play reach; None is unknown."""

    floor: float | None
    ceiling: float | None

    def __str__(self) -> str:
        """Return them in words."""
        floor = "unknown" if self.floor is None else percent(self.floor)
        return f"floor {floor}, ceiling {percent(self.ceiling)}"


def bounds_of(task: str, metric: Metric) -> Bounds:
    """Return the bounds of a registered task by a metric."""
    return Bounds(floor_of(task, metric), find_task(task).best_success)


def floor_of(task: str, metric: Metric) -> float | None:
    """Return what random play reaches in a registered task by a metric; None where that is unknown."""
    known = find_task(task)
    return known.random_success if metric == "success" else known.random_positive_return


class Score(NamedTuple):
    """What a policy reached, over episodes and their turns."""

    num_episodes: int
    num_successes: int
    num_positive_returns: int
    mean_return: float
    mean_turns: float
    fault_share: float
    illegal_share: float
    cut_off_share: float
    parts: Mapping[str, "Score"] = MappingProxyType({})  # of problems that SFT was shown, and that were held out

    def count(self, metric: Metric) -> int:
        """Return in how many episodes the metric was met."""
        return self.num_successes if metric == "success" else self.num_positive_returns

    def share(self, metric: Metric) -> float:
        """Return the share of the episodes in which the metric was met."""
        return self.count(metric) / self.num_episodes

    def interval(self, metric: Metric) -> Interval:
        """Return Wilson's 95 % interval of that share."""
        return wilson_interval(self.count(metric), self.num_episodes)


def score_of(episodes: Sequence[Episode]) -> Score | None:
    """Return the score of episodes; None without an episode."""
    if not episodes:
        return None
    num_turns = sum(episode.num_turns for episode in episodes)
    return Score(
        num_episodes=len(episodes),
        num_successes=sum(episode.is_success for episode in episodes),
        num_positive_returns=sum(episode.total > 0 for episode in episodes),
        mean_return=sum(episode.total for episode in episodes) / len(episodes),
        mean_turns=num_turns / len(episodes),
        fault_share=sum(episode.num_faults for episode in episodes) / num_turns,
        illegal_share=sum(episode.num_illegal for episode in episodes) / num_turns,
        cut_off_share=sum(episode.num_cut_off for episode in episodes) / num_turns,
        parts=_parts(episodes),
    )


def _parts(episodes: Sequence[Episode]) -> dict[str, Score]:
    """Return the scores of problems that SFT was shown and of those that were held out, where there are both."""
    held_out = [one for one in episodes if one.is_held_out]
    sides = {"shown": [one for one in episodes if not one.is_held_out], "held_out": held_out}
    return {name: score for name, side in sides.items() if (score := score_of(side))} if all(sides.values()) else {}


def evaluate(
    policy: Policy,
    make_seat: Callable[[Episodes], Seat],
    starts: Sequence[EpisodeSpec],
    sampling: Sampling,
    accelerator: Accelerator,
    *,
    num_seats: int,
    seed: int = 0,
) -> Score:
    """Play every start once, divided over the processes, and return the score of all.

    `make_seat` makes a seat that plays what its argument says; `num_seats` are played at once in each process. Answers
    are drawn from a generator of `seed`, so that the same policy gets the same score.
    """
    rank, world = accelerator.process_index, accelerator.num_processes
    mine = starts[rank::world]
    shares = [mine[seat::num_seats] for seat in range(min(num_seats, len(mine)))]
    generator = torch.Generator().manual_seed(seed * world + rank)
    episodes = _play([make_seat(_in_order(share)) for share in shares], policy, sampling, generator)
    score = score_of(gather_object(episodes))
    assert score is not None  # noqa: S101  # there is at least one start
    return score


def _play(seats: Sequence[Seat], policy: Policy, sampling: Sampling, generator: torch.Generator) -> list[Episode]:
    episodes = []
    while running := [seat for seat in seats if not seat.is_done]:
        answers = generate(policy, [seat.prompt for seat in running], sampling, generator)
        for seat, answer in zip(running, answers, strict=True):
            _, episode = seat.play(answer)
            episodes += [episode] if episode else []
    return episodes


def _in_order(starts: Sequence[EpisodeSpec]) -> Episodes:
    return lambda number: starts[number] if number < len(starts) else None
