"""Intervals and tests: against scipy where it has them, by simulation where it has not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vlm_gym.evaluation.scores.statistics import (
    NUM_RESAMPLES,
    Estimate,
    average,
    design_effect,
    mean_estimate,
    percent,
    sample,
    sign_flip_p_value,
    success_difference,
    success_estimate,
    wilson_interval,
)

returns = st.lists(st.floats(-50, 50).map(lambda x: round(x, 3)), min_size=2, max_size=40)
changes = st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=60)


def alone(values):
    """Every value from a start of its own."""
    return sample(values, range(len(values)))


def difference_of(values):
    return success_difference(alone(values), values.count(1), values.count(-1))


def coverage(estimates, truth):
    return np.mean([estimate.low <= truth <= estimate.high for estimate in estimates])


# Shares


@given(num_trials=st.integers(1, 10_000), data=st.data())
def test_the_interval_is_wilsons(num_trials, data):
    num_successes = data.draw(st.integers(0, num_trials))
    expected = stats.binomtest(num_successes, num_trials).proportion_ci(method="wilson")
    interval = wilson_interval(num_successes, num_trials)
    assert interval == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0.0 <= interval.low <= num_successes / num_trials <= interval.high <= 1.0


def test_the_interval_is_that_of_statsmodels():
    # statsmodels 0.14 proportion_confint(method="wilson")
    assert wilson_interval(86, 200) == pytest.approx((0.363343, 0.499295), abs=1e-5)


@pytest.mark.parametrize("counts", [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="expected 0 <= num_successes"):
        wilson_interval(*counts)


@pytest.mark.parametrize(("values", "clusters"), [([], []), ([1.0], [0, 1])])
def test_values_without_their_clusters_are_refused(values, clusters):
    with pytest.raises(ValueError, match="expected one cluster for each of 1 value or more"):
        sample(values, clusters)


@given(successes=st.lists(st.booleans(), min_size=1, max_size=80))
def test_without_repeated_starts_the_share_has_wilsons_interval(successes):
    estimate = success_estimate(alone([float(value) for value in successes]))
    assert estimate.value == pytest.approx(np.mean(successes))
    assert (estimate.low, estimate.high) == pytest.approx(wilson_interval(sum(successes), len(successes)))


@given(successes=st.lists(st.booleans(), min_size=8, max_size=60), repeats=st.integers(2, 5))
def test_playing_the_same_starts_again_to_the_same_end_tells_nothing_new(successes, repeats):
    once = success_estimate(alone([float(value) for value in successes]))
    values, starts = [float(value) for value in successes] * repeats, [*range(len(successes))] * repeats
    again = success_estimate(sample(values, starts))
    m = len(successes)
    effect = repeats if len(set(successes)) == 1 else repeats * m / (m - 1)
    assert design_effect(sample(values, starts)) == pytest.approx(effect)
    assert again.value == pytest.approx(once.value)
    assert again.low <= once.low + 1e-9
    assert again.high >= once.high - 1e-9
    assert again.high - again.low <= 1.15 * (once.high - once.low)


@pytest.mark.parametrize("num_starts", [30, 100])
def test_the_clustered_interval_of_a_share_covers_it(num_starts):
    """Starts differ in difficulty, each is played five times: a plain interval would cover far less than 95 %."""
    rng = np.random.default_rng(0)
    clustered, plain = [], []
    for _ in range(1000):
        wins = rng.random((num_starts, 5)) < rng.beta(0.6, 0.9, num_starts)[:, None]
        clustered.append(success_estimate(sample(list(wins.astype(float).ravel()), np.repeat(range(num_starts), 5))))
        plain.append(Estimate(0.0, *wilson_interval(int(wins.sum()), wins.size)))
    assert coverage(clustered, 0.4) == pytest.approx(0.95, abs=0.02)
    assert coverage(plain, 0.4) < 0.85


# Means


@settings(max_examples=25)
@given(values=returns)
def test_the_interval_of_a_mean_is_scipys_bca(values):
    estimate = mean_estimate(alone(values))
    if np.ptp(values) < 1e-6:
        assert estimate.low == estimate.high == estimate.value
        return
    expected = stats.bootstrap(
        (np.array(values),), np.mean, n_resamples=NUM_RESAMPLES, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    assert estimate.value == pytest.approx(np.mean(values))
    assert estimate.low == pytest.approx(min(expected.low, estimate.value), abs=1e-9)
    assert estimate.high == pytest.approx(max(expected.high, estimate.value), abs=1e-9)


@settings(max_examples=10)
@given(values=returns, seed=st.integers(0, 100))
def test_with_repeated_starts_whole_starts_are_drawn_again(values, seed):
    starts = np.random.default_rng(seed).integers(0, 6, len(values)).tolist()
    groups = [
        [value for value, start in zip(values, starts, strict=True) if start == group]
        for group in dict.fromkeys(starts)
    ]
    sums, sizes = np.array([sum(group) for group in groups]), np.array([len(group) for group in groups])
    estimate = mean_estimate(sample(values, starts))
    if len(groups) < 3 or np.ptp(sums / sizes) < 1e-6:
        return
    expected = stats.bootstrap(
        (sums, sizes),
        lambda total, size, axis: total.sum(axis) / size.sum(axis),
        paired=True,
        n_resamples=NUM_RESAMPLES,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert estimate.low == pytest.approx(min(expected.low, estimate.value), abs=1e-9)
    assert estimate.high == pytest.approx(max(expected.high, estimate.value), abs=1e-9)


@pytest.mark.slow
def test_the_interval_of_a_mean_covers_it():
    """Returns as skewed as the games': mostly 10, sometimes far below."""
    rng = np.random.default_rng(1)
    draws = [np.where(rng.random(60) < 0.7, 10.0, -rng.integers(1, 20, 60)) for _ in range(400)]
    assert coverage([mean_estimate(alone(list(draw))) for draw in draws], 0.7 * 10 - 0.3 * 10) == pytest.approx(
        0.95, abs=0.025
    )


