"""Layers with adapters whose weights are in bf16: one product for the weight and its change, rounded once.

Adding the change to what has been rounded to bf16 drops most of it while it is small: of four steps of 1e-5 in a
4096-wide layer a quarter survives where it is added to the output, as PEFT does it, and a quarter where it is added to
the weight, as merging does. In one product [x, xA'] [W, B]' both meet in the accumulator, in float32: all of it does
(`python -m benchmarks.small_updates`).
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear


def adapted_layers(model: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield the adapted linear layers of a model by name; quantised ones, whose weights are packed, are left out."""
    for name, layer in model.named_modules():
        if hasattr(layer, "get_delta_weight") and type(getattr(layer, "base_layer", None)) is nn.Linear:
            yield name, layer


def join(model: nn.Module) -> None:
    """Have every adapted layer whose weights are not in float32 multiply jointly, from now on."""
    for _, layer in adapted_layers(model):
        if layer.base_layer.weight.dtype != torch.float32:
            layer.forward = partial(_forward, layer)


def factors(layer: Any) -> tuple[Tensor, Tensor]:
    """Return what the active adapters of a layer add to its weight as two factors in the weight's type.

    They are (R, in) and (out, R), with R the sum of the adapters' ranks; the second one is scaled.
    """
    names = layer.active_adapters
    down = torch.cat([layer.lora_A[name].weight for name in names])
    up = torch.cat([layer.lora_B[name].weight * layer.scaling[name] for name in names], dim=1)
    dtype = layer.base_layer.weight.dtype
    return down.to(dtype), up.to(dtype)


class JointLinear(nn.Module):
    """An adapted layer for generating: its weight and its change side by side, (out, in + R)."""

    def __init__(self, weight: Tensor, down: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.wide, self.down, self.bias = weight, down, bias

    @property
    def weight(self) -> Tensor:
        """The weight alone, (out, in), for models that ask a layer for its type."""
        return self.wide[:, : self.down.shape[1]]

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the layer's output, (..., out), of inputs (..., in)."""
        return linear(torch.cat([inputs, linear(inputs, self.down)], dim=-1), self.wide, self.bias)


def _forward(layer: Any, inputs: Tensor) -> Tensor:
    base = layer.base_layer
    if layer.disable_adapters or not layer.active_adapters:
        output: Tensor = base(inputs)
        return output
    down, up = factors(layer)
    joint: Tensor = _JointProduct.apply(inputs, linear(inputs, down), base.weight, up, base.bias)
    return joint


class _JointProduct(torch.autograd.Function):
    """[x, h] [W, B]' + bias. The weight and the bias are frozen; the wide matrix lives no longer than the product."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, inner: Tensor, weight: Tensor, up: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(inner, weight, up)
        return linear(torch.cat([inputs, inner], dim=-1), torch.cat([weight, up], dim=1), bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor, None, Tensor, None]:
        inner, weight, up = ctx.saved_tensors
        grad_inputs = grad @ weight if ctx.needs_input_grad[0] else None
        return grad_inputs, grad @ up, None, grad.flatten(0, -2).T @ inner.flatten(0, -2), None
