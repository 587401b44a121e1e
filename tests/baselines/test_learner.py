"""The update of PPO on five probe environments with known answers, and its details, all with a toy policy."""

import dataclasses
import itertools
import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from toy_policy import Probe, ToyPolicy, chance_of, make_learner, make_seats, picture, train, value_of

from baselines.batch import flatten, plan_epochs
from baselines.learner import NotFiniteError
from baselines.models.loading import load_policy
from baselines.models.memory import OutOfMemoryError
from baselines.models.model_config import ModelConfig
from baselines.models.policy import Prompt
from baselines.ppo import assess, improve, learn, loss
from baselines.rollout import Sampling, Turn, collect


def rollout(policy, probe, num_turns=8, num_seats=8):
    seats = make_seats(probe, num_seats)
    turns, _ = collect(policy, seats, num_turns, Sampling(4, 1.0), torch.Generator().manual_seed(0))
    return turns


def right_pays(is_bright, word, turn):
    return 1.0 if word == "right" else -1.0


def test_probe_one_the_value_of_a_constant_reward_is_that_reward():
    policy = train(partial(Probe, lambda *_: 1.0))
    assert value_of(policy, is_bright=True) == pytest.approx(1.0, abs=0.05)


def test_probe_two_a_value_follows_the_observation():
    policy = train(partial(Probe, lambda is_bright, *_: 1.0 if is_bright else -1.0))
    assert value_of(policy, is_bright=True) == pytest.approx(1.0, abs=0.05)
    assert value_of(policy, is_bright=False) == pytest.approx(-1.0, abs=0.05)


def test_probe_three_a_later_reward_is_discounted():
    """Dark, then bright; the reward of 1 comes behind the bright turn, one turn away from the dark one."""
    probe = partial(Probe, lambda _, __, turn: float(turn == 1), turns=2, brightness=(False, True))
    policy = train(probe, num_updates=100, gamma=0.9)
    assert value_of(policy, is_bright=True) == pytest.approx(1.0, abs=0.05)
    assert value_of(policy, is_bright=False) == pytest.approx(0.9, abs=0.05)


def test_probe_four_the_action_that_pays_is_learnt():
    policy = train(partial(Probe, right_pays))
    assert chance_of(policy, "right", is_bright=True) > 0.95


def test_probe_five_the_action_that_pays_depends_on_the_observation():
    policy = train(partial(Probe, lambda is_bright, word, _: 1.0 if (word == "right") == is_bright else -1.0))
    assert chance_of(policy, "right", is_bright=True) > 0.95
    assert chance_of(policy, "left", is_bright=False) > 0.95
    assert value_of(policy, is_bright=True) > 0.8


@pytest.mark.parametrize("settings", [{"ratio": "token"}, {"value_clip": 0.2}, {"reference_weight": 0.01}])
def test_the_options_learn_too(settings):
    policy = train(partial(Probe, right_pays), **settings)
    assert chance_of(policy, "right", is_bright=True) > 0.9


def test_a_truncated_episode_is_worth_what_follows_it():
    """It always pays 1 and is cut off every two turns: the value is that of 1 for ever, 1 / (1 - gamma) = 2."""
    cut_off = partial(Probe, lambda *_: 1.0, turns=2, is_cut_off=True)
    assert value_of(train(cut_off, num_updates=150, gamma=0.5), is_bright=True) == pytest.approx(2.0, abs=0.1)


def test_the_value_behind_a_truncation_is_that_of_the_final_picture_not_of_the_next_episode():
    """Episodes show dark, bright; the final picture is bright, and the next episode begins dark."""
    policy = ToyPolicy()
    with torch.no_grad():
        policy.module.value.weight.copy_(torch.tensor([[100.0, 7.0]]))  # dark 100, bright 7
    probe = partial(Probe, lambda *_: 0.0, turns=1, brightness=(False, True), is_cut_off=True)
    turns = rollout(policy, probe, num_turns=2, num_seats=1)
    learner = make_learner(policy, gamma=0.5, gae_lambda=0.0)
    batch = assess(learner, turns, plan_epochs(flatten(turns), 1, 32, 16, np.random.default_rng(0))[0])
    assert batch.returns.tolist() == [0.5 * 7.0, 0.5 * 7.0]


