"""Terms of losses that are options, and the loss of SFT: pure functions of tensors of B answers of at most L tokens."""

from torch import Tensor

from baselines.settings import RatioLevel


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
    return -masked_mean(logp, mask)


def masked_mean(numbers: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of the numbers where the mask is True, 0 where it nowhere is."""
    return numbers.masked_fill(~mask, 0.0).sum() / mask.sum().clamp(min=1)
