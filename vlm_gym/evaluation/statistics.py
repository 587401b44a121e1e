"""Statistics of a score."""

import math
from typing import Final, NamedTuple

Z_95: Final = 1.959963984540054  # the standard normal's 97.5 % quantile


class Interval(NamedTuple):
    """A closed interval."""

    low: float
    high: float


def wilson_interval(num_successes: int, num_trials: int, z: float = Z_95) -> Interval:
    """Return Wilson's score interval for a probability, by default at 95 %.

    It keeps its coverage near 0 and 1 and for few trials, where the normal interval does not.

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
    return Interval(min(low, share), max(high, share))  # at 0 and 1 they meet the share, but for rounding


def percent(share: float) -> str:
    """Return a share in %, with two decimals; a tiny one that is not 0 as "<0.01"."""
    return "<0.01" if 0 < share < 0.00005 else f"{100 * share:.2f}"
