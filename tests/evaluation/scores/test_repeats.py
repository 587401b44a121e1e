"""Several attempts at the same start: unbiased figures, intervals that hold, and tables that tell them."""

import asyncio
import json
from itertools import combinations
from math import comb

import numpy as np
import pytest

from vlm_gym.cli.score_table import score_table
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.evaluation.models.agents import ConstantAgent, OracleAgent
from vlm_gym.evaluation.report.write import write_report
from vlm_gym.evaluation.runs.plan import Plan, repeated
from vlm_gym.evaluation.runs.played import read_played
from vlm_gym.evaluation.runs.run import evaluate
from vlm_gym.evaluation.scores.repeats import repeats_of
from vlm_gym.evaluation.scores.statistics import mixed_estimate, sample, success_estimate
from vlm_gym.evaluation.scores.summary import summarise

NUM_ATTEMPTS = 5
STARTS = [EpisodeSpec(f"vlm_gym/{task}-v0", seed) for task in ("Blackjack", "NumberLine") for seed in range(6)]


def play(folder, episodes, agent=None):
    asyncio.run(evaluate(folder, Plan(tuple(episodes)), agent or OracleAgent(0.6)))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return play(tmp_path_factory.mktemp("repeats"), repeated(STARTS, NUM_ATTEMPTS))


def outcomes(folder, task):
    """The outcomes of the attempts at each start."""
    starts = {}
    for item in read_played(folder):
        if item.episode.task == task:
            starts.setdefault(item.episode.seed, []).append(item.episode.is_success)
    return list(starts.values())


@pytest.mark.parametrize("task", ["vlm_gym/Blackjack-v0", "vlm_gym/NumberLine-v0"])
def test_the_figures_are_means_over_all_choices_of_k_attempts(folder, task):
    repeats = repeats_of([item for item in read_played(folder) if item.episode.task == task])
    starts = outcomes(folder, task)
    assert repeats.num_attempts == NUM_ATTEMPTS
    assert [rate.k for rate in repeats.rates] == [1, 2, 4, 5]
    for rate in repeats.rates:
        chosen = [list(combinations(attempts, rate.k)) for attempts in starts]
        assert rate.num_starts == 6
        assert rate.pass_any.value == pytest.approx(np.mean([np.mean([any(c) for c in group]) for group in chosen]))
        assert rate.pass_all.value == pytest.approx(np.mean([np.mean([all(c) for c in group]) for group in chosen]))
        for estimate in (rate.pass_any, rate.pass_all):
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    pairs = [list(combinations(attempts, 2)) for attempts in starts]
    alike = np.mean([np.mean([a == b for a, b in group]) for group in pairs])
    assert repeats.consistency.value == pytest.approx(alike)


def test_one_attempt_is_the_success_itself(folder):
    scores = summarise(folder).tasks[0]
    one = scores.repeats.rates[0]
    assert one.pass_any == one.pass_all
    assert one.pass_any.value == pytest.approx(scores.success.value)


def test_starts_with_fewer_attempts_count_for_fewer_attempts_alone(tmp_path):
    played = read_played(play(tmp_path, repeated(STARTS[:2], 2) + repeated(STARTS[2:3], 1)))
    assert [(rate.k, rate.num_starts) for rate in repeats_of(played).rates] == [(1, 3), (2, 2)]


def test_a_run_without_repeats_tells_nothing_of_them(tmp_path):
    summary = summarise(play(tmp_path, STARTS))
    assert summary.overall.repeats is None
    assert all(task.repeats is None for task in summary.tasks)
    assert "pass@" not in score_table(summary)


def test_a_model_that_always_does_the_same_is_consistent_and_sure_of_nothing_more(tmp_path):
    repeats = summarise(play(tmp_path, repeated(STARTS[6:], 3), ConstantAgent("no"))).overall.repeats
    assert repeats.consistency.value == 1.0
    assert all((rate.pass_any.value, rate.pass_all.value) == (0.0, 0.0) for rate in repeats.rates)
    looks = [item.start for item in read_played(tmp_path) if item.episode.repeat == 0]
    few = success_estimate(sample([0.0] * 6, looks))  # as sure as of six starts at most, not of eighteen
    assert {rate.pass_any.high for rate in repeats.rates} == {few.high}


def test_all_tables_tell_of_repeats(folder, tmp_path):
    summary = summarise(folder)
    any_of_two = f"{100 * summary.overall.repeats.rates[1].pass_any.value:.1f} ("
    table = score_table(summary)
    assert "pass@2" in table
    assert any_of_two in table
    report = write_report([folder], tmp_path / "report.html")
    assert "| overall | 5 |" in report.markdown.read_text()
    overall = json.loads(report.results.read_text())["runs"][0]["summary"]["overall"]
    assert [rate["k"] for rate in overall["repeats"]["rates"]] == [1, 2, 4, 5]


@pytest.mark.parametrize(("num_starts", "num_attempts"), [(10, 4), (60, 4), (40, 8)])
@pytest.mark.parametrize("chances", [(0.3, 0.7), (2, 2), (20, 30)])
def test_the_intervals_hold(num_starts, num_attempts, chances):
    rng = np.random.default_rng(0)
    truth = np.mean(1 - (1 - rng.beta(*chances, 400_000)) ** 2)
    num_held, num_tries = 0, 200
    for _ in range(num_tries):
        successes = rng.binomial(num_attempts, rng.beta(*chances, num_starts))
        shares = [1 - comb(num_attempts - int(c), 2) / comb(num_attempts, 2) for c in successes]
        estimate = mixed_estimate(sample(shares, range(num_starts)), num_starts * num_attempts / 2)
        num_held += estimate.low <= truth <= estimate.high
    assert num_held / num_tries >= 0.91
