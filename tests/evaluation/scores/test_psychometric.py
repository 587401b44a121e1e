"""The level at which success falls to half: against scipy, and by playing ladders whose half is known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_gym.evaluation.scores.psychometric import SCALES, HalfLevel, Trials

PLAIN = [Trials(level, 0.0, 1.0) for level in range(5)]


def chance(played, half, scale):
    return played.floor + (played.ceiling - played.floor) / (1 + math.exp((played.level - half) / scale))


def test_the_posterior_is_that_of_scipys_binomial():
    stats = pytest.importorskip("scipy.stats")
    played = [Trials(0, 0.1, 0.9, 18, 20), Trials(1, 0.1, 0.8, 12, 20), Trials(2, 0.3, 0.7, 6, 20)]
    posterior = HalfLevel(played)
    weights = [
        sum(
            math.prod(
                stats.binom.pmf(each.num_successes, each.num_trials, chance(each, half, scale)) for each in played
            )
            for scale in SCALES
        )
        for half in posterior.halves[::25]
    ]
    np.testing.assert_allclose(
        posterior.weights[::25] / posterior.weights[::25].sum(), np.divide(weights, sum(weights)), rtol=1e-6, atol=1e-12
    )


def test_without_a_trial_everything_is_as_probable():
    posterior = HalfLevel(PLAIN)
    assert posterior.quantile(0.5) == pytest.approx(2.0, abs=0.01)
    assert set(posterior.next_levels(10)) == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("half", [0.6, 1.5, 2.2, 3.4])
def test_many_trials_find_the_half(half):
    sure = [Trials(x.level, 0.1, 0.9, 2000 * chance(Trials(x.level, 0.1, 0.9), half, 0.5), 2000) for x in PLAIN]
    found = HalfLevel(sure).estimate
    assert found.value == pytest.approx(half, abs=0.05)
    assert found.low < half < found.high < found.low + 0.3


def test_a_player_at_the_ceiling_or_the_floor_is_beyond_the_levels():
    best = HalfLevel([Trials(x.level, 0.0, 1.0, 40, 40) for x in PLAIN])
    worst = HalfLevel([Trials(x.level, 0.0, 1.0, 0, 40) for x in PLAIN])
    assert best.estimate.low > 4
    assert worst.estimate.high < 0
    assert best.next_levels(4) == [4] * 4
    assert worst.next_levels(4) == [0] * 4


def test_what_floor_and_ceiling_call_impossible_does_not_break_the_posterior():
    odd = HalfLevel([Trials(0, 0.0, 0.5, 40, 40), Trials(1, 0.2, 1.0, 0, 40)])
    assert np.isfinite(odd.weights).all()
    assert odd.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "levels", [PLAIN[:1], [Trials(0, 0.5, 0.5), Trials(1, 0, 1)], [Trials(0, 0, 1.1), Trials(1, 0, 1)]]
)
def test_too_little_is_refused(levels):
    with pytest.raises(ValueError, match="expected"):
        HalfLevel(levels)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=6), st.integers(1, 64))
def test_the_interval_holds_the_median_and_next_levels_are_levels(counts, number):
    posterior = HalfLevel([Trials(level, 0.05, 0.95, min(pair), max(pair)) for level, pair in enumerate(counts)])
    found = posterior.estimate
    assert -1 <= found.low <= found.value <= found.high <= len(counts)
    levels = posterior.next_levels(number)
    assert len(levels) == number
    assert set(levels) <= set(range(len(counts)))
    assert levels == sorted(levels)


def adaptive_play(half, scale, rng, *, batch=8, most=160, width=1.0):
    """Play a ladder as `vlm-gym ladder` does, and return how many episodes that took, and what came of it."""
    wins, tries = np.zeros(5), np.zeros(5)
    while True:
        played = [Trials(x, 0.1, 0.9, wins[x], tries[x]) for x in range(5)]
        posterior = HalfLevel(played)
        found = posterior.estimate
        if tries.sum() and (found.high - found.low <= width or tries.sum() >= most):
            return tries.sum(), found
        for level in posterior.next_levels(batch):
            wins[level] += rng.random() < chance(played[level], half, scale)
            tries[level] += 1


@pytest.mark.slow
def test_adaptive_play_is_unbiased_and_as_sure_as_it_says():
    rng = np.random.default_rng(3)
    errors, covered, taken = [], [], []
    for _ in range(400):
        half, scale = rng.uniform(0, 4), float(np.exp(rng.uniform(np.log(0.1), np.log(1.5))))
        number, found = adaptive_play(half, scale, rng)
        errors.append(found.value - half)
        covered.append(found.low <= half <= found.high)
        taken.append(number)
    assert abs(np.mean(errors)) < 0.05
    assert np.mean(covered) > 0.92
    assert np.mean(taken) < 100  # playing all 40 starts of every level takes 200