@given(values=returns)
@settings(max_examples=20)
def test_the_same_data_have_the_same_interval(values):
    assert mean_estimate(alone(values)) == mean_estimate(alone(values))


# Differences


@given(values=changes)
def test_without_repeated_starts_the_test_is_mcnemars(values):
    gained, lost = values.count(1), values.count(-1)
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert sign_flip_p_value(alone(values)) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=30)
@given(sums=st.lists(st.integers(-4, 4), min_size=2, max_size=9))
def test_with_repeated_starts_their_signs_flip_together(sums):
    starts = [start for start, total in enumerate(sums) for _ in range(4)]
    values = [np.sign(total) if i < abs(total) else 0 for total in sums for i in range(4)]
    expected = stats.permutation_test(
        (np.array(sums, float),), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert sign_flip_p_value(sample(values, starts)) == pytest.approx(expected, abs=1e-9)


@settings(max_examples=20)
@given(values=st.lists(st.floats(-20, 20).map(lambda x: round(x, 2) + 0.005), min_size=2, max_size=10))
def test_the_test_of_returns_is_near_the_exact_one(values):
    expected = stats.permutation_test(
        (np.array(values),), np.sum, permutation_type="samples", n_resamples=np.inf
    ).pvalue
    assert sign_flip_p_value(alone(values)) == pytest.approx(expected, abs=0.025)


def test_a_p_value_from_draws_is_never_zero():
    assert sign_flip_p_value(alone([0.5 + 0.01 * i for i in range(100)])) == 1 / (NUM_RESAMPLES + 1)


def test_no_difference_at_all_is_no_evidence():
    assert sign_flip_p_value(alone([0, 0, 0])) == 1.0
    assert sign_flip_p_value(alone([0.0] * 5)) == 1.0


def test_whole_numbers_that_are_too_many_to_count_out_are_drawn():
    assert sign_flip_p_value(alone([50, -50, 50] * 1000)) == 1 / (NUM_RESAMPLES + 1)


@given(values=changes)
def test_a_difference_of_shares_is_symmetric(values):
    there, back = difference_of(values), difference_of([-value for value in values])
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert -1.0 <= there.low <= there.value <= there.high <= 1.0
    p = sign_flip_p_value(alone(values))
    assert p == pytest.approx(sign_flip_p_value(alone([-value for value in values])))
    assert there.value == pytest.approx(np.mean(values))


@settings(max_examples=20)
@given(values=returns)
def test_a_difference_of_returns_is_symmetric(values):
    there, back = mean_estimate(alone(values)), mean_estimate(alone([-value for value in values]))
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low), abs=1e-6)


