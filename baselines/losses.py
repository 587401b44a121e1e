"""Advantages and losses of PPO: pure functions of tensors (Schulman et al. 2016, 2017; Zhai et al. 2024).

B answers of at most L tokens; T turns of N environments. All tensors are float32, except the masks, which are bool.
"""

from typing import Final, Literal, NamedTuple, get_args

import torch
from torch import Tensor

from vlm_gym.errors import check_choice

RatioLevel = Literal["answer", "token"]
SMALL: Final = 1e-8  # against a division by zero where all advantages agree


class PolicyLoss(NamedTuple):
    """The clipped loss, and two measures of how far the policy has moved."""

    loss: Tensor  # ()
    divergence: Tensor  # (), an estimate of KL(old policy | new policy) for one answer
    clipped_share: Tensor  # (), share of the ratios outside the clip range


def estimate_advantages(
    rewards: Tensor,
    values: Tensor,
    next_values: Tensor,
    is_terminated: Tensor,
    is_last: Tensor,
    *,
    gamma: float,
    gae_lambda: float,
) -> Tensor:
    """Return generalised advantages over environment turns, (T, N), from tensors of that shape.

    `next_values` are the values of what followed each turn: at a truncation of the final observation, never of the next
    episode's first. A terminated episode is worth nothing after its end; `is_last` marks the turns after which another
    episode begins, whether terminated or truncated, so that no credit flows across.

    Source: Schulman et al. 2016, arXiv 1506.02438, equation 16.
    """
    errors = rewards + gamma * next_values.masked_fill(is_terminated, 0.0) - values  # (T, N)
    advantages = torch.zeros_like(rewards)
    following = torch.zeros_like(rewards[0])  # (N,)
    for turn in reversed(range(len(rewards))):
        following = errors[turn] + gamma * gae_lambda * following.masked_fill(is_last[turn], 0.0)
        advantages[turn] = following
    return advantages


def normalise(advantages: Tensor, everyones: Tensor) -> Tensor:
    """Return advantages less the mean, over the standard deviation, of the advantages of all processes."""
    return (advantages - everyones.mean()) / (everyones.std(unbiased=False) + SMALL)


def token_weights(mask: Tensor, is_action: Tensor, thought_weight: float) -> Tensor:
    """Return the weight of each token's log-prob, (B, L): 1 in the action, `thought_weight` elsewhere, 0 at padding.

    Source: Zhai et al. 2024, arXiv 2405.10292, equation 2, whose lambda is `thought_weight`.
    """
    weights = torch.where(is_action, 1.0, thought_weight)
    return weights.masked_fill(~mask, 0.0)


def policy_loss(
    logp: Tensor,
    old_logp: Tensor,
    weights: Tensor,
    advantages: Tensor,
    *,
    clip: float,
    ratio: RatioLevel,
    correction: Tensor | None = None,
) -> PolicyLoss:
    """Return the clipped surrogate loss, a mean over answers, from log-probs (B, L) and advantages (B,).

    With `ratio="answer"` an answer has one ratio, of the weighted sums of its log-probs, as in Zhai et al. 2024. With
    "token" every token has its own, and the weights weigh their losses. Where old and new policy agree, both have the
    same gradient. A `correction` as `sampler_correction` gives it multiplies the surrogates.
    """
    check_choice("ratio", ratio, get_args(RatioLevel))
    log_ratio = logp - old_logp  # (B, L), 0 at padding
    answer_log_ratio = (log_ratio * weights).sum(1)  # (B,)
    factor = 1.0 if correction is None else correction
    if ratio == "answer":
        surrogate, is_clipped = _clipped_surrogate(answer_log_ratio, advantages, clip)
        loss, clipped_share = -(surrogate * factor).mean(), is_clipped.float().mean()
    else:
        surrogate, is_clipped = _clipped_surrogate(log_ratio, advantages[:, None], clip)
        loss = -(surrogate * weights * factor).sum(1).mean()
        clipped_share = _mean(is_clipped.float(), weights > 0)
    with torch.no_grad():
        divergence = (answer_log_ratio.exp() - 1 - answer_log_ratio).mean()  # Schulman 2020, "Approximating KL"
    return PolicyLoss(loss, divergence, clipped_share)


def sampler_correction(
    old_logp: Tensor, sampler_logp: Tensor, weights: Tensor, *, most: float, ratio: RatioLevel
) -> Tensor:
    """Return how much likelier the training forward finds what the sampler drew, at most `most`.

    It is (B,) for answers, whose log-probs (B, L) are weighted sums, and (B, L) for tokens: the truncated importance
    weights of a sampler that computes a little otherwise than training.

    Source: Ionides 2008, "Truncated importance sampling"; for language models Yao et al. 2025, "Your efficient RL
    framework secretly brings you off-policy RL training".
    """
    log_ratio = old_logp - sampler_logp
    return (log_ratio if ratio == "token" else (log_ratio * weights).sum(1)).exp().clamp(max=most)


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, clip: float | None = None) -> Tensor:
    """Return half the mean squared error of values (B,); with `clip` the larger of it and that of the clipped values.

    Clipped values stay within `clip` of the old ones.
    """
    errors = (values - returns) ** 2
    if clip is not None:
        clipped = old_values + (values - old_values).clamp(-clip, clip)
        errors = torch.maximum(errors, (clipped - returns) ** 2)
    return 0.5 * errors.mean()


def reference_penalty(logp: Tensor, reference_logp: Tensor) -> Tensor:
    """Return an estimate of KL(policy | reference), summed over tokens (B, L), a mean over answers.

    Source: Schulman 2020, "Approximating KL divergence", the estimator k3: never negative, and its gradient is 0 where
    both agree. Padding counts nothing, since both log-probs are 0 there.
    """
    log_ratio = reference_logp - logp
    return (log_ratio.exp() - 1 - log_ratio).sum(1).mean()


def mean_entropy(entropy: Tensor, mask: Tensor) -> Tensor:
    """Return the mean entropy of the distributions of an answer's tokens, from (B, L), a mean over answers."""
    return (entropy.masked_fill(~mask, 0.0).sum(1) / mask.sum(1)).mean()


def answer_loss(logp: Tensor, mask: Tensor) -> Tensor:
    """Return the mean negative log-prob of the tokens of B answers, (B, L): the loss of SFT."""
    return -_mean(logp, mask)


def _clipped_surrogate(log_ratio: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return torch.minimum(ratio * advantages, clipped * advantages), (ratio - clipped).detach() != 0


def _mean(numbers: Tensor, mask: Tensor) -> Tensor:
    return numbers.masked_fill(~mask, 0.0).sum() / mask.sum().clamp(min=1)
