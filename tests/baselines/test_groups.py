"""Advantages of episodes against others of the same start: on probe environments, in a run, and in the settings."""

import json
from functools import partial

import numpy as np
import pytest
import torch
from toy_policy import Probe, ToyPolicy, chance_of, make_learner, make_seats, train

from baselines import ppo
from baselines.checkpoint import read_checkpoint
from baselines.models.loading import load_policy
from baselines.models.model_config import ModelConfig
from baselines.models.policy import Prompt
from baselines.progress import read_metrics
from baselines.rollout import Sampling, Seat, collect_episodes, make_rollout
from baselines.run import Run
from baselines.session import read_train_config, start_accelerator
from baselines.settings import TaskConfig
from vlm_gym.errors import ConfigError

GROUP = {"advantages": "group", "group_size": 8}
SCALES = ("update", "group")


def right_pays(is_bright, word, turn):
    return 1.0 if word == "right" else -1.0


@pytest.mark.parametrize("scale", SCALES)
def test_the_action_that_pays_is_learnt_without_values(scale):
    policy = train(partial(Probe, right_pays), **GROUP, group_scale=scale)
    assert chance_of(policy, "right", is_bright=True) > 0.95
    assert not any(parameter.any() for parameter in policy.module.value.parameters())  # it never moved


@pytest.mark.parametrize("scale", SCALES)
def test_the_action_that_pays_depends_on_the_observation(scale):
    rule = lambda is_bright, word, _: 1.0 if (word == "right") == is_bright else -1.0  # noqa: E731
    policy = train(partial(Probe, rule), **GROUP, group_scale=scale)
    assert chance_of(policy, "right", is_bright=True) > 0.95
    assert chance_of(policy, "left", is_bright=False) > 0.95


def test_a_reward_at_the_end_is_credited_to_the_turns_before_it():
    """Dark, then bright; only the last turn pays, and only for a word in the bright one."""
    rule = lambda _, word, turn: float(turn == 1 and word == "left")  # noqa: E731
    probe = partial(Probe, rule, turns=2, brightness=(False, True))
    policy = train(probe, **GROUP)
    assert chance_of(policy, "left", is_bright=True) > 0.95


def test_luck_that_a_group_shares_is_no_merit():
    """A start that pays 100 whatever is played: against values of 0 it would drown what the words pay."""
    rule = lambda is_bright, word, _: 100.0 * is_bright + (1.0 if word == "right" else -1.0)  # noqa: E731
    seats = make_seats(partial(Probe, rule), 64, 8)
    rows, _ = collect_episodes(ToyPolicy(), seats, Sampling(4, 1.0), torch.Generator().manual_seed(0))
    learner = make_learner(ToyPolicy(), **GROUP)
    batch = ppo.assess(learner, rows, learner.plan(rows, np.random.default_rng(0))[0])
    assert batch.advantages.square().mean().item() == pytest.approx(1.0, abs=1e-5)
    for (turn,), advantage in zip(rows, batch.advantages.tolist(), strict=True):
        assert advantage == 0.0 or (advantage > 0) == (turn.answer.text == "right")


