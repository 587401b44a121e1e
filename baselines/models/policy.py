"""What a policy is: a picture and a prompt in; an answer, its log-probability and the state's value out."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class Prompt(NamedTuple):
    """What the model sees in one turn. It is stored as it is; the processor runs for every minibatch anew."""

    picture: npt.NDArray[np.uint8]  # (H, W, 3)
    text: str


@dataclass(frozen=True)
class Answer:
    """What the model said in one turn.

    `tokens` hold the end-of-sequence token if it came. `offsets` give the half-open range of each token in `text`, and
    (n, n) for one that adds no text. An answer that ran into `max_new_tokens` is cut off.
    """

    tokens: tuple[int, ...]
    text: str
    offsets: tuple[tuple[int, int], ...]
    is_cut_off: bool = False


class Evaluation(NamedTuple):
    """The training forward over B prompts with answers of at most T tokens; padding is on the right."""

    logp: Tensor  # (B, T) float32, 0 at padding
    mask: Tensor  # (B, T) bool, False at padding
    entropy: Tensor  # (B, T) float32, of the distribution that each token was drawn from; 0 at padding
    value: Tensor  # (B,) float32, of the prompt alone


class Policy(Protocol):
    """A vision-language model with a value head.

    The temperature divides the logits in `generate` and in `evaluate`; tokens that no answer may hold (image, padding)
    have probability zero in both. Old log-probs come from `evaluate` without gradients, never from the sampler.
    `module` is what accelerate and DDP wrap: its forward takes the arguments of `evaluate` and returns its result.
    """

    module: torch.nn.Module

    def generate(
        self,
        prompts: Sequence[Prompt],
        *,
        max_new_tokens: int,
        temperature: float,
        generator: torch.Generator | None = None,
    ) -> list[Answer]:
        """Answer each prompt; each answer ends with its JSON object or the end of sequence. Temperature 0 is greedy."""

    def evaluate(self, prompts: Sequence[Prompt], answers: Sequence[Answer], *, temperature: float) -> Evaluation:
        """Return the log-probs of the answers and the values of the prompts, from one forward."""

    def values(self, prompts: Sequence[Prompt]) -> Tensor:
        """Return the values of the prompts, (B,) float32, without gradients."""

    def write(self, text: str) -> Answer:
        """Return a text as this model would have said it, with the end of sequence: a target for SFT."""

    def reference(self) -> AbstractContextManager[None]:
        """Evaluate as the frozen model that training started from."""

    def parameter_groups(self, *, lr: float, value_lr: float) -> list[dict[str, Any]]:
        """Return the trainable parameters as groups for a torch optimizer."""

    def state_dict(self) -> dict[str, Tensor]:
        """Return what trains, and nothing else: the adapter (or all weights) and the value head."""

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state_dict` returned; a missing, unknown or misshapen tensor raises ConfigError."""