def test_the_ratio_is_exactly_one_in_the_first_minibatch():
    policy = ToyPolicy()
    torch.nn.init.normal_(policy.module.word.weight)
    learner = make_learner(policy)
    turns = rollout(policy, partial(Probe, right_pays))
    epoch = plan_epochs(flatten(turns), 1, 32, 16, np.random.default_rng(0))[0]
    batch = assess(learner, turns, epoch)
    part = batch.select(epoch[0][0])
    logp = policy.evaluate(part.prompts, part.answers, temperature=1.0).logp
    assert torch.equal(logp, part.logp)
    _, terms = loss(learner.evaluate(part), part, learner.config)
    assert terms[3].item() == terms[4].item() == 0.0  # divergence and clipped share


def test_every_turn_is_in_one_minibatch_of_an_epoch_and_every_epoch_is_another():
    turns = flatten(rollout(ToyPolicy(), partial(Probe, right_pays), num_turns=5))
    rng = np.random.default_rng(0)
    epochs = plan_epochs(turns, 2, 16, 6, rng)
    for epoch in epochs:
        assert [sum(map(len, minibatch)) for minibatch in epoch] == [16, 16, 8]
        assert all(len(microbatch) <= 6 for minibatch in epoch for microbatch in minibatch)
        assert sorted(number for minibatch in epoch for microbatch in minibatch for number in microbatch) == list(
            range(40)
        )
    assert epochs[0] != epochs[1]


@pytest.mark.parametrize(("num_turns", "minibatch", "microbatch"), [(5, 16, 6), (8, 32, 8), (3, 64, 5), (7, 10, 3)])
def test_a_turn_meets_the_same_others_in_every_epoch(num_turns, minibatch, microbatch):
    turns = flatten(rollout(ToyPolicy(), partial(Probe, right_pays), num_turns=num_turns))
    epochs = plan_epochs(turns, 4, minibatch, microbatch, np.random.default_rng(0))
    packs = [sorted(part for parts in epoch for part in parts) for epoch in epochs]
    assert packs[1:] == packs[:-1]
    sizes = [[[len(part) for part in parts] for parts in epoch] for epoch in epochs]
    assert sizes[1:] == sizes[:-1]


@pytest.mark.parametrize("num_prompts", [12, 3])
def test_an_untrained_ratio_is_exactly_one_in_every_epoch_in_bf16(num_prompts):
    """Log-probs in bf16 depend on the padding, hence on who shares a microbatch; and on whose prompt is read once."""
    policy = load_policy(ModelConfig(rank=4, precision="bfloat16"))
    rng = np.random.default_rng(0)
    texts = ["Play. " * int(rng.integers(1, 12)) for _ in range(12)]
    several = [Prompt.of(rng.integers(0, 256, (84, 84, 3), dtype=np.uint8), text) for text in texts]
    prompts = [several[number % num_prompts] for number in range(12)]
    sampled = policy.generate(prompts, max_new_tokens=24, temperature=1.0, generator=torch.Generator().manual_seed(0))
    answers = [replace(a, tokens=a.tokens[: 3 + n], logp=a.logp[: 3 + n]) for n, a in enumerate(sampled)]
    turns = [
        [
            Turn(prompt, answer, (True,) * len(answer.tokens), 0.0, True, False, prompt, False, False)
            for prompt, answer in zip(prompts, answers, strict=True)
        ]
    ]
    learner = make_learner(policy, minibatch=6, microbatch=3, epochs=3)
    epochs = plan_epochs(flatten(turns), 3, 6, 3, rng)
    batch = assess(learner, turns, epochs[0])
    for epoch in epochs:
        for numbers in itertools.chain(*epoch):
            part = batch.select(numbers)
            assert torch.equal(policy.evaluate(part.prompts, part.answers, temperature=1.0).logp, part.logp)


