"""One update of PPO, whatever is played: old log-probs, advantages, losses, optimizer steps."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from baselines import losses
from baselines.batch import Batch, Minibatch, flatten, plan_epochs
from baselines.models.memory import TRAINING_ADVICE, memory_advice
from baselines.models.policy import Policy
from baselines.rollout import Turn
from baselines.settings import PpoConfig
from baselines.sharding import microbatch, whole, whole_weights
from vlm_gym.errors import VlmGymError


class NotFiniteError(VlmGymError):
    """A loss or a gradient that is not a number; the turns that made it are on disk."""


class Step(NamedTuple):
    """What one optimizer step did: means over the turns of its minibatch."""

    policy_loss: float
    value_loss: float
    entropy: float
    divergence: float
    clipped_share: float
    reference_divergence: float
    gradient_norm: float


class Update(NamedTuple):
    """What an update did: its optimizer steps, epoch by epoch, and how far the sampler was from the training forward.

    `sampler_divergence` is an estimate of KL(sampler | training forward) for one answer, before the first step.
    """

    epochs: list[list[Step]]
    sampler_divergence: float

    @property
    def steps(self) -> list[Step]:
        """The steps of all epochs."""
        return list(itertools.chain(*self.epochs))


@dataclass(frozen=True)
class Learner:
    """Learns from the turns of a rollout. Turns that make a NaN are written into `folder`."""

    policy: Policy
    optimizer: torch.optim.Optimizer
    config: PpoConfig
    temperature: float
    accelerator: Accelerator
    folder: Path

    def learn(self, turns: Sequence[Sequence[Turn]], rng: np.random.Generator) -> Update:
        """Run one update on turns (T, N)."""
        size = self.config.minibatch // self.accelerator.num_processes
        epochs = plan_epochs(flatten(turns), self.config.epochs, size, self.config.microbatch, rng)
        batch = self.assess(turns, epochs[0])
        divergence = losses.reference_penalty(batch.sampler_logp, batch.logp).item()
        return Update(self.update(batch, epochs), divergence)

    def assess(self, turns: Sequence[Sequence[Turn]], epoch: Sequence[Minibatch]) -> Batch:
        """Return turns (T, N) with their log-probs, values and advantages, as a batch of T * N.

        Log-probs come from the training forward, in the very microbatches of all epochs: so a ratio is exactly 1 until
        a step is taken, whatever the precision. Advantages are normalised over the turns of all processes.
        """
        flat, shape = flatten(turns), (len(turns), len(turns[0]))
        batch = Batch.unassessed(flat)
        with whole_weights(self.policy.module, self.accelerator):
            for numbers in itertools.chain(*epoch):
                self._fill(batch, numbers)
            values = batch.values.reshape(shape)  # (T, N)
            next_values = self._next_values(turns, values)
        advantages = losses.estimate_advantages(
            torch.tensor([turn.reward for turn in flat]).reshape(shape),
            values,
            next_values,
            torch.tensor([turn.is_terminated for turn in flat]).reshape(shape),
            torch.tensor([turn.is_last for turn in flat]).reshape(shape),
            gamma=self.config.gamma,
            gae_lambda=self.config.gae_lambda,
        ).flatten()
        everyones = self.accelerator.gather(advantages.to(self.accelerator.device)).cpu()
        return replace(batch, advantages=losses.normalise(advantages, everyones), returns=advantages + batch.values)

    def update(self, batch: Batch, epochs: Sequence[Sequence[Minibatch]]) -> list[list[Step]]:
        """Take the optimizer steps of each epoch; with a `target_kl` the one that passes it is the last."""
        taken: list[list[Step]] = []
        for epoch in epochs:
            taken.append([self.step(batch, minibatch) for minibatch in epoch])
            divergences = torch.tensor([step.divergence for step in taken[-1]])
            mean = self.accelerator.gather(divergences.to(self.accelerator.device)).mean().item()
            if self.config.target_kl is not None and mean > self.config.target_kl:
                break
        return taken

    @memory_advice(TRAINING_ADVICE)
    def step(self, batch: Batch, minibatch: Minibatch) -> Step:
        """Take one optimizer step, a microbatch at a time; processes exchange gradients once, with the last one.

        A loss that is not a number makes the gradients of all processes none, so that all of them stop here together.

        Raises:
            NotFiniteError: if the loss or the gradient is not a number; the weights are as they were.
            OutOfMemoryError: if the turns of a microbatch are too many for the device.
        """
        size = sum(map(len, minibatch))
        sums = torch.zeros(len(Step._fields) - 1)
        broken: tuple[str, Tensor, Batch] | None = None
        for place, numbers in enumerate(minibatch, start=1):
            part, share = batch.select(numbers).to(self.accelerator.device), len(numbers) / size
            is_last = place == len(minibatch)
            with microbatch(self.policy.module, self.accelerator, is_last=is_last):
                loss, terms = self.loss(part)
                if not torch.isfinite(loss):
                    broken = broken or ("loss", loss.detach(), part)
                    loss = loss * torch.nan
                self.accelerator.backward(loss * share)
            sums += share * terms
        norm = self.accelerator.clip_grad_norm_(self.policy.module.parameters(), self.config.max_grad_norm)
        norm = whole({"norm": norm})["norm"]
        if not torch.isfinite(norm):
            raise self._not_finite(*(broken or ("gradient", norm, batch.select(tuple(itertools.chain(*minibatch))))))
        self.optimizer.step()
        self.optimizer.zero_grad()
        return Step._make((*sums.tolist(), float(norm)))

    def loss(self, part: Batch) -> tuple[Tensor, Tensor]:
        """Return the loss of a microbatch, and its terms in the order of `Step`."""
        config = self.config
        new = self.policy.evaluate(part.prompts, part.answers, temperature=self.temperature)  # logp (B, L), value (B,)
        weights = losses.token_weights(new.mask, part.is_action, config.thought_weight)  # (B, L)
        surrogate = losses.policy_loss(
            new.logp,
            part.logp,
            weights,
            part.advantages,
            clip=config.clip,
            ratio=config.ratio,
            correction=self._correction(part, weights),
        )
        value_loss = losses.value_loss(new.value, part.values, part.returns, config.value_clip)
        entropy = losses.mean_entropy(new.entropy, new.mask)
        loss = surrogate.loss + config.value_weight * value_loss - config.entropy_weight * entropy
        penalty = torch.zeros(())
        if config.reference_weight:
            penalty = losses.reference_penalty(new.logp, part.reference_logp)
            loss = loss + config.reference_weight * penalty
        terms = (surrogate.loss, value_loss, entropy, surrogate.divergence, surrogate.clipped_share, penalty)
        return loss, torch.stack([term.detach().cpu() for term in terms])

    def _correction(self, part: Batch, weights: Tensor) -> Tensor | None:
        most = self.config.sampler_correction
        if most is None:
            return None
        return losses.sampler_correction(part.logp, part.sampler_logp, weights, most=most, ratio=self.config.ratio)

    @torch.no_grad()
    def _fill(self, batch: Batch, numbers: Sequence[int]) -> None:
        """Put the log-probs and values of a microbatch into the batch."""
        rows, part = list(numbers), batch.select(numbers)
        old = self.policy.evaluate(part.prompts, part.answers, temperature=self.temperature)
        length = old.logp.shape[1]
        batch.logp[rows, :length] = old.logp.cpu()
        batch.values[rows] = old.value.cpu()
        if not self.config.reference_weight:
            return
        with self.policy.reference():
            reference = self.policy.evaluate(part.prompts, part.answers, temperature=self.temperature)
        batch.reference_logp[rows, :length] = reference.logp.cpu()

    def _next_values(self, turns: Sequence[Sequence[Turn]], values: Tensor) -> Tensor:
        """Return the value of what followed each turn, (T, N): at an episode's end that of its final observation."""
        next_values = torch.cat((values[1:], torch.zeros(1, values.shape[1])))
        places = [
            (row, column)
            for row, line in enumerate(turns)
            for column, turn in enumerate(line)
            if not turn.is_terminated and (turn.is_truncated or row == len(turns) - 1)
        ]
        for start in range(0, len(places), self.config.microbatch):
            chunk = places[start : start + self.config.microbatch]
            found = self.policy.values([turns[row][column].following for row, column in chunk]).cpu()
            next_values[[row for row, _ in chunk], [column for _, column in chunk]] = found
        return next_values

    def _not_finite(self, name: str, number: Tensor, part: Batch) -> NotFiniteError:
        """Write the turns that made a number what it is, and return what to say."""
        place = self.folder / f"not_finite_{self.accelerator.process_index}"
        part.write(place)
        return NotFiniteError(
            f"the {name} is {number.item()}; the turns that made it are in {place}. A smaller --ppo.lr may help, or "
            "--model.precision float32; a checkpoint, if there is one, is from before"
        )
