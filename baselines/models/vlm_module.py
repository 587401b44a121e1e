"""VlmModule: the training forward of any image-text-to-text model, which several processes wrap."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule
from transformers.modeling_layers import GradientCheckpointingLayer

from baselines.models.inputs import PromptEncoder, append, pad_answers, prompt_positions
from baselines.models.log_probs import TokenHead
from baselines.models.picture_features import PictureFeatures
from baselines.models.policy import Answer, Evaluation, Prompt
from baselines.models.shared_prompts import MOST_DISTINCT, answer_states, distinct
from baselines.models.value_head import NoValues, ValueHead

ResultT = TypeVar("ResultT")


class VlmModule(nn.Module):
    """The training forward of a policy. It always stays in evaluation mode: dropout changes the log-probs.

    `model` is an AutoModelForImageTextToText. With `features`, its frozen vision tower sees each picture once.
    Checkpointing recomputes its layers in the backward pass.
    """

    def __init__(
        self,
        model: Any,
        encoder: PromptEncoder,
        value_head: ValueHead | NoValues,
        suppressed: tuple[int, ...],
        features: PictureFeatures | None = None,
    ) -> None:
        super().__init__()
        self.features = features
        self.model = model
        self.encoder = encoder
        self.value_head = value_head
        text_config = model.config.get_text_config()
        softcap = getattr(text_config, "final_logit_softcapping", None)
        self.token_head = TokenHead(model.get_output_embeddings(), suppressed, softcap)
        layers = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
        self._checkpointed = [layer for layer in layers if layer.gradient_checkpointing]
        self._no_split_modules = sorted({type(layer).__name__ for layer in layers})  # FSDP2 divides weights by these
        self.train()

    def forward(self, prompts: Sequence[Prompt], answers: Sequence[Answer], temperature: float = 1.0) -> Evaluation:
        """Evaluate B answers to B prompts. The output embedding sees the states before answer tokens only."""
        tokens, mask = pad_answers(answers, self.model.device)  # (B, T)
        before = self._before(prompts, tokens[:, :-1], mask[:, :-1])  # (B, T, H): no token follows the last
        logp, entropy = self.token_head.log_probs(
            before[mask], tokens[mask], self.model.get_output_embeddings(), temperature
        )
        blank = torch.zeros(mask.shape, device=mask.device)
        return Evaluation(
            blank.masked_scatter(mask, logp), mask, blank.masked_scatter(mask, entropy), self.value_head(before[:, 0])
        )

    def values(self, prompts: Sequence[Prompt]) -> Tensor:
        """Return the values of B prompts, (B,)."""
        own, asked = distinct(prompts)
        values: Tensor = self.value_head(self._hidden(*self.encode(own))[:, -1])
        return values[asked.to(values.device)]

    def call(self, function: Callable[[], ResultT]) -> ResultT:
        """Call a function that uses the weights: FSDP2 must know of every way in."""
        return function()

    def encode(self, prompts: Sequence[Prompt]) -> tuple[dict[str, Any], Tensor]:
        """Return the model's inputs for left-padded prompts and their position ids."""
        inputs = self.encoder(prompts, self.model.device)
        positions = prompt_positions(self.model, inputs)
        return (self.features(prompts, inputs) if self.features else inputs), positions

    def train(self, mode: bool = True) -> "VlmModule":  # noqa: ARG002
        """Stay in evaluation mode, whatever a trainer asks for."""
        return super().train(False)

    def _before(self, prompts: Sequence[Prompt], said: Tensor, mask: Tensor) -> Tensor:
        """Return the states before each token of answers and behind the last one in `said`, (B, T, H).

        What is recomputed has no cache, and FSDP2 does not know of gradients that come through one.
        """
        own, asked = distinct(prompts)
        is_shared = len(own) <= MOST_DISTINCT * len(prompts)
        if is_shared and not self._checkpointed and not isinstance(self, FSDPModule):
            return answer_states(self.model, *self.encode(own), asked.to(said.device), said, mask)
        hidden = self._hidden(*append(*self.encode(prompts), said, mask))  # (B, P+T-1, H)
        return hidden[:, -said.shape[1] - 1 :]  # the first is the prompt's last token

    def _hidden(self, inputs: Mapping[str, Any], positions: Tensor) -> Tensor:
        with self._recomputed():
            hidden: Tensor = self.model.model(**inputs, position_ids=positions, use_cache=False).last_hidden_state
        return hidden

    @contextmanager
    def _recomputed(self) -> Iterator[None]:
        """Have transformers recompute its layers, which it does in training mode; that rules out a cache."""
        try:
            for layer in self._checkpointed:
                layer.training = torch.is_grad_enabled()
            yield
        finally:
            for layer in self._checkpointed:
                layer.training = False
