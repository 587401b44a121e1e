"""Generating with the adapters in the weights' own products, which is faster, and without drift.

PEFT merges by adding and unmerges by subtracting: in bf16 the weights are not what they were. Here the merged weight is
a second tensor, and the original comes back as it was.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from baselines.models.joint import JointLinear, adapted_layers, factors


class Merger:
    """Swaps each adapted layer of a model for a plain one while generating.

    A weight in float32 takes its change in. One in bf16 would round a small change away: it stands beside its change
    instead, and both are multiplied at once (baselines.models.joint); only with `is_final`, for a model that is written
    to a disk, does it take the change in too. Quantised layers stay as they are.

    It costs a second copy of the adapted weights for as long as it lasts; with `keeps_memory` all the time, and always
    at the same address, which compiled code and CUDA graphs need.
    """

    def __init__(self, model: nn.Module, *, keeps_memory: bool = False, is_final: bool = False) -> None:
        self.is_final = is_final
        self._memory: dict[Any, Any] | None = {} if keeps_memory else None
        self._layers: list[tuple[nn.Module, str, Any]] = []
        for name, layer in adapted_layers(model):
            parent, _, attribute = name.rpartition(".")
            self._layers.append((model.get_submodule(parent), attribute, layer))

    @contextmanager
    @torch.no_grad()
    def merged(self) -> Iterator[None]:
        """Merge, and restore the very same weights at the end. An adapter that is switched off stays off."""
        swapped: list[tuple[nn.Module, str, Any, Tensor]] = []
        try:
            for parent, attribute, layer in self._layers:
                if layer.disable_adapters or not layer.active_adapters:
                    continue
                swapped.append((parent, attribute, layer, layer.base_layer.weight.data))
                setattr(parent, attribute, self._plain(layer))
            yield
        finally:
            for parent, attribute, layer, original in swapped:
                layer.base_layer.weight.data = original
                setattr(parent, attribute, layer)

    def _plain(self, layer: Any) -> nn.Module:
        """Return a layer that computes what the adapted one does."""
        base: nn.Linear = layer.base_layer
        if self.is_final or base.weight.dtype == torch.float32:
            base.weight.data = self._place((layer, "weight"), merged_weight(layer))
            return base
        down, up = factors(layer)
        wide = self._place((layer, "wide"), torch.cat([base.weight.data, up], dim=1))
        joint = JointLinear(wide, self._place((layer, "down"), down), base.bias)
        return joint if self._memory is None else self._memory.setdefault((layer, "layer"), joint)

    def _place(self, key: tuple[Any, str], found: Tensor) -> Tensor:
        if self._memory is None:
            return found
        place: Tensor = self._memory.setdefault(key, found)
        return place.copy_(found)


def merged_weight(layer: Any) -> Tensor:
    """Return the weight of an adapted linear layer with its adapters added, summed in float32."""
    weight: Tensor = layer.base_layer.weight.data
    total = weight.float()
    for adapter in layer.active_adapters:
        total = total + layer.get_delta_weight(adapter).float()
    return total.to(weight.dtype)
