"""Evaluation: every start once, in any division, and the same score for the same policy."""

from functools import partial

import pytest
import torch
from accelerate import Accelerator
from toy_policy import ANY_TASK, Probe, ToyPolicy, probe_rollout

from baselines.config import build
from baselines.evaluate import evaluate, floor_of, score_of
from baselines.models.policy import Answer
from baselines.progress import score_metrics
from baselines.rollout import Episode, Sampling, Seat, is_held_out, make_rollout
from baselines.run import evaluation_starts
from baselines.settings import TaskConfig, TrainConfig
from vlm_gym.episodes import EpisodeSpec
from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.panels import get_panel


def starts_of(number):
    return [EpisodeSpec(ANY_TASK, seed) for seed in range(number)]


def play(policy, starts, num_seats, temperature=1.0, probe=None):
    probe = probe or partial(Probe, lambda is_bright, word, _: 1.0 if (word == "right") == is_bright else -1.0)
    played = []

    def make_seat(own):
        def recorded(number):
            start = own(number)
            played.append(start) if start else None
            return start

        return Seat(probe_rollout(probe), recorded)

    score = evaluate(policy, make_seat, starts, Sampling(4, temperature), Accelerator(cpu=True), num_seats=num_seats)
    return score, played


@pytest.mark.parametrize("num_seats", [1, 3, 20])
def test_every_start_is_played_once(num_seats):
    starts = starts_of(11)
    score, played = play(ToyPolicy(), starts, num_seats)
    assert sorted(played, key=lambda episode: episode.seed) == starts
    assert score.num_episodes == 11


def test_the_same_policy_gets_the_same_score():
    starts = starts_of(40)
    assert play(ToyPolicy(), starts, 8)[0] == play(ToyPolicy(), starts, 8)[0]


def test_greedy_play_is_not_sampled():
    policy = ToyPolicy()
    with torch.no_grad():
        policy.module.word.weight.copy_(torch.tensor([[0.1, 0.0], [0.0, 0.1]]))  # left if dark, right if bright
    starts = starts_of(50)
    assert play(policy, starts, 8, temperature=0.0)[0].share("success") == 1.0
    assert play(policy, starts, 8, temperature=1.0)[0].share("success") < 0.8


def test_the_papers_metric_counts_positive_returns_and_success_is_the_tasks_own():
    episodes = [
        Episode(is_success=True, total=1.0, num_turns=2),
        Episode(is_success=True, total=-1.0, num_turns=4, num_illegal=1, num_faults=2, num_cut_off=1),
        Episode(is_success=False, total=0.0, num_turns=2),
        Episode(is_success=False, total=-3.0, num_turns=2),
    ]
    score = score_of(episodes)
    assert (score.share("success"), score.share("positive_return")) == (0.5, 0.25)
    assert (score.mean_return, score.mean_turns) == (-0.75, 2.5)
    assert (score.fault_share, score.illegal_share, score.cut_off_share) == (0.2, 0.1, 0.1)
    low, high = score.interval("positive_return")
    assert low < 0.25 < high
    assert score_of([]) is None


def test_problems_that_were_held_out_are_scored_apart():
    shown, held_out = Episode(is_success=True, num_turns=2), Episode(num_turns=4, is_held_out=True)
    score = score_of([shown] * 3 + [held_out])
    assert score.share("success") == 0.75
    assert {name: (part.num_episodes, part.share("success")) for name, part in score.parts.items()} == {
        "shown": (3, 1.0),
        "held_out": (1, 0.0),
    }
    metrics = score_metrics("greedy", score, "success")
    assert (metrics["greedy/success"], metrics["greedy/shown/success"]) == (0.75, 1.0)
    assert (metrics["greedy/held_out/success"], metrics["greedy/held_out/episodes"]) == (0.0, 1)
    assert not score_of([shown]).parts
    assert not score_of([held_out]).parts


