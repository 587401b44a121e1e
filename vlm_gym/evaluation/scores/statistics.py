"""Statistics of scores: intervals and tests that hold when the same start is played more than once.

Episodes with the same start are not independent trials, since an agent tends to do the same again: they form a cluster.
Where every cluster is one episode, the methods are the plain ones. All intervals are at 95 %, and all chance comes
from one seed, so the same data have the same figures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Z_95: Final = 1.959963984540054  # the standard normal's 97.5 % quantile
NUM_RESAMPLES: Final = 9999
BATCH: Final = 2_000_000  # numbers that a bootstrap holds in memory at a time
MOST_EXACT: Final = 1e8  # additions for an exact p-value: about 0.1 s
ROUNDING: Final = 1e-9  # sums that differ by less are the same

Array: TypeAlias = npt.NDArray[np.float64]

_NORMAL: Final = NormalDist()


class Interval(NamedTuple):
    """A closed interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def scaled(self, zero: float, one: float) -> "Estimate":
        """Return the figure on the scale on which `zero` is 0 and `one` is 1."""
        return Estimate(*((x - zero) / (one - zero) for x in (self.value, self.low, self.high)))


@dataclass(frozen=True)
class Bounds:
    """The least and the most that a figure can be, whatever the missing episodes do."""

    low: float
    high: float


@dataclass(frozen=True)
class Sample:
    """One number an episode, summed up by cluster.

    Attributes:
        sums: (m,) sum of each cluster's numbers.
        sizes: (m,) how many they are.
        spread: The variance of all numbers (divided by their count), clusters left aside.
    """

    sums: Array
    sizes: Array
    spread: float

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return int(self.sizes.sum())

    @property
    def mean(self) -> float:
        """Their mean."""
        return float(self.sums.sum() / self.sizes.sum())


def sample(values: Sequence[float], clusters: Sequence[object]) -> Sample:
    """Sum up one number an episode by the episodes' clusters.

    Raises:
        ValueError: if there is no number, or not one cluster for each.
    """
    if not values or len(values) != len(clusters):
        raise ValueError(f"expected one cluster for each of 1 value or more, got {len(values)} and {len(clusters)}")
    numbers: dict[object, int] = {}
    indices = [numbers.setdefault(cluster, len(numbers)) for cluster in clusters]
    array = np.asarray(values, np.float64)
    sums = np.bincount(indices, array)
    sizes = np.bincount(indices, np.ones(len(array)))
    return Sample(sums.astype(np.float64), sizes.astype(np.float64), float(array.var()))


def success_estimate(successes: Sample) -> Estimate:
    """Return the share of successes with Wilson's interval, for as many trials as the clusters are worth."""
    trials = successes.size / design_effect(successes)
    return Estimate(successes.mean, *wilson_interval(successes.mean * trials, trials))


def wilson_interval(num_successes: float, num_trials: float, z: float = Z_95) -> Interval:
    """Return Wilson's score interval for a probability, by default at 95 %.

    It keeps its coverage near 0 and 1 and for few trials, where the normal interval does not. Counts need not be whole:
    trials that are not independent count as fewer.

    Raises:
        ValueError: if there is no trial, or there are more successes than trials.

    Source: Wilson 1927, "Probable inference, the law of succession, and statistical inference", JASA 22.
    """
    if not 0 <= num_successes <= num_trials or num_trials == 0:
        raise ValueError(f"expected 0 <= num_successes <= num_trials > 0, got {num_successes} of {num_trials}")
    share = num_successes / num_trials
    spread = z * math.sqrt(share * (1 - share) / num_trials + z * z / (4 * num_trials**2))
    center, scale = share + z * z / (2 * num_trials), 1 + z * z / num_trials
    low, high = max(0.0, (center - spread) / scale), min(1.0, (center + spread) / scale)
    return Interval(min(low, share), max(high, share))  # at 0 and 1 they meet the share, apart from rounding


def design_effect(values: Sample) -> float:
    """Return by how much clusters widen the variance of a mean; 1 for clusters of one, and never less.

    Where all numbers are the same, nothing can be estimated: then a cluster is taken for one number said often.

    Source: Rao and Scott 1992, "A simple method for the analysis of clustered binary data", Biometrics 48; Kish 1965.
    """
    sums, sizes, m = values.sums, values.sizes, len(values.sums)
    if m == values.size:
        return 1.0
    if values.spread < ROUNDING or m == 1:
        return float((sizes**2).sum() / sizes.sum())
    variance = m / (m - 1) * float(((sums - values.mean * sizes) ** 2).sum()) / values.size**2
    return max(1.0, variance * values.size / values.spread)


def mixed_estimate(shares: Sample, num_trials: float) -> Estimate:
    """Return the mean of shares between 0 and 1 with Wilson's interval, for as many trials as they are worth.

    A share that is itself a mean over trials varies less than one trial's outcome. How much less is estimated from the
    shares, within what is possible: a cluster is worth one trial at least, and all together `num_trials` at most. Where
    all shares are 0, or all 1, a cluster is worth one.

    Args:
        shares: One share a start, clusters of starts that look alike.
        num_trials: How many independent trials there were at most.
    """
    mean, m = shares.mean, len(shares.sums)
    least = float(shares.size**2 / (shares.sizes**2).sum())
    spread = mean * (1 - mean)
    if spread < ROUNDING or m == 1:
        return Estimate(mean, *wilson_interval(mean * least, least))
    variance = m / (m - 1) * float(((shares.sums - mean * shares.sizes) ** 2).sum()) / shares.size**2
    trials = min(max(least, spread / max(variance, ROUNDING)), max(least, num_trials))
    return Estimate(mean, *wilson_interval(mean * trials, trials))


