"""Weights that lie on several processes (FSDP2): whole for as long as a process plays by itself.

Between two optimizer steps every process plays its own episodes, which take different numbers of tokens and turns. With
whole weights no forward waits for another process: they are brought together once for a rollout or an evaluation.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor

OTHER_FORWARDS = ("values", "call")  # of VlmModule: FSDP2 must know of every way in


def prepare(
    module: nn.Module, optimizer: torch.optim.Optimizer, accelerator: Accelerator
) -> tuple[nn.Module, torch.optim.Optimizer]:
    """Wrap a policy's module and its optimizer for the processes of this run."""
    module, optimizer = accelerator.prepare(module, optimizer)
    if isinstance(module, FSDPModule):
        for name in OTHER_FORWARDS:
            register_fsdp_forward_method(module, name)
    return module, optimizer


@contextmanager
def microbatch(module: nn.Module, accelerator: Accelerator, *, is_last: bool) -> Iterator[None]:
    """Run a forward and a backward; processes exchange gradients with the last microbatch of an optimizer step only."""
    with nullcontext() if is_last else accelerator.no_sync(module):
        yield


@contextmanager
def whole_weights(module: nn.Module, accelerator: Accelerator) -> Iterator[None]:
    """Have all weights in every process: all enter and leave together, and nothing in between waits for another one.

    It costs each device the memory of the whole model for as long as it lasts.
    """
    with _unsharded(module, accelerator) if isinstance(module, FSDPModule) else nullcontext():
        yield


def whole_state(policy: Any, accelerator: Accelerator) -> dict[str, Tensor]:
    """Return a copy of what trains, on the CPU of the main process; nothing elsewhere. All processes ask together."""
    with whole_weights(policy.module, accelerator):
        if not accelerator.is_main_process:
            return {}
        return {name: value.to("cpu", copy=True) for name, value in policy.state_dict().items()}


def whole(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors of which each process has a part, whole; all processes ask for the same ones together."""
    return {name: value.full_tensor() if isinstance(value, DTensor) else value for name, value in tensors.items()}


def own_part(value: Tensor, like: Tensor) -> Tensor:
    """Return the part of a whole tensor that this process has, divided as `like` is."""
    if not isinstance(like, DTensor):
        return value
    return distribute_tensor(value.to(like.device, like.dtype), like.device_mesh, like.placements)


@contextmanager
def _unsharded(module: FSDPModule, accelerator: Accelerator) -> Iterator[None]:
    """Bring FSDP2's parts together, and keep them so through any number of forwards."""
    parts = [part for part in _modules(module) if isinstance(part, FSDPModule)]
    for part in parts:
        part.set_reshard_after_forward(False, recurse=False)
        part.unshard()
    try:
        yield
    finally:
        for part in parts:
            part.reshard()
            is_root = part is module  # FSDP2 leaves a root's weights whole until the backward pass
            resharding = not is_root and bool(accelerator.state.fsdp_plugin.reshard_after_forward)
            part.set_reshard_after_forward(resharding, recurse=False)


def _modules(module: Any) -> Iterable[nn.Module]:
    found: Iterable[nn.Module] = module.modules()
    return found
