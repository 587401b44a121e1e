"""Advantages and losses against plain loops and numbers worked out by hand."""

import itertools
import math

import pytest
import torch

from baselines.losses import answer_loss, mean_entropy, reference_penalty
from baselines.ppo import (
    estimate_advantages,
    group_advantages,
    policy_loss,
    returns_to_go,
    token_weights,
    value_loss,
)
from vlm_gym.errors import ConfigError


def plain_advantages(rewards, values, next_values, is_terminated, is_last, gamma, gae_lambda):
    """Sum the discounted errors of each episode from each of its turns on, in a plain loop of Python floats."""
    num_turns, num_envs = len(rewards), len(rewards[0])
    result = [[0.0] * num_envs for _ in range(num_turns)]
    for env in range(num_envs):
        for start in range(num_turns):
            weight = 1.0
            for turn in range(start, num_turns):
                following = 0.0 if is_terminated[turn][env] else next_values[turn][env]
                result[start][env] += weight * (rewards[turn][env] + gamma * following - values[turn][env])
                weight *= gamma * gae_lambda
                if is_last[turn][env]:
                    break
    return result


@pytest.mark.parametrize("seed", range(5))
def test_advantages_equal_a_plain_loop(seed):
    generator = torch.Generator().manual_seed(seed)
    rewards, values, next_values = (torch.randn(12, 3, generator=generator) for _ in range(3))
    is_terminated = torch.rand(12, 3, generator=generator) < 0.2
    is_last = is_terminated | (torch.rand(12, 3, generator=generator) < 0.2)
    tensors = (rewards, values, next_values, is_terminated, is_last)
    expected = plain_advantages(*(tensor.tolist() for tensor in tensors), 0.9, 0.95)
    got = estimate_advantages(*tensors, gamma=0.9, gae_lambda=0.95)
    assert torch.allclose(torch.tensor(expected), got, atol=1e-5)


def one_env(*numbers):
    return torch.tensor(numbers)[:, None]


def test_advantages_worked_out_by_hand():
    got = estimate_advantages(
        one_env(1.0, 2.0),
        one_env(0.5, 1.0),
        one_env(1.0, 3.0),
        one_env(False, False),
        one_env(False, False),
        gamma=0.5,
        gae_lambda=0.5,
    )
    last = 2.0 + 0.5 * 3.0 - 1.0
    assert got[:, 0].tolist() == [1.0 + 0.5 * 1.0 - 0.5 + 0.25 * last, last]


@pytest.mark.parametrize(("is_terminated", "expected"), [(True, 1.0), (False, 1.0 + 0.9 * 10.0)])
def test_a_truncation_bootstraps_from_the_final_observation_and_a_termination_does_not(is_terminated, expected):
    """Defect of the published code: a truncation sets the bootstrap to zero."""
    got = estimate_advantages(
        one_env(1.0, 0.0),
        one_env(0.0, 0.0),
        one_env(10.0, 0.0),
        one_env(is_terminated, False),
        one_env(True, False),
        gamma=0.9,
        gae_lambda=0.95,
    )
    assert got[0, 0].item() == pytest.approx(expected)


def test_no_credit_flows_from_one_episode_into_the_one_before():
    rewards = one_env(0.0, 100.0)
    zeros = torch.zeros(2, 1)
    is_last = one_env(True, True)
    got = estimate_advantages(rewards, zeros, zeros, torch.zeros_like(is_last), is_last, gamma=0.9, gae_lambda=0.95)
    assert got[:, 0].tolist() == [0.0, 100.0]


@pytest.mark.parametrize("size", [2, 3, 8])
def test_a_turn_is_compared_with_the_others_of_its_group(size):
    """Against a plain loop; what all of a group share, such as an easy start, counts nothing."""
    generator = torch.Generator().manual_seed(size)
    returns = torch.randn(3 * size, 5, generator=generator)
    lengths = torch.randint(1, 6, (3 * size,), generator=generator)
    is_played = torch.arange(5) < lengths[:, None]
    found = group_advantages(returns, is_played, size)
    for episode, turn in itertools.product(range(3 * size), range(5)):
        group = range(episode - episode % size, episode - episode % size + size)
        others = [returns[other, turn].item() for other in group if other != episode and turn < lengths[other]]
        mine = returns[episode, turn].item() - sum(others) / len(others) if others else 0.0
        assert found[episode, turn].item() == pytest.approx(mine if turn < lengths[episode] else 0.0, abs=1e-5)
    easier = returns + torch.tensor([5.0, -3.0, 0.0]).repeat_interleave(size)[:, None]
    torch.testing.assert_close(group_advantages(easier, is_played, size), found, atol=1e-5, rtol=0)


def test_grpos_advantages_have_the_same_size_in_every_group_and_none_where_all_did_alike():
    returns = torch.tensor([[0.0], [1.0], [0.0], [10.0], [0.1 + 0.2], [0.3]])
    found = group_advantages(returns, torch.ones(6, 1, dtype=torch.bool), 2, is_scaled=True).flatten()
    assert found[:4].tolist() == pytest.approx([-(0.5**0.5), 0.5**0.5] * 2, abs=1e-3)
    assert found[4:].tolist() == pytest.approx([0.0, 0.0], abs=1e-3)  # rounding makes no advantage


def test_a_return_counts_what_comes_from_its_turn_on():
    rewards = torch.tensor([[1.0, -1.0, 4.0], [0.0, 2.0, 0.0]])
    assert returns_to_go(rewards, 0.5).tolist() == [[1.5, 1.0, 4.0], [1.0, 2.0, 0.0]]


def test_thoughts_weigh_lambda_actions_one_and_padding_nothing():
    mask = torch.tensor([[True, True, True], [True, False, False]])
    is_action = torch.tensor([[False, True, False], [True, True, False]])
    assert token_weights(mask, is_action, 0.5).tolist() == [[0.5, 1.0, 0.5], [1.0, 0.0, 0.0]]