def test_every_seat_plays_one_whole_episode_and_a_group_the_same_start():
    """Episodes of different lengths: NumberLine ends where the target is."""
    task = TaskConfig("NumberLine-v0", {"image_size": 84})
    policy = load_policy(ModelConfig(), has_values=False)
    seats = [
        Seat(make_rollout(), lambda number, start=seat // 4: task.episode(10 * start + number)) for seat in range(8)
    ]
    for number in range(2):
        firsts = [seat.prompt.question.picture for seat in seats]
        for seat in range(8):
            assert np.array_equal(firsts[seat], firsts[seat - seat % 4])
        rows, episodes = collect_episodes(policy, seats, Sampling(8, 1.0), torch.Generator().manual_seed(number))
        assert [len(row) for row in rows] == [episode.num_turns for episode in episodes]
        assert all(row[-1].is_last and not any(turn.is_last for turn in row[:-1]) for row in rows)
        assert all(seat.state()["number"] == number + 1 and not seat.state()["turns"] for seat in seats)


def test_a_turn_is_judged_by_what_comes_after_it():
    """Episodes of 1, 3, 2 and 2 turns; only in the second one a turn pays, its second."""
    lengths = [1, 3, 2, 2]
    (turn,) = collect_episodes(
        ToyPolicy(), make_seats(partial(Probe, right_pays), 1), Sampling(4, 1.0), torch.Generator().manual_seed(0)
    )[0][0]
    rows = [[turn._replace(reward=float(length == 3 and at == 1)) for at in range(length)] for length in lengths]
    learner = make_learner(ToyPolicy(), advantages="group", group_size=4, gamma=0.5)
    found = ppo.assess(learner, rows, learner.plan(rows, np.random.default_rng(0))[0]).advantages
    others = [-0.5 / 3], [0.5, 1.0, 0.0], [-0.5 / 3, -0.5], [-0.5 / 3, -0.5]  # nobody else has a third turn
    raw = torch.tensor([advantage for row in others for advantage in row])
    torch.testing.assert_close(found, raw / raw.square().mean().sqrt())


def test_a_process_with_fewer_turns_learns_from_some_twice(monkeypatch):
    learner = make_learner(ToyPolicy(), **GROUP)
    monkeypatch.setattr(learner.accelerator, "gather", lambda mine: torch.cat([mine, torch.full_like(mine, 7)]))
    assert learner.fill_up([1, 2, 3]) == (1, 2, 3, 1, 2, 3, 1)


def test_without_values_there_is_no_value_head():
    policy = load_policy(ModelConfig(), has_values=False)
    assert not [name for name in policy.state_dict() if "value_head" in name]
    assert [group["name"] for group in policy.parameter_groups(lr=1.0, value_lr=1.0)] == ["model"]
    prompts = [Prompt.of(np.zeros((84, 84, 3), np.uint8), "Answer in JSON.")] * 3
    assert policy.values(prompts).tolist() == [0.0] * 3
    assert policy.evaluate(prompts, [policy.write("4")] * 3, temperature=1.0).value.tolist() == [0.0] * 3


SHORT = (
    *("--threads", "1", "--device", "cpu", "--task.num_envs", "4", "--sampling.max_new_tokens", "6"),
    *("--sft.steps", "2", "--sft.batch", "8", "--sft.episodes", "4", "--evaluation.episodes", "3"),
    *("--evaluation.every", "100", "--evaluation.samples", "0", "--checkpoint.every", "1", "--checkpoint.keep", "9"),
    *("--ppo.advantages", "group", "--ppo.group_size", "2", "--ppo.minibatch", "8", "--ppo.epochs", "2"),
)


def test_a_run_counts_the_turns_it_played_and_goes_on_bit_for_bit(tmp_path):
    whole, again = tmp_path / "whole", tmp_path / "again"
    ppo.main([*SHORT, "--folder", str(whole), "--ppo.updates", "2"])
    (lengths,) = [[line["env_turns"] for line in read_metrics(whole) if "env_turns" in line]]
    assert 4 <= lengths[0] <= lengths[1] - 4
    place = read_checkpoint(whole / "ppo" / "step-000002")["process-0"]
    assert [seat["number"] for seat in place.facts["seats"]] == [2] * 4
    whole.rename(again)
    (again / "ppo" / "step-000002").rename(tmp_path / "step-000002")
    ppo.main(["--resume", str(again)])
    one, other = (read_checkpoint(place) for place in (tmp_path / "step-000002", again / "ppo" / "step-000002"))
    for name, value in one["policy"].tensors.items():
        assert torch.equal(value, other["policy"].tensors[name]), name
    assert json.dumps(one["process-0"].facts["seats"]) == json.dumps(other["process-0"].facts["seats"])


def test_the_seats_of_a_run_are_in_groups(tmp_path):
    config = read_train_config([*SHORT, "--folder", str(tmp_path), "--sft.steps", "0"], "")
    run = Run.start(config, start_accelerator(config), None)
    seeds = [seat.episodes(3).seed for seat in run.seats]
    assert seeds[0] == seeds[1] != seeds[2] == seeds[3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--ppo.advantages group", "ppo.advantages group needs a ppo.group_size, such as 8"),
        ("--ppo.advantages group --ppo.group_size 1", "ppo.group_size must be"),
        ("--ppo.group_size 8", "say something with ppo.advantages group only"),
        ("--ppo.group_scale group", "say something with ppo.advantages group only"),
        ("--ppo.advantages group --ppo.group_size 8 --ppo.value_clip 0.1", "no values to clip: set ppo.value_clip"),
        ("--ppo.advantages group --ppo.group_size 7", "task.num_envs must be a multiple of ppo.group_size 7, got 64"),
        ("--ppo.advantages groups", "Did you mean 'group'?"),
    ],
)
def test_settings_that_contradict_are_refused(arguments, message):
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        read_train_config(arguments.split(), "")


@pytest.mark.slow
def test_the_tiny_model_learns_number_line_from_chance_without_values(tmp_path):
    """Success is the paper's: a positive return, that is the target without a wrong step. Random play has 26.9 %."""
    settings = "--ppo.advantages group --ppo.group_size 8 --task.num_envs 128 --seed 101 --evaluation.every 20"
    settings += " --evaluation.samples 0 --ppo.final_lr_share 0"
    ppo.main([*settings.split(), "--folder", str(tmp_path)])
    start, end = [line for line in read_metrics(tmp_path) if "sampled/positive_return" in line]
    assert start["sampled/positive_return"] < 0.45
    assert end["sampled/positive_return"] >= 0.80
    assert end["greedy/positive_return"] >= 0.90
