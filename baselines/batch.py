"""The turns of one update, as training reads them, and their division into minibatches."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from baselines.models.policy import Answer, Prompt
from baselines.rollout import Turn
from vlm_gym.messages import estimate_tokens

Minibatch = tuple[tuple[int, ...], ...]
"""The turns of one optimizer step, as microbatches of their numbers: one forward each."""
_TENSORS: Final = ("is_action", "logp", "sampler_logp", "reference_logp", "values", "advantages", "returns")


@dataclass(frozen=True)
class Batch:
    """B turns; L is the length of the longest answer. Every turn keeps its own prompt and picture."""

    prompts: tuple[Prompt, ...]
    answers: tuple[Answer, ...]
    is_action: Tensor  # (B, L) bool
    logp: Tensor  # (B, L) float32, of the policy that gave the answers, by the training forward
    sampler_logp: Tensor  # (B, L) float32, of the sampler that drew them
    reference_logp: Tensor  # (B, L) float32, of the reference, if the loss asks for it
    values: Tensor  # (B,) float32, before the update
    advantages: Tensor  # (B,) float32
    returns: Tensor  # (B,) float32

    @classmethod
    def unassessed(cls, turns: Sequence[Turn]) -> "Batch":
        """Return turns with zeros for all that the policy has to say about them."""
        is_action = pad_sequence([torch.tensor(turn.is_action, dtype=torch.bool) for turn in turns], batch_first=True)
        return cls(
            prompts=tuple(turn.prompt for turn in turns),
            answers=tuple(turn.answer for turn in turns),
            is_action=is_action,
            logp=torch.zeros(is_action.shape),
            sampler_logp=pad_sequence([_sampler_logp(turn.answer) for turn in turns], batch_first=True),
            reference_logp=torch.zeros(is_action.shape),
            values=torch.zeros(len(turns)),
            advantages=torch.zeros(len(turns)),
            returns=torch.zeros(len(turns)),
        )

    def select(self, numbers: Sequence[int]) -> "Batch":
        """Return some of the turns, padded no further than they need."""
        rows = list(numbers)
        answers = tuple(self.answers[row] for row in rows)
        length = max(len(answer.tokens) for answer in answers)
        return Batch(
            prompts=tuple(self.prompts[row] for row in rows),
            answers=answers,
            is_action=self.is_action[rows, :length],
            logp=self.logp[rows, :length],
            sampler_logp=self.sampler_logp[rows, :length],
            reference_logp=self.reference_logp[rows, :length],
            values=self.values[rows],
            advantages=self.advantages[rows],
            returns=self.returns[rows],
        )

    def to(self, device: torch.device) -> "Batch":
        """Return the batch with its tensors on a device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in _TENSORS})

    def write(self, folder: Path) -> None:
        """Write the batch into a folder for someone to look at: pictures, words and tensors."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: getattr(self, name).cpu().contiguous() for name in _TENSORS}, folder / "tensors.safetensors")
        with (folder / "turns.jsonl").open("w", encoding="utf-8") as file:
            for number, (prompt, answer) in enumerate(zip(self.prompts, self.answers, strict=True)):
                for place, picture in enumerate(prompt.pictures):
                    Image.fromarray(picture).save(folder / f"{number:04d}-{place}.png")
                said = [{"role": message.role, "text": message.text} for message in prompt.messages]
                file.write(json.dumps({"messages": said, "answer": asdict(answer)}) + "\n")


def _sampler_logp(answer: Answer) -> Tensor:
    return torch.tensor(answer.logp or (0.0,) * len(answer.tokens))


def flatten(turns: Sequence[Sequence[Turn]]) -> tuple[Turn, ...]:
    """Return turns (T, N) in one row, (T * N): the order of `tensor.flatten()`."""
    return tuple(turn for row in turns for turn in row)


def plan_epochs(
    turns: Sequence[Turn], num_epochs: int, minibatch: int, microbatch: int, rng: np.random.Generator
) -> tuple[tuple[Minibatch, ...], ...]:
    """Divide turns into minibatches at random, and each of these into microbatches of answers of like length.

    What is left over at the end makes a smaller minibatch. Every epoch deals the microbatches of the first one out
    again: a turn always meets the same others, and so the same padding, on which log-probs in bf16 depend. So only
    training moves a ratio away from 1.
    """
    order = rng.permutation(len(turns)).tolist()
    starts = range(0, len(order), minibatch)
    first = tuple(_pack(turns, order[start : start + minibatch], microbatch) for start in starts)
    return (first, *(_deal(first, rng) for _ in range(num_epochs - 1)))


def _deal(epoch: Sequence[Minibatch], rng: np.random.Generator) -> tuple[Minibatch, ...]:
    """Deal the microbatches of an epoch out anew; each place gets one of the size that it had."""
    by_size: dict[int, list[tuple[int, ...]]] = {}
    for part in itertools.chain(*epoch):
        by_size.setdefault(len(part), []).append(part)
    dealt = {size: iter([parts[place] for place in rng.permutation(len(parts))]) for size, parts in by_size.items()}
    return tuple(tuple(next(dealt[len(part)]) for part in minibatch) for minibatch in epoch)


def _pack(turns: Sequence[Turn], numbers: Sequence[int], microbatch: int) -> Minibatch:
    """Divide turns into microbatches: those of one prompt side by side, the prompts by their longest turn."""
    lengths = {number: length(turns[number].prompt, turns[number].answer) for number in numbers}
    of_prompt: dict[bytes, list[int]] = {}
    for number in numbers:
        of_prompt.setdefault(turns[number].prompt.key, []).append(number)
    groups = [sorted(group, key=lengths.__getitem__) for group in of_prompt.values()]
    by_length = list(itertools.chain(*sorted(groups, key=lambda group: lengths[group[-1]])))
    return tuple(tuple(by_length[start : start + microbatch]) for start in range(0, len(by_length), microbatch))


def length(prompt: Prompt, answer: Answer) -> int:
    """Estimate the length of a turn, which only decides with which others it shares a microbatch."""
    return sum(map(estimate_tokens, prompt.messages)) + len(answer.tokens)
