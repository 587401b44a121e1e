"""Generating with the adapter merged into the weights, which is twice as fast, and without drift.

PEFT merges by adding and unmerges by subtracting: in bf16 the weights are not what they were. Here the merged weight is
a second tensor, and the original comes back as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn


class Merger:
    """Swaps each adapted layer of a model for its plain linear layer while generating.

    Quantised layers stay as they are: their weights cannot take the adapter in without rounding it away. It costs a
    second copy of the adapted weights for as long as it lasts; with `keeps_memory` for good, and always at the same
    address, which compiled code and CUDA graphs need.
    """

    def __init__(self, model: nn.Module, *, keeps_memory: bool = False) -> None:
        self._memory: dict[Any, torch.Tensor] | None = {} if keeps_memory else None
        self._layers: list[tuple[nn.Module, str, Any]] = []
        for name, layer in model.named_modules():
            base = getattr(layer, "base_layer", None)
            if hasattr(layer, "get_delta_weight") and type(base) is nn.Linear:
                parent, _, attribute = name.rpartition(".")
                self._layers.append((model.get_submodule(parent), attribute, layer))

    @contextmanager
    @torch.no_grad()
    def merged(self) -> Iterator[None]:
        """Merge, and restore the very same weights at the end. An adapter that is switched off stays off."""
        swapped = []
        try:
            for parent, attribute, layer in self._layers:
                if layer.disable_adapters:
                    continue
                weight = layer.base_layer.weight
                swapped.append((parent, attribute, layer, weight.data))
                weight.data = self._place(layer, merged_weight(layer))
                setattr(parent, attribute, layer.base_layer)
            yield
        finally:
            for parent, attribute, layer, original in swapped:
                layer.base_layer.weight.data = original
                setattr(parent, attribute, layer)

    def _place(self, layer: Any, merged: torch.Tensor) -> torch.Tensor:
        if self._memory is None:
            return merged
        return self._memory.setdefault(layer, merged).copy_(merged)


def merged_weight(layer: Any) -> torch.Tensor:
    """Return the weight of an adapted linear layer with its adapters added, summed in float32."""
    weight: torch.Tensor = layer.base_layer.weight.data
    total = weight.float()
    for adapter in layer.active_adapters:
        total = total + layer.get_delta_weight(adapter).float()
    return total.to(weight.dtype)
