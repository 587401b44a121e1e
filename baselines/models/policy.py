"""What a policy is: a picture and a prompt in; an answer, its log-probability and the state's value out."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from vlm_gym.messages import Message
from vlm_gym.render.canvas import Picture


class Prompt(NamedTuple):
    """What the model is sent in one turn: messages, of which the last one asks. They are stored as they are."""

    messages: tuple[Message, ...]

    @classmethod
    def of(cls, picture: Picture | None, text: str) -> "Prompt":
        """Return a prompt of one message."""
        return cls((Message("user", text, picture),))

    @property
    def key(self) -> bytes:
        """What tells it from others: equal where all its words and pictures are."""
        said = repr([(message.role, message.picture_name, message.text) for message in self.messages])
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).digest()

    @property
    def question(self) -> Message:
        """The message that asks for the answer."""
        return self.messages[-1]

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All pictures, (H, W, 3) uint8 each, in the order of the messages."""
        return tuple(message.picture for message in self.messages if message.picture is not None)


@dataclass(frozen=True)
class Answer:
    """What the model said in one turn.

    `tokens` hold the end-of-sequence token if it came. `offsets` give the half-open range of each token in `text`, and
    (n, n) for one that adds no text. An answer that ran into `max_new_tokens` is cut off. `logp` are the log-probs that
    the sampler drew the tokens with; an answer that was not sampled has none.
    """

    tokens: tuple[int, ...]
    text: str
    offsets: tuple[tuple[int, int], ...]
    is_cut_off: bool = False
    logp: tuple[float, ...] = ()


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
