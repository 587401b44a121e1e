"""PPO for a vision-language model that plays by answering: collect, advantages, loss, step.

    python -m baselines.ppo                                           the built-in tiny model learns the first task
    python -m baselines.ppo --config tiny-ezpoints --seed 1           another run of configs/
    python -m baselines.ppo --config llava-numberline --ppo.lr 2e-5   the same with a setting changed
    python -m baselines.ppo --ppo.advantages group --ppo.group_size 8 episodes of one start against each other
    python -m baselines.ppo --resume out/tiny-numberline              go on where a run stopped
    accelerate launch -m baselines.ppo --config llava-numberline      every GPU of this machine

A run begins with SFT (baselines.sft), unless its folder holds a model that had it. All that is measured stands in
FOLDER/metrics.jsonl: "greedy" and "sampled" are evaluations on episodes that training never sees.

This file is the algorithm. What surrounds it: run.py plays, measures and keeps checkpoints, learner.py takes a step in
microbatches on any number of devices, losses.py has the terms that are options, session.py starts processes.
Method: Zhai et al. 2024 (arXiv 2405.10292), with PPO as in Schulman et al. 2017 (arXiv 1707.06347).

B answers of at most L tokens; T turns of N environments. All tensors are float32, except the masks, which are bool.
"""

import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from baselines import losses, sft
from baselines.batch import Batch, Minibatch, flatten
from baselines.learner import Learner, Step, Update
from baselines.models.policy import Evaluation
from baselines.progress import check_wandb
from baselines.rollout import Turn
from baselines.run import Run, check_folder
from baselines.session import Stopper, read_train_config, start_accelerator, start_folder, write_folder
from baselines.settings import PpoConfig, RatioLevel, TrainConfig
from vlm_gym.errors import check_choice
from vlm_gym.program import run as run_program

SMALL: Final = 1e-8  # against a division by zero where all advantages agree
GROUP_SMALL: Final = 1e-4  # the same within a group, whose returns may differ by rounding alone


