"""It learns: one seed of NumberLine, from a start at chance, in a minute and a half of one core."""

import pytest

from baselines import ppo
from baselines.progress import read_metrics

NUM_UPDATES = 10


@pytest.mark.slow
def test_the_tiny_model_learns_number_line_from_chance(tmp_path):
    """Success is the paper's: a positive return, that is the target without a wrong step. Random play has 26.9 %."""
    short = f"--ppo.updates {NUM_UPDATES} --evaluation.every {NUM_UPDATES} --ppo.final_lr_share 0"
    ppo.main(f"--folder {tmp_path} --seed 101 {short}".split())
    start, end = [line for line in read_metrics(tmp_path) if "sampled/positive_return" in line]
    assert start["sampled/positive_return"] < 0.45
    assert start["greedy/positive_return"] < 0.65  # all "+" or all "-" is right for half of the starts
    assert end["sampled/positive_return"] >= 0.85
    assert end["greedy/positive_return"] >= 0.95
    assert end["greedy/faults"] == 0.0