def test_the_ratio_of_an_answer_is_that_of_the_weighted_sums():
    logp = torch.tensor([[-1.0, -2.0]])
    old_logp = torch.tensor([[-1.1, -2.1]])
    weights = torch.tensor([[0.5, 1.0]])
    got = policy_loss(logp, old_logp, weights, torch.tensor([2.0]), clip=0.2, ratio="answer")
    assert got.loss.item() == pytest.approx(-2.0 * math.exp(0.15), rel=1e-5)
    assert got.divergence.item() == pytest.approx(math.exp(0.15) - 1 - 0.15, rel=1e-3)
    assert got.clipped_share.item() == 0.0


@pytest.mark.parametrize(
    ("shift", "advantage", "expected"),
    [(0.5, 1.0, 1.2), (-0.5, 1.0, math.exp(-0.5)), (0.5, -1.0, -math.exp(0.5)), (-0.5, -1.0, -0.8)],
)
@pytest.mark.parametrize("ratio", ["answer", "token"])
def test_the_surrogate_is_clipped_where_it_would_gain(shift, advantage, expected, ratio):
    old_logp = torch.tensor([[-1.0]])
    got = policy_loss(old_logp + shift, old_logp, torch.ones(1, 1), torch.tensor([advantage]), clip=0.2, ratio=ratio)
    assert got.loss.item() == pytest.approx(-expected)
    assert got.clipped_share.item() == 1.0


def test_both_kinds_of_ratio_have_the_same_gradient_where_the_policies_agree():
    generator = torch.Generator().manual_seed(0)
    old_logp = torch.randn(4, 5, generator=generator)
    weights = torch.rand(4, 5, generator=generator)
    advantages = torch.randn(4, generator=generator)
    gradients = []
    for ratio in ("answer", "token"):
        logp = old_logp.clone().requires_grad_()
        policy_loss(logp, old_logp, weights, advantages, clip=0.2, ratio=ratio).loss.backward()
        gradients.append(logp.grad)
    assert torch.allclose(*gradients)
    assert torch.allclose(gradients[0], -weights * advantages[:, None] / 4)


def test_padding_changes_no_policy_loss():
    logp, old_logp = torch.tensor([[-1.0, -2.0]]), torch.tensor([[-1.2, -1.9]])
    weights, advantages = torch.tensor([[0.5, 1.0]]), torch.tensor([1.5])
    padded = [torch.nn.functional.pad(tensor, (0, 3)) for tensor in (logp, old_logp, weights)]
    for ratio in ("answer", "token"):
        alone = policy_loss(logp, old_logp, weights, advantages, clip=0.2, ratio=ratio)
        assert policy_loss(*padded, advantages, clip=0.2, ratio=ratio) == alone


def test_an_unknown_kind_of_ratio_is_refused():
    with pytest.raises(ConfigError, match="Did you mean 'token'"):
        policy_loss(*torch.zeros(3, 1, 1), torch.zeros(1), clip=0.2, ratio="tokens")


def test_the_value_loss_is_half_the_mean_squared_error():
    assert value_loss(torch.tensor([1.0, 2.0]), torch.zeros(2), torch.tensor([0.0, 4.0])).item() == 0.5 * (1 + 4) / 2


def test_the_clipped_value_loss_takes_the_larger_error():
    """Value 1 is clipped to 0.2, which is further from 3; value -1 to -0.2, which is nearer to 0."""
    got = value_loss(torch.tensor([1.0, -1.0]), torch.zeros(2), torch.tensor([3.0, 0.0]), clip=0.2)
    assert got.item() == pytest.approx(0.5 * (2.8**2 + 1.0) / 2)


def test_the_reference_penalty_is_zero_with_zero_gradient_at_the_reference():
    logp = torch.tensor([[-1.0, -2.0, 0.0]], requires_grad=True)
    penalty = reference_penalty(logp, logp.detach())
    penalty.backward()
    assert penalty.item() == 0.0
    assert logp.grad.abs().max().item() == 0.0


def test_the_reference_penalty_worked_out_by_hand():
    got = reference_penalty(torch.tensor([[-1.0, -1.0]]), torch.tensor([[-1.5, -1.0]]))
    assert got.item() == pytest.approx(math.exp(-0.5) - 1 + 0.5)


def test_the_reference_penalty_estimates_the_divergence_without_bias():
    policy, reference = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.3, 0.3, 0.4])
    expected = (policy * (policy / reference).log()).sum()
    estimates = torch.stack(
        [reference_penalty(policy[i].log()[None, None], reference[i].log()[None, None]) for i in range(3)]
    )
    assert (policy * estimates).sum().item() == pytest.approx(expected.item(), rel=1e-5)


def test_the_loss_of_sft_is_a_mean_over_tokens_without_padding():
    mask = torch.tensor([[True, True], [True, False]])
    assert answer_loss(-torch.tensor([[1.0, 2.0], [6.0, 99.0]]), mask).item() == 3.0


def test_the_entropy_is_a_mean_over_answers_so_that_no_division_into_microbatches_changes_it():
    mask = torch.tensor([[True, True], [True, False]])
    numbers = torch.tensor([[1.0, 2.0], [6.0, 99.0]])
    apart = [mean_entropy(numbers[[row]], mask[[row]]).item() for row in (0, 1)]
    assert apart == [1.5, 6.0]
    assert mean_entropy(numbers, mask).item() == sum(apart) / 2


def test_where_no_token_weighs_anything_none_is_clipped():
    got = policy_loss(torch.ones(1, 2), torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1), clip=0.2, ratio="token")
    assert got.clipped_share.item() == 0.0
