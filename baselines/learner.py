"""How a step is taken, whatever is minimised: a microbatch at a time, on all devices, and never on a NaN."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from baselines.batch import Batch, Minibatch, flatten, plan_epochs
from baselines.models.memory import TRAINING_ADVICE, memory_advice
from baselines.models.policy import Evaluation, Policy
from baselines.rollout import Turn
from baselines.settings import PpoConfig
from baselines.sharding import microbatch, whole, whole_weights
from vlm_gym.errors import VlmGymError

ItemT = TypeVar("ItemT")


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


Loss = Callable[[Evaluation, Batch, PpoConfig], tuple[Tensor, Tensor]]
"""What is minimised: from the policy's view of a part of the batch to the loss and its terms, as `Step` has them."""


@dataclass(frozen=True)
class Learner:
    """Looks at the turns of a rollout and takes steps on them. Turns that make a NaN are written into `folder`."""

    policy: Policy
    optimizer: torch.optim.Optimizer
    config: PpoConfig
    temperature: float
    accelerator: Accelerator
    folder: Path

    def plan(self, rows: Sequence[Sequence[Turn]], rng: np.random.Generator) -> tuple[tuple[Minibatch, ...], ...]:
        """Divide the turns of a rollout into the microbatches of all optimizer steps, epoch by epoch."""
        turns = self.fill_up(flatten(rows))
        size = self.config.minibatch // self.accelerator.num_processes
        return plan_epochs(turns, self.config.epochs, size, self.config.microbatch, rng)

    def look(self, rows: Sequence[Sequence[Turn]], epoch: Sequence[Minibatch]) -> Batch:
        """Return turns as a batch with the log-probs and values that the policy has for them now.

        Log-probs come from the training forward, in the very microbatches of all epochs: so a ratio is exactly 1 until
        a step is taken, whatever the precision.
        """
        batch = Batch.unassessed(self.fill_up(flatten(rows)))
        with whole_weights(self.policy.module, self.accelerator):
            for numbers in itertools.chain(*epoch):
                self._fill(batch, numbers)
        return batch

    def next_values(self, turns: Sequence[Sequence[Turn]], values: Tensor) -> Tensor:
        """Return the value of what followed each turn, (T, N): at an episode's end that of its final observation."""
        next_values = torch.cat((values[1:], torch.zeros(1, values.shape[1])))
        places = [
            (row, column)
            for row, line in enumerate(turns)
            for column, turn in enumerate(line)
            if not turn.is_terminated and (turn.is_truncated or row == len(turns) - 1)
        ]
        with whole_weights(self.policy.module, self.accelerator):
            for start in range(0, len(places), self.config.microbatch):
                chunk = places[start : start + self.config.microbatch]
                found = self.policy.values([turns[row][column].following for row, column in chunk]).cpu()
                next_values[[row for row, _ in chunk], [column for _, column in chunk]] = found
        return next_values

    @memory_advice(TRAINING_ADVICE)
    def step(self, batch: Batch, minibatch: Minibatch, loss_of: Loss) -> Step:
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
                loss, terms = loss_of(self.evaluate(part), part, self.config)
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

    def evaluate(self, part: Batch) -> Evaluation:
        """Return what the policy makes of a part of the batch now."""
        return self.policy.evaluate(part.prompts, part.answers, temperature=self.temperature)

    def everyones(self, numbers: Tensor) -> Tensor:
        """Return the numbers (n,) of all processes, as many of each."""
        return self.accelerator.gather(numbers.to(self.accelerator.device)).cpu()

    def fill_up(self, items: Sequence[ItemT]) -> tuple[ItemT, ...]:
        """Return as many items as the process with the most has, from the first on again where they do not suffice.

        Whole episodes are of different lengths, and processes that take a step together must take as many.
        """
        most = int(self.everyones(torch.tensor([len(items)])).max())
        return tuple(itertools.islice(itertools.cycle(items), most))

    @torch.no_grad()
    def _fill(self, batch: Batch, numbers: Sequence[int]) -> None:
        """Put the log-probs and values of a microbatch into the batch."""
        rows, part = list(numbers), batch.select(numbers)
        old = self.evaluate(part)
        length = old.logp.shape[1]
        batch.logp[rows, :length] = old.logp.cpu()
        batch.values[rows] = old.value.cpu()
        if not self.config.reference_weight:
            return
        with self.policy.reference():
            reference = self.evaluate(part)
        batch.reference_logp[rows, :length] = reference.logp.cpu()

    def _not_finite(self, name: str, number: Tensor, part: Batch) -> NotFiniteError:
        """Write the turns that made a number what it is, and return what to say."""
        place = self.folder / f"not_finite_{self.accelerator.process_index}"
        part.write(place)
        return NotFiniteError(
            f"the {name} is {number.item()}; the turns that made it are in {place}. A smaller --ppo.lr may help, or "
            "--model.precision float32; a checkpoint, if there is one, is from before"
        )
