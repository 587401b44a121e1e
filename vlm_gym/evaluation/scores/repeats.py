"""What several attempts at the same start tell: whether one of k succeeds, whether all do, how often two agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from vlm_gym.episodes import canonical
from vlm_gym.evaluation.runs.played import Played, grouped
from vlm_gym.evaluation.scores.statistics import Estimate, average, mixed_estimate, sample


@dataclass(frozen=True)
class PassRates:
    """What k attempts at a start come to.

    Attributes:
        k: How many attempts.
        num_starts: The starts with so many finished attempts or more, which are those that count.
        pass_any: Probability that one of k attempts or more succeeds, "pass@k".
        pass_all: Probability that all k succeed, "pass^k".
    """

    k: int
    num_starts: int
    pass_any: Estimate
    pass_all: Estimate


@dataclass(frozen=True)
class Repeats:
    """What the attempts at each start have in common.

    Attributes:
        num_attempts: The most finished attempts at one start.
        rates: For k = 1, 2, 4 and so on, and for all attempts.
        consistency: Probability that two attempts at the same start end in the same way, in success or in failure.
    """

    num_attempts: int
    rates: tuple[PassRates, ...]
    consistency: Estimate


@dataclass(frozen=True)
class _Start:
    """The attempts at one start, and what they have in common with those at others."""

    num_attempts: int
    num_successes: int
    cluster: object


def repeats_of(played: Sequence[Played]) -> Repeats | None:
    """Return what the attempts of one task tell; None where no start was played twice.

    All figures are unbiased, whatever the number of attempts at each start: they are means over all choices of k of a
    start's attempts, then over the starts. Their intervals are Wilson's (`mixed_estimate`), starts that look alike
    being one cluster.

    Source: Chen et al. 2021, "Evaluating large language models trained on code", arXiv 2107.03374 (pass@k); Yao et al.
    2024, "tau-bench", arXiv 2406.12045 (pass^k).
    """
    starts = [_start(attempts) for attempts in grouped(played, _name_of_start).values()]
    most = max((start.num_attempts for start in starts), default=0)
    if most < 2:
        return None
    twice = [start for start in starts if start.num_attempts >= 2]
    return Repeats(
        most,
        tuple(_rates(k, [start for start in starts if start.num_attempts >= k]) for k in _numbers(most)),
        _estimate(twice, [1 - _share_mixed(start) for start in twice], 2),
    )


def mean_repeats(tasks: Sequence[Repeats | None]) -> Repeats | None:
    """Return the mean of the tasks' figures, each weighing the same; None unless all tasks have some in common."""
    known = [task for task in tasks if task is not None]
    if not known or len(known) < len(tasks):
        return None
    rates = [{rate.k: rate for rate in task.rates} for task in known]
    common = [k for k in rates[0] if all(k in task for task in rates)]
    return Repeats(
        max(task.num_attempts for task in known),
        tuple(_mean_rates(k, [task[k] for task in rates]) for k in common),
        average([task.consistency for task in known]),
    )


def _numbers(most: int) -> list[int]:
    """Return the k of which figures are told: powers of two, and the most."""
    return sorted({most, *(2**i for i in range(most.bit_length()) if 2**i <= most)})


def _rates(k: int, starts: Sequence[_Start]) -> PassRates:
    none_of = [comb(start.num_attempts - start.num_successes, k) / comb(start.num_attempts, k) for start in starts]
    all_of = [comb(start.num_successes, k) / comb(start.num_attempts, k) for start in starts]
    return PassRates(
        k, len(starts), _estimate(starts, [1 - share for share in none_of], k), _estimate(starts, all_of, k)
    )


def _mean_rates(k: int, rates: Sequence[PassRates]) -> PassRates:
    return PassRates(
        k,
        sum(rate.num_starts for rate in rates),
        average([rate.pass_any for rate in rates]),
        average([rate.pass_all for rate in rates]),
    )


def _estimate(starts: Sequence[_Start], shares: Sequence[float], k: int) -> Estimate:
    num_trials = sum(start.num_attempts for start in starts) / k
    return mixed_estimate(sample(shares, [start.cluster for start in starts]), num_trials)


def _share_mixed(start: _Start) -> float:
    """Return the share of pairs of attempts of which one succeeds and one fails."""
    n, c = start.num_attempts, start.num_successes
    return c * (n - c) / comb(n, 2)


def _start(attempts: Sequence[Played]) -> _Start:
    return _Start(len(attempts), sum(item.episode.is_success for item in attempts), attempts[0].start)


def _name_of_start(item: Played) -> str:
    episode = item.episode
    return canonical([episode.task, episode.seed, episode.arguments, episode.options])