def main(arguments: Sequence[str] | None = None) -> None:
    """Run PPO from the command line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stdout)
    logging.getLogger("baselines").setLevel(logging.INFO)
    config = read_train_config(sys.argv[1:] if arguments is None else arguments, __doc__ or "")
    with Stopper() as stopper:
        train(config, stopper)


def train(config: TrainConfig, stopper: Stopper) -> None:
    """Run SFT if need be, then PPO, from the start or from a checkpoint, to the end."""
    check_folder(config)
    sft.check_folder(config)
    if config.wandb:
        check_wandb()
    accelerator = start_accelerator(config)
    start_folder(config, accelerator)
    run = Run.start(config, accelerator, sft.train(config, accelerator, stopper))
    done = run.resume(Path(config.resume)) if config.resume else run.begin()
    if config.resume:
        write_folder(config, accelerator)
    try:
        for update in range(done + 1, config.ppo.updates + 1):
            advance(run, update, stopper)
        run.finish()
    finally:
        run.close()


def advance(run: Run, update: int, stopper: Stopper) -> None:
    """Run one update: play, learn, report, keep."""
    began = time.monotonic()
    run.follow_schedules(update)
    rows, episodes = run.play(update, stopper)  # (T, N) turns
    played = time.monotonic()
    done = learn(run.learner, rows, run.shuffling)
    seconds = {"collect": played - began, "learn": time.monotonic() - played}
    run.report(update, rows, episodes, done, seconds)
    run.keep(update)


def learn(learner: Learner, rows: Sequence[Sequence[Turn]], rng: np.random.Generator) -> Update:
    """Learn from turns: (T, N) of them, or with group advantages N whole episodes, those of a group in a row."""
    epochs = learner.plan(rows, rng)
    batch = assess(learner, rows, epochs[0])
    divergence = losses.reference_penalty(batch.sampler_logp, batch.logp).item()
    return Update(improve(learner, batch, epochs), divergence)


def assess(learner: Learner, rows: Sequence[Sequence[Turn]], epoch: Sequence[Minibatch]) -> Batch:
    """Return turns as a batch with their old log-probs and values, by the training forward, and their advantages."""
    config, batch = learner.config, learner.look(rows, epoch)
    if config.advantages == "group":
        return replace(batch, advantages=_compared(learner, rows))
    turns, values = flatten(rows), batch.values.reshape(len(rows), -1)  # (T, N)
    advantages = estimate_advantages(
        torch.tensor([turn.reward for turn in turns]).reshape(values.shape),
        values,
        learner.next_values(rows, values),
        torch.tensor([turn.is_terminated for turn in turns]).reshape(values.shape),
        torch.tensor([turn.is_last for turn in turns]).reshape(values.shape),
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
    ).flatten()  # (B,)
    normalised = normalise(advantages, learner.everyones(advantages))
    return replace(batch, advantages=normalised, returns=advantages + batch.values)


def _compared(learner: Learner, episodes: Sequence[Sequence[Turn]]) -> Tensor:
    """Return the advantages of the turns of N episodes, (B,), against the others of their group."""
    config = learner.config
    is_scaled = config.group_scale == "group"
    rewards = pad_sequence(
        [torch.tensor([turn.reward for turn in row]) for row in episodes], batch_first=True
    )  # (N, T)
    is_played = torch.arange(rewards.shape[1]) < torch.tensor([[len(row)] for row in episodes])  # (N, T)
    returns = returns_to_go(rewards, config.gamma)  # (N, T)
    beyond = group_advantages(returns, is_played, config.group_size or len(rewards), is_scaled=is_scaled)  # (N, T)
    advantages = torch.tensor(learner.fill_up(beyond[is_played].tolist()))  # (B,)
    if is_scaled:
        return advantages
    return advantages / (learner.everyones(advantages).square().mean().sqrt() + SMALL)


def improve(learner: Learner, batch: Batch, epochs: Sequence[Sequence[Minibatch]]) -> list[list[Step]]:
    """Take the optimizer steps of each epoch; with a `target_kl` the one that passes it is the last."""
    target = learner.config.target_kl
    taken: list[list[Step]] = []
    for epoch in epochs:
        taken.append([learner.step(batch, minibatch, loss) for minibatch in epoch])
        divergence = learner.everyones(torch.tensor([step.divergence for step in taken[-1]])).mean().item()
        if target is not None and divergence > target:
            break
    return taken


def loss(new: Evaluation, part: Batch, config: PpoConfig) -> tuple[Tensor, Tensor]:
    """Return the loss of a part of the batch as the policy sees it now, and its terms in the order of `Step`."""
    weights = token_weights(new.mask, part.is_action, config.thought_weight)  # (B, L)
    correction = None
    if config.sampler_correction is not None:
        correction = losses.sampler_correction(
            part.logp, part.sampler_logp, weights, most=config.sampler_correction, ratio=config.ratio
        )
    surrogate = policy_loss(
        new.logp,
        part.logp,
        weights,
        part.advantages,
        clip=config.clip,
        ratio=config.ratio,
        correction=correction,
    )
    entropy = losses.mean_entropy(new.entropy, new.mask)
    total = surrogate.loss - config.entropy_weight * entropy
    error = penalty = torch.zeros(())
    if config.advantages == "gae":
        error = value_loss(new.value, part.values, part.returns, config.value_clip)
        total = total + config.value_weight * error
    if config.reference_weight:
        penalty = losses.reference_penalty(new.logp, part.reference_logp)
        total = total + config.reference_weight * penalty
    terms = (surrogate.loss, error, entropy, surrogate.divergence, surrogate.clipped_share, penalty)
    return total, torch.stack([term.detach().cpu() for term in terms])


# Advantages


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


def returns_to_go(rewards: Tensor, gamma: float) -> Tensor:
    """Return the discounted return of episodes from each of their turns on, (N, T), from rewards of that shape."""
    returns = rewards.clone()
    for turn in reversed(range(rewards.shape[1] - 1)):
        returns[:, turn] += gamma * returns[:, turn + 1]
    return returns


def group_advantages(returns: Tensor, is_played: Tensor, size: int, *, is_scaled: bool = False) -> Tensor:
    """Return what each turn brought beyond the others of its group, (N, T), from returns (N, T) from each turn on.

    A group is `size` episodes in a row, which began alike and had the same luck. A turn is compared with the mean of
    the others that played a turn of that number; without another one it is worth 0. So what came before an action does
    not count for it. With `is_scaled` it is what lies beyond the mean of all, over their standard deviation.

    Source: RLOO, Kool et al. 2019, and for language models Ahmadian et al. 2024, arXiv 2402.14740; scaled it is GRPO's,
    Shao et al. 2024, arXiv 2402.03300. Both compare whole answers: the first turns.
    """
    groups = returns.reshape(-1, size, returns.shape[1])  # (G, size, T)
    is_there = is_played.reshape(groups.shape)
    count = is_there.sum(1, keepdim=True)  # (G, 1, T)
    others = (count - 1).clamp(min=1)
    mean = groups.masked_fill(~is_there, 0.0).sum(1, keepdim=True) / count.clamp(min=1)
    beyond = (groups - mean).masked_fill(~is_there, 0.0)
    if is_scaled:
        deviation = (beyond.square().sum(1, keepdim=True) / others).sqrt()
        return (beyond / (deviation + GROUP_SMALL)).reshape(returns.shape)
    return (beyond * count / others).reshape(returns.shape)  # so the mean is that of the others


def normalise(advantages: Tensor, everyones: Tensor) -> Tensor:
    """Return advantages less the mean, over the standard deviation, of the advantages of all processes."""
    return (advantages - everyones.mean()) / (everyones.std(unbiased=False) + SMALL)


# Losses


class PolicyLoss(NamedTuple):
    """The clipped loss, and two measures of how far the policy has moved."""

    loss: Tensor  # ()
    divergence: Tensor  # (), an estimate of KL(old policy | new policy) for one answer
    clipped_share: Tensor  # (), share of the ratios outside the clip range


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
    same gradient. A `correction` as `losses.sampler_correction` gives it multiplies the surrogates.
    """
    check_choice("ratio", ratio, get_args(RatioLevel))
    log_ratio = logp - old_logp  # (B, L), 0 at padding
    answer_log_ratio = (log_ratio * weights).sum(1)  # (B,)
    factor = 1.0 if correction is None else correction
    if ratio == "answer":
        surrogate, is_clipped = _clipped_surrogate(answer_log_ratio, advantages, clip)
        mean, clipped_share = -(surrogate * factor).mean(), is_clipped.float().mean()
    else:
        surrogate, is_clipped = _clipped_surrogate(log_ratio, advantages[:, None], clip)
        mean = -(surrogate * weights * factor).sum(1).mean()
        clipped_share = losses.masked_mean(is_clipped.float(), weights > 0)
    with torch.no_grad():
        divergence = (answer_log_ratio.exp() - 1 - answer_log_ratio).mean()  # Schulman 2020, "Approximating KL"
    return PolicyLoss(mean, divergence, clipped_share)


def value_loss(values: Tensor, old_values: Tensor, returns: Tensor, clip: float | None = None) -> Tensor:
    """Return half the mean squared error of values (B,); with `clip` the larger of it and that of the clipped values.

    Clipped values stay within `clip` of the old ones.
    """
    errors = (values - returns) ** 2
    if clip is not None:
        clipped = old_values + (values - old_values).clamp(-clip, clip)
        errors = torch.maximum(errors, (clipped - returns) ** 2)
    return 0.5 * errors.mean()


def _clipped_surrogate(log_ratio: Tensor, advantages: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return torch.minimum(ratio * advantages, clipped * advantages), (ratio - clipped).detach() != 0


if __name__ == "__main__":
    sys.exit(run_program("baselines.ppo", main))