def test_a_seat_marks_the_episodes_of_held_out_problems():
    starts = [TaskConfig("Points24-v0").episode(number) for number in range(12)]
    seat = Seat(make_rollout(), lambda n: starts[n] if n < 12 else None, held_out=0.5)
    marked = []
    while not seat.is_done:
        marked += [episode.is_held_out for _, episode in [seat.play(Answer((1,), "no", ((0, 2),)))] if episode]
    rollout, expected = make_rollout(), []
    for start in starts:
        rollout.start(start)
        expected.append(is_held_out(rollout, 0.5))
    assert marked == expected
    assert len({*marked}) == 2


def configure(task, /, **evaluation):
    return build(TrainConfig, {"task": {"id": task}, "evaluation": evaluation})


def test_a_panels_episodes_are_those_of_the_task():
    (starts,) = evaluation_starts(configure("EZPoints-v0", panel="cards-v0")).values()
    assert len(starts) == 100
    assert [start.seed for start in starts] == [
        episode.seed for episode in get_panel("cards-v0").episodes if episode.task == "vlm_gym/EZPoints-v0"
    ]
    assert evaluation_starts(configure("EZPoints-v0", episodes=150))["EZPoints-v0"][:100] == starts
    (homes,) = evaluation_starts(configure("Household-v0", panel="household-v0")).values()
    assert all(start.options["task_type"] for start in homes)


def test_another_id_than_the_trained_one_can_be_evaluated():
    """ALFWorld-v0 draws the games that training plays: its configurations evaluate the split valid_seen."""
    config = configure("Household-v0", task="Household-Unseen-v0", panel="household-unseen-v0")
    (task,) = config.evaluated_tasks
    assert task.full_id == "vlm_gym/Household-Unseen-v0"
    assert list(map(len, evaluation_starts(config).values())) == [120]
    assert task.episode(0).make().unwrapped.split == "unseen"
    assert config.task.episode(0).make().unwrapped.split == "train"
    with pytest.raises(ConfigError, match=r"has no episode of vlm_gym/Household-v0"):
        evaluation_starts(configure("Household-v0", panel="household-unseen-v0"))
    with pytest.raises(ConfigError, match=r"evaluation\.task: there is no task .*Did you mean 'Household-Unseen-v0'"):
        configure("Household-v0", task="Household-Unsen-v0")


def test_several_ids_are_evaluated_each_with_its_episodes_of_all_panels():
    config = configure(
        "Household-v0", task=["Household-Unseen-v0", "EZPoints-v0"], panel=["cards-v0", "household-unseen-v0"]
    )
    found = evaluation_starts(config)
    assert {name: (len(starts), {start.task for start in starts}) for name, starts in found.items()} == {
        "Household-Unseen-v0": (120, {"vlm_gym/Household-Unseen-v0"}),
        "EZPoints-v0": (100, {"vlm_gym/EZPoints-v0"}),
    }
    for given in ([], ["EZPoints-v0", "vlm_gym/EZPoints-v0"]):
        with pytest.raises(ConfigError, match=r"evaluation\.task must be null, or some names, each once"):
            configure("EZPoints-v0", task=given)


def test_a_panel_without_the_task_is_refused():
    with pytest.raises(ConfigError, match="has no episode of vlm_gym/Blackjack-v0"):
        evaluation_starts(configure("Blackjack-v0", panel="household-v0"))


def test_the_floor_of_the_papers_metric_on_the_number_line():
    """Two random places of six are d apart with probability (6 - d) / 15; then d steps must all be right."""
    expected = sum((6 - d) / 15 * 0.5**d for d in range(1, 6))
    assert floor_of("vlm_gym/NumberLine-v0", "positive_return") == pytest.approx(expected)
    assert floor_of("vlm_gym/NumberLine-v0", "success") == pytest.approx(0.597917)
    assert floor_of("vlm_gym/EZPoints-v0", "positive_return") is None
