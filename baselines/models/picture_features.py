"""What a frozen vision tower and projector make of a picture is worked out once, not in every epoch."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from baselines.models.inputs import Inputs, PromptEncoder
from baselines.models.memory import TensorCache
from baselines.models.policy import Prompt
from vlm_gym.errors import ConfigError

_POOLED, _DEEP = "pooled", "deep"  # the features in place of picture tokens; Qwen3-VL adds some to its first layers


class PictureFeatures:
    """Puts remembered features in place of the pictures. They are kept in CPU memory."""

    def __init__(self, model: Any, encoder: PromptEncoder, cache: TensorCache) -> None:
        self.model = model
        self.encoder = encoder
        self._cache = cache
        self._picture_token = model.config.image_token_id
        self._has_list = True  # whether the model's own features come as one tensor for each picture
        self._output: Any = None  # the class of the model's own features, which is what its forward takes

    def __call__(self, prompts: Sequence[Prompt], inputs: Inputs) -> dict[str, Any]:
        """Return the model's inputs for a batch of prompts with features instead of pixels."""
        words: dict[str, Any] = {
            name: value for name, value in inputs.items() if value.shape == inputs["input_ids"].shape
        }
        if not any(prompt.pictures for prompt in prompts):
            return words
        device = inputs["input_ids"].device
        rows = [{name: value.to(device) for name, value in row.items()} for row in self._rows(prompts)]
        pooled = [row[_POOLED] for row in rows]
        num_features, num_tokens = sum(map(len, pooled)), int((words["input_ids"] == self._picture_token).sum())
        if num_features != num_tokens:
            raise ConfigError(
                f"this model sees a picture otherwise beside others ({num_tokens} tokens, {num_features} alone), and "
                "cannot remember it: train more parts than the language model, or show one picture at a time"
            )
        depths = [name for name in rows[0] if name.startswith(_DEEP)]
        features = self._output(pooler_output=pooled if self._has_list else torch.cat(pooled))
        if depths:
            features.deepstack_features = [[row[name] for row in rows] for name in depths]
        return {**words, "mm_encoder_outputs": {"image": features}}

    def _rows(self, prompts: Sequence[Prompt]) -> list[Mapping[str, Tensor]]:
        """Return the features of all pictures of the prompts, in their order."""
        named = [pair for prompt in prompts for pair in _one_by_one(prompt)]
        keys, alone = [name.encode("ascii") for name, _ in named], [part for _, part in named]
        found = {key: self._cache.get(key) for key in keys}
        missing = {key: prompt for key, prompt in zip(keys, alone, strict=True) if found[key] is None}
        if missing:
            fresh = self._work_out(list(missing.values()))
            for key, row in zip(missing, fresh, strict=True):
                found[key] = row
                self._cache.put(key, row)
        return [row for row in (found[key] for key in keys) if row is not None]

    @torch.no_grad()
    def _work_out(self, prompts: Sequence[Prompt]) -> list[dict[str, Tensor]]:
        """Return the features of prompts with one picture each, which has as many rows as there are picture tokens."""
        inputs = self.encoder(prompts, self.model.device)
        tokens = inputs["input_ids"]
        pictures = {name: value for name, value in inputs.items() if value.shape != tokens.shape}
        output = self.model.model.get_image_features(**pictures, return_dict=True)
        counts = (tokens == self._picture_token).sum(1).tolist()
        self._has_list, self._output = not isinstance(output.pooler_output, Tensor), type(output)
        layers = {_POOLED: output.pooler_output}
        layers |= {f"{_DEEP}{depth}": layer for depth, layer in enumerate(output.get("deepstack_features") or ())}
        split = {name: _flat(layer).cpu().split(counts) for name, layer in layers.items()}
        return [{name: parts[row].clone() for name, parts in split.items()} for row in range(len(prompts))]


def _one_by_one(prompt: Prompt) -> list[tuple[str, Prompt]]:
    """Return the names of a prompt's pictures, each with a prompt of that picture alone: others do not change it."""
    shown = [message for message in prompt.messages if message.picture is not None]
    is_alone = len(shown) == 1
    return [(message.picture_name, prompt if is_alone else Prompt.of(message.picture, "")) for message in shown]


def _flat(features: Any) -> Tensor:
    """Return features as (tokens of all pictures, hidden size)."""
    joined = features if isinstance(features, Tensor) else torch.cat(list(features))
    return joined.reshape(-1, joined.shape[-1])
