"""The interval, against numbers from elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_gym.evaluation.statistics import percent, wilson_interval


@pytest.mark.parametrize(
    ("num_successes", "num_trials", "low", "high"),
    [  # statsmodels 0.14 proportion_confint(method="wilson")
        (0, 10, 0.0, 0.277533),
        (5, 10, 0.236593, 0.763407),
        (86, 200, 0.363343, 0.499295),
        (200, 200, 0.981154, 1.0),
    ],
)
def test_the_interval_is_wilsons(num_successes, num_trials, low, high):
    interval = wilson_interval(num_successes, num_trials)
    assert interval == pytest.approx((low, high), abs=1e-5)


@given(num_trials=st.integers(1, 10_000), data=st.data())
def test_the_interval_holds_the_share_and_lies_in_0_to_1(num_trials, data):
    num_successes = data.draw(st.integers(0, num_trials))
    low, high = wilson_interval(num_successes, num_trials)
    assert 0.0 <= low <= num_successes / num_trials <= high <= 1.0


@pytest.mark.parametrize("counts", [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="expected 0 <= num_successes"):
        wilson_interval(*counts)


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.00"), (0.7309268, "73.09"), (0.00004, "<0.01"), (0.00006, "0.01"), (1.0, "100.00")]
)
def test_a_tiny_share_is_not_written_as_zero(share, text):
    assert percent(share) == text