def test_an_update_tells_how_far_the_sampler_is_from_the_training_forward():
    policy = ToyPolicy()
    turns = rollout(policy, partial(Probe, right_pays))
    assert learn(make_learner(policy), turns, np.random.default_rng(0)).sampler_divergence == pytest.approx(0, abs=1e-9)
    off = [[turn._replace(answer=replace(turn.answer, logp=(-2.0, 0.0))) for turn in row] for row in turns]
    log_ratio = np.log(0.5) + 2.0
    expected = np.exp(log_ratio) - 1 - log_ratio
    assert learn(make_learner(ToyPolicy()), off, np.random.default_rng(0)).sampler_divergence == pytest.approx(expected)


@pytest.mark.parametrize("ratio", ["answer", "token"])
def test_a_sampler_that_computes_otherwise_can_be_corrected(ratio):
    """Turns that training finds twice as likely as the sampler did weigh twice, but never more than the bound."""
    turns = rollout(ToyPolicy(), partial(Probe, right_pays))
    off = [[turn._replace(answer=replace(turn.answer, logp=(np.log(0.25), 0.0))) for turn in row] for row in turns]
    gradients = []
    for correction in (None, 10.0, 1.5):
        policy = ToyPolicy()
        learner = make_learner(policy, ratio=ratio, sampler_correction=correction, value_weight=0.0)
        batch = assess(learner, off, plan_epochs(flatten(off), 1, 64, 64, np.random.default_rng(0))[0])
        loss(learner.evaluate(batch), batch, learner.config)[0].backward()
        gradients.append(policy.module.word.weight.grad)
    torch.testing.assert_close(gradients[1], 2.0 * gradients[0])
    torch.testing.assert_close(gradients[2], 1.5 * gradients[0])


def test_a_microbatch_holds_turns_of_like_length():
    turns = flatten(rollout(ToyPolicy(), partial(Probe, right_pays)))
    lengthened = [
        turn._replace(prompt=Prompt.of(turn.prompt.pictures[0], "x" * 40 * (number % 7)))
        for number, turn in enumerate(turns)
    ]
    (minibatch,) = plan_epochs(lengthened, 1, 64, 8, np.random.default_rng(0))[0]
    longest = [max(len(lengthened[number].prompt.question.text) for number in microbatch) for microbatch in minibatch]
    shortest = [min(len(lengthened[number].prompt.question.text) for number in microbatch) for microbatch in minibatch]
    assert all(high <= low for high, low in zip(longest[:-1], shortest[1:], strict=True))


def test_turns_of_one_prompt_are_side_by_side_in_a_minibatch():
    """There a prompt is read once for all its answers."""
    (turn, *_), *_ = rollout(ToyPolicy(), partial(Probe, right_pays))
    prompts = [Prompt.of(picture(is_bright=True), "x" * 40 * number) for number in range(4)]
    turns = [turn._replace(prompt=prompts[number % 4]) for number in range(16)]
    (minibatch,) = plan_epochs(turns, 1, 16, 4, np.random.default_rng(0))[0]
    assert [{number % 4 for number in part} for part in minibatch] == [{0}, {1}, {2}, {3}]