def test_the_interval_of_a_difference_is_bonetts_and_prices():
    """By hand: 20 gained and 5 lost of 100 are (21 - 6) / 102, with the variance ((21 + 6) / 102 - 0.0216) / 102."""
    estimate = difference_of([1] * 20 + [-1] * 5 + [0] * 75)
    center, reach = 15 / 102, 1.959964 * np.sqrt((27 / 102 - (15 / 102) ** 2) / 102)
    assert estimate.value == 0.15
    assert (estimate.low, estimate.high) == pytest.approx((center - reach, center + reach), abs=1e-6)


@pytest.mark.parametrize("num_pairs", [20, 100])
@pytest.mark.parametrize("chances", [(0.5, 0.1, 0.1, 0.3), (0.9, 0.02, 0.05, 0.03), (0.25, 0.05, 0.45, 0.25)])
def test_the_interval_of_a_difference_covers_it(num_pairs, chances):
    """`chances` are of both, only the first, only the second, and neither."""
    rng = np.random.default_rng(2)
    draws = rng.multinomial(num_pairs, chances, 2000)
    estimates = [
        difference_of([1] * int(gained) + [-1] * int(lost) + [0] * int(num_pairs - gained - lost))
        for _, lost, gained, _ in draws
    ]
    assert coverage(estimates, chances[2] - chances[1]) >= 0.94


def test_where_nothing_differs_the_test_seldom_says_so():
    rng = np.random.default_rng(3)
    p_values = [sign_flip_p_value(alone(rng.choice([-1, 0, 1], 80, p=[0.2, 0.6, 0.2]).tolist())) for _ in range(1000)]
    assert np.mean(np.array(p_values) < 0.05) <= 0.055


# Averages


def test_the_average_of_shares_covers_it():
    rng, chances, sizes = np.random.default_rng(4), np.array([0.98, 0.5, 0.05, 0.8]), np.array([100, 100, 40, 20])
    estimates = [
        average(
            [
                Estimate(wins / size, *wilson_interval(int(wins), int(size)))
                for wins, size in zip(rng.binomial(sizes, chances), sizes, strict=True)
            ]
        )
        for _ in range(2000)
    ]
    assert coverage(estimates, chances.mean()) == pytest.approx(0.95, abs=0.015)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), min_size=1, max_size=9))
def test_an_average_lies_between_its_parts(counts):
    parts = [Estimate(min(k, n) / n, *wilson_interval(min(k, n), n)) for n, k in counts]
    whole = average(parts)
    assert min(part.low for part in parts) - 1e-9 <= whole.low <= whole.value + 1e-9
    assert whole.value <= whole.high + 1e-9 <= max(part.high for part in parts) + 2e-9
    if len(parts) == 1:
        assert (whole.low, whole.high) == pytest.approx((parts[0].low, parts[0].high))


def test_a_scaled_figure():
    assert Estimate(0.5, 0.4, 0.7).scaled(0.4, 0.6) == Estimate(*map(pytest.approx, (0.5, 0.0, 1.5)))


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.00"), (0.7309268, "73.09"), (0.00004, "<0.01"), (0.00006, "0.01"), (1.0, "100.00")]
)
def test_a_tiny_share_is_not_written_as_zero(share, text):
    assert percent(share) == text
