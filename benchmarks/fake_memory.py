"""Runs a real policy without its memory: weights and activations have shapes and no content, what is small is computed.

Token ids, masks and positions decide how a model goes on, so they are real tensors; all that comes of a weight or of a
picture is torch's FakeTensor. Every storage that is alive is counted, so the peak of a training step or of a generation
of a 7B is known on any machine. What a kernel allocates for itself is not seen.
"""

import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from baselines.models import vlm
from baselines.models.inputs import prompt_positions
from baselines.models.policy import Prompt
from baselines.models.sampling import Drawn
from baselines.models.vlm import VlmPolicy

CPU = torch.device("cpu")
_INDEXING = (
    torch.ops.aten.index.Tensor,
    torch.ops.aten.index_put.default,
    torch.ops.aten.index_put_.default,
)


class FakeMemory(TorchDispatchMode):
    """Computes what has no fake tensor in it, follows the shapes of everything else, and counts the bytes alive.

    Attributes:
        live: Bytes of the fake storages that are alive.
        peak: The most there have been since the last `reset_peak`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fakes = FakeTensorMode(allow_non_fake_inputs=True)
        self.live = self.peak = 0
        self._seen: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if not any(isinstance(leaf, FakeTensor) for leaf in tree_leaves((args, kwargs))):
            return func(*args, **kwargs)
        if func in _INDEXING:
            args = (args[0], _places(args[1]), *args[2:])
        with self.fakes:
            found = func(*args, **kwargs)
        for leaf in tree_leaves(found):
            if isinstance(leaf, FakeTensor):
                self._count(leaf)
        return found

    def reset_peak(self) -> None:
        """Forget the peak so far."""
        self.peak = self.live

    def fake(self, like: Tensor) -> Tensor:
        """Return a fake tensor of the same shape and type, and count it."""
        with self.fakes:
            made = torch.empty(like.shape, dtype=like.dtype, device=CPU)
        self._count(made)
        return made

    def _count(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if self._seen.get(storage._cdata) is storage:
            return
        self._seen[storage._cdata] = storage
        size = storage.nbytes()
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._free, size)

    def _free(self, size: int) -> None:
        self.live -= size


def empty(policy: VlmPolicy, memory: FakeMemory) -> None:
    """Replace all weights of a policy by fake ones, and have its prompts become fake pictures and real words."""
    for module in policy.module.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                with memory.fakes:
                    value = memory.fake(parameter)
                module._parameters[name] = nn.Parameter(value, requires_grad=parameter.requires_grad)
        for name, buffer in module._buffers.items():
            if buffer is not None and buffer.device.type == "meta":
                module._buffers[name] = memory.fake(buffer)
    encoder = policy.module.encoder

    def encode(prompts: Sequence[Prompt]) -> tuple[dict[str, Any], Tensor]:
        inputs = encoder(prompts, CPU)
        positions = prompt_positions(policy.model, inputs)
        faked = {name: memory.fake(value) if value.is_floating_point() else value for name, value in inputs.items()}
        return faked, positions

    policy.module.encode = encode  # type: ignore[method-assign]


@contextmanager
def drawing(token: int, watch: Any = None) -> Iterator[None]:
    """Have the sampler draw one and the same token each time; `watch` is called before."""

    def draw(logits: Tensor, *_: Any, **__: Any) -> Drawn:
        if watch:
            watch()
        return Drawn(torch.full((len(logits),), token), torch.zeros(len(logits)))

    original = vlm.draw
    vlm.draw = draw
    try:
        yield
    finally:
        vlm.draw = original


def _places(indices: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Return indices with the places of real masks in place of these: then the shape of what they choose is known."""
    found: list[Tensor | None] = []
    for index in indices:
        if index is not None and index.dtype == torch.bool and not isinstance(index, FakeTensor):
            found.extend(index.nonzero().unbind(1))
        else:
            found.append(index)
    return found