@pytest.mark.parametrize("microbatch", [1, 5, 16])
def test_the_size_of_the_microbatch_changes_no_step(microbatch):
    policies = [ToyPolicy(), ToyPolicy()]
    turns = rollout(policies[0], partial(Probe, right_pays), num_turns=2)
    for policy, size in zip(policies, (16, microbatch), strict=True):
        learner = make_learner(policy, microbatch=size, minibatch=16, epochs=1, max_grad_norm=100.0)
        learn(learner, turns, np.random.default_rng(0))
    for one, other in zip(policies[0].module.parameters(), policies[1].module.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_an_update_ends_early_when_its_divergence_passes_the_target():
    turns = rollout(ToyPolicy(), partial(Probe, right_pays))
    for target_kl, num_epochs in ((None, 6), (1e9, 6), (0.0, 1)):
        learner = make_learner(ToyPolicy(), epochs=6, target_kl=target_kl)
        assert [len(epoch) for epoch in learn(learner, turns, np.random.default_rng(0)).epochs] == [2] * num_epochs


def test_advantages_are_normalised_over_the_batch():
    policy = ToyPolicy()
    turns = rollout(policy, partial(Probe, right_pays))
    learner = make_learner(policy)
    batch = assess(learner, turns, plan_epochs(flatten(turns), 1, 32, 16, np.random.default_rng(0))[0])
    assert batch.advantages.mean().item() == pytest.approx(0.0, abs=1e-6)
    assert batch.advantages.std(unbiased=False).item() == pytest.approx(1.0, abs=1e-5)
    assert set(batch.returns.tolist()) == {1.0, -1.0}


def test_a_nan_stops_with_the_batch_on_disk(tmp_path):
    policy = ToyPolicy()
    turns = rollout(policy, partial(Probe, right_pays))
    learner = make_learner(policy, tmp_path)
    epoch = plan_epochs(flatten(turns), 1, 32, 16, np.random.default_rng(0))[0]
    batch = assess(learner, turns, epoch)
    broken = dataclasses.replace(
        batch, advantages=batch.advantages.index_fill(0, torch.tensor(epoch[0][0][3]), torch.nan)
    )
    before = policy.module.word.weight.clone()
    with pytest.raises(NotFiniteError, match="the loss is nan; the turns that made it are in"):
        improve(learner, broken, [epoch])
    assert torch.equal(before, policy.module.word.weight)
    folder = tmp_path / "not_finite_0"
    lines = [json.loads(line) for line in (folder / "turns.jsonl").read_text().splitlines()]
    assert len(lines) == len(list(folder.glob("*.png"))) == 16
    assert lines[3]["answer"]["text"] == batch.answers[epoch[0][0][3]].text


def test_a_loss_that_is_no_number_reaches_every_process_before_it_stops_this_one(tmp_path):
    """Gradients are exchanged in the last backward pass: a process that left before it would let the others wait."""
    policy = ToyPolicy()
    learner = make_learner(policy, tmp_path, minibatch=16, microbatch=4, value_weight=1e30)
    turns = rollout(policy, partial(Probe, lambda *_: 1e15), num_turns=2)
    epoch = plan_epochs(flatten(turns), 1, 16, 4, np.random.default_rng(0))[0]
    batch = assess(learner, turns, epoch)
    passes = []
    policy.module.value.bias.register_hook(passes.append)
    with pytest.raises(NotFiniteError, match="the loss is inf"):
        learner.step(batch, epoch[0], loss)
    assert len(passes) == len(epoch[0])
    assert not any(gradient.isfinite() for gradient in passes)
    assert len(list((tmp_path / "not_finite_0").glob("*.png"))) == 4


def test_memory_that_runs_out_in_the_backward_pass_is_told_with_the_setting_that_helps():
    def run_out(_):
        raise torch.OutOfMemoryError("tried to allocate 8 GiB")

    policy = ToyPolicy()
    policy.module.word.weight.register_hook(run_out)
    with pytest.raises(OutOfMemoryError, match="tried to allocate 8 GiB What helps: a smaller microbatch"):
        learn(make_learner(policy), rollout(policy, partial(Probe, right_pays)), np.random.default_rng(0))


def test_an_infinite_gradient_stops_too(tmp_path):
    policy = ToyPolicy()
    learner = make_learner(policy, tmp_path)
    policy.module.word.weight.register_hook(lambda gradient: gradient * torch.inf)
    with pytest.raises(NotFiniteError, match="the gradient is"):
        learn(learner, rollout(policy, partial(Probe, right_pays)), np.random.default_rng(0))


def test_each_turn_keeps_its_own_prompt_and_picture():
    """Defect of the published code: the update evaluates every sample under the first prompt ever seen."""
    policy = ToyPolicy()
    turns = rollout(policy, partial(Probe, right_pays, turns=3))
    batch = assess(make_learner(policy), turns, plan_epochs(flatten(turns), 1, 32, 16, np.random.default_rng(0))[0])
    part = batch.select([0, 8, 16])
    assert [prompt.question.text for prompt in part.prompts] == ["turn 0", "turn 1", "turn 2"]
    for turn, prompt in zip(flatten(turns), batch.prompts, strict=True):
        assert turn.prompt is prompt
    assert picture(is_bright=True).shape == batch.prompts[0].pictures[0].shape