def mean_estimate(values: Sample) -> Estimate:
    """Return the mean with its bootstrap interval (BCa), whole clusters drawn again.

    Where all clusters have the same mean, the interval is that mean.

    Source: Efron 1987, "Better bootstrap confidence intervals", JASA 82; with clusters Davison and Hinkley 1997, 3.8.
    """
    mean, m = values.mean, len(values.sums)
    if np.ptp(values.sums / values.sizes) < ROUNDING:
        return Estimate(mean, mean, mean)
    rng = np.random.default_rng(0)
    rows = max(1, BATCH // m)
    parts = []
    for start in range(0, NUM_RESAMPLES, rows):
        drawn = rng.integers(0, m, (min(rows, NUM_RESAMPLES - start), m))
        parts.append(values.sums[drawn].sum(axis=1) / values.sizes[drawn].sum(axis=1))
    means = np.concatenate(parts)
    low, high = np.quantile(means, _bca_levels(means, values))
    return Estimate(mean, min(float(low), mean), max(float(high), mean))


def _bca_levels(means: Array, values: Sample) -> tuple[float, float]:
    """Return the two quantiles, corrected for the bootstrap's bias and for how the spread grows with the mean."""
    mean = values.mean
    below = (np.count_nonzero(means < mean) + np.count_nonzero(means <= mean)) / (2 * len(means))
    bias = _NORMAL.inv_cdf(min(max(below, 1 / len(means)), 1 - 1 / len(means)))
    left_out = (values.sums.sum() - values.sums) / (values.sizes.sum() - values.sizes)  # (m,) the jackknife's means
    deviations = left_out.mean() - left_out
    skew = float((deviations**3).sum() / (6 * (deviations**2).sum() ** 1.5))
    low, high = (_NORMAL.cdf(bias + (bias + z) / (1 - skew * (bias + z))) for z in (-Z_95, Z_95))
    return low, high


def success_difference(differences: Sample, num_gained: int, num_lost: int) -> Estimate:
    """Return the mean difference of paired successes with its interval.

    Args:
        differences: -1, 0 or 1 for each pair.
        num_gained: How many are 1.
        num_lost: How many are -1.

    Source: Bonett and Price 2012, "Adjusted Wald confidence interval for a difference of binomial proportions based on
    paired data", J. Educ. Behav. Stat. 37: it keeps its coverage for few pairs, and a width where none differ.
    """
    effect = design_effect(differences)
    gained, lost, trials = num_gained / effect, num_lost / effect, differences.size / effect
    up, down = (gained + 1) / (trials + 2), (lost + 1) / (trials + 2)
    reach = Z_95 * math.sqrt((up + down - (up - down) ** 2) / (trials + 2))
    mean, center = differences.mean, up - down
    return Estimate(mean, max(-1.0, min(center - reach, mean)), min(1.0, max(center + reach, mean)))


def sign_flip_p_value(differences: Sample, weights: Array | None = None) -> float:
    """Return the two-sided p-value of "the two runs are exchangeable": clusters' signs are flipped at random.

    Exact for whole numbers, as successes are (unless there are very many): without repeated starts it is then McNemar's
    exact test. Otherwise from 9,999 draws, the data counted as one of them.

    Args:
        differences: One difference a pair.
        weights: (m,) what each cluster's sum counts; None for 1.

    Source: Fisher 1935, "The Design of Experiments", 21; Phipson and Smyth 2010 for the count.
    """
    sums = differences.sums if weights is None else differences.sums * weights
    sums = sums[np.abs(sums) > ROUNDING]
    if not len(sums):
        return 1.0
    if np.array_equal(sums, np.round(sums)) and len(sums) * np.abs(sums).sum() < MOST_EXACT:
        return _exact_p_value([int(value) for value in np.abs(sums)], abs(int(sums.sum())))
    rng, hits, rows = np.random.default_rng(0), 0, max(1, BATCH // len(sums))
    for start in range(0, NUM_RESAMPLES, rows):
        flips = rng.integers(0, 2, (min(rows, NUM_RESAMPLES - start), len(sums))) * 2 - 1
        hits += int(np.count_nonzero(np.abs(flips @ sums) >= abs(sums.sum()) - ROUNDING))
    return (hits + 1) / (NUM_RESAMPLES + 1)


def _exact_p_value(sizes: Sequence[int], total: int) -> float:
    """Return the probability that sizes with random signs add up to `total` or more, or to minus that or less."""
    reach = sum(sizes)
    chances = np.ones(1)  # of the sums -k, -k + 2 ... k of the first sizes, by place
    for size in sizes:
        longer = np.zeros(len(chances) + size)
        longer[: len(chances)] += chances / 2
        longer[size:] += chances / 2
        chances = longer
    sums = 2 * np.arange(len(chances)) - reach
    return min(1.0, float(chances[np.abs(sums) >= total].sum()))


def average(estimates: Sequence[Estimate]) -> Estimate:
    """Return the plain mean of independent figures, with an interval put together from theirs.

    Source: Zou and Donner 2008, "Construction of confidence limits about effect measures: a general approach", Stat.
    Med. 27.
    """
    n = len(estimates)
    value = sum(estimate.value for estimate in estimates) / n
    low = value - math.hypot(*(estimate.value - estimate.low for estimate in estimates)) / n
    high = value + math.hypot(*(estimate.high - estimate.value for estimate in estimates)) / n
    return Estimate(value, low, high)


def percent(share: float | None) -> str:
    """Return a share in %, with two decimals; a tiny one that is not 0 as "<0.01", an unknown one as "?"."""
    if share is None:
        return "?"
    return "<0.01" if 0 < share < 0.00005 else f"{100 * share:.2f}"
