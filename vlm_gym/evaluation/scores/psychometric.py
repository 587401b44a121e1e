"""At which level of a ladder a player's success falls to half between floor and ceiling, and how sure that is.

The success at level x is modelled as in psychophysics, where a guessing player (the floor) and the best one (the
ceiling) are known: p(x) = floor + (ceiling - floor) / (1 + exp((x - half) / scale)). `half` and `scale` are unknown;
their posterior is computed on a grid. A level's share of successes need not be on the curve: the posterior weighs what
all levels say together.

The likelihood of answers that were given does not depend on why a level was played next, as long as that follows from
earlier answers alone. So the posterior after adaptive play means the same as after playing all levels equally often,
also where play ended as soon as it was narrow enough (the stopping rule principle: Berger and Wolpert 1988, "The
likelihood principle", chapter 4; adaptive psychometric methods: Watson and Pelli 1983, "QUEST", Perception and
Psychophysics 33; Kontsevich and Tyler 1999, "Bayesian adaptive estimation of psychometric slope and threshold", Vision
Research 39).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from vlm_gym.evaluation.scores.statistics import Array, Estimate

BEYOND: Final = 1.0  # levels below the lowest and above the highest that `half` may have: there it is only "beyond"
HALF_STEPS: Final = 401
SCALES: Final = np.geomspace(0.08, 2.0, 31)  # in levels, all equally probable before: from a cliff to a gentle slope
LEAST_CHANCE: Final = 1e-4  # of what floor and ceiling call impossible: a label or a count may be wrong


@dataclass(frozen=True)
class Trials:
    """What was played at one level.

    Attributes:
        level: The level.
        floor: The probability of success of random play.
        ceiling: That of the best play.
        num_successes, num_trials: They need not be whole: trials that are not independent count as fewer.
    """

    level: int
    floor: float
    ceiling: float
    num_successes: float = 0.0
    num_trials: float = 0.0


class HalfLevel:
    """The posterior of the level at which success is half way from the ceiling down to the floor.

    Before any trial every `half` from one level below the lowest to one above the highest is equally probable.

    Raises:
        ValueError: if there are fewer than two levels, or a ceiling is not above its floor.
    """

    def __init__(self, levels: Sequence[Trials]) -> None:
        if len(levels) < 2:
            raise ValueError(f"expected two levels or more, got {len(levels)}")
        for each in levels:
            if not 0 <= each.floor < each.ceiling <= 1:
                raise ValueError(f"level {each.level}: expected 0 <= floor < ceiling <= 1, got {each}")
        self.lowest, self.highest = min(each.level for each in levels), max(each.level for each in levels)
        self.halves = np.linspace(self.lowest - BEYOND, self.highest + BEYOND, HALF_STEPS)
        log_likelihood = sum((self._log_likelihood(each) for each in levels), np.zeros((HALF_STEPS, len(SCALES))))
        weights = np.exp(log_likelihood - log_likelihood.max())
        self.weights: Array = weights.sum(axis=1) / weights.sum()  # (HALF_STEPS,) of each half, whatever the scale

    def quantile(self, share: float) -> float:
        """Return the half below which it is with this probability; outside the levels it is only "beyond"."""
        above = np.cumsum(self.weights)
        return float(np.interp(share, above - self.weights / 2, self.halves))

    @property
    def estimate(self) -> Estimate:
        """The median and the interval that holds 95 % of the probability, both ends with 2.5 % beyond them."""
        return Estimate(*(self.quantile(share) for share in (0.5, 0.025, 0.975)))

    def next_levels(self, number: int) -> list[int]:
        """Return so many levels to play next: those at which the half may be, each as often as it is probable there.

        A trial tells most where success is neither sure nor hopeless, which is around the half.
        """
        found = [self.quantile((i + 0.5) / number) for i in range(number)]
        return [int(np.clip(np.rint(half), self.lowest, self.highest)) for half in found]

    def _log_likelihood(self, played: Trials) -> Array:
        if not played.num_trials:
            return np.zeros((HALF_STEPS, len(SCALES)))
        shape = (np.float64(played.level) - self.halves[:, None]) / SCALES[None, :]
        able = 1 / (1 + np.exp(np.clip(shape, -50, 50)))
        chance = np.clip(played.floor + (played.ceiling - played.floor) * able, LEAST_CHANCE, 1 - LEAST_CHANCE)
        num_failures = played.num_trials - played.num_successes
        return np.asarray(played.num_successes * np.log(chance) + num_failures * np.log1p(-chance), np.float64)
