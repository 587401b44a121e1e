"""Sampling through transformers' own loop with a static cache, whose decoding step it compiles on CUDA.

Shapes and addresses must not change from call to call, or it compiles anew: prompts are padded to a multiple of
WIDTH_STEP, rows that are over stay in the batch, and adapters are merged into the same memory each time.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn.functional import pad
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from baselines.models.inputs import Inputs
from baselines.models.sampling import Sampled

WIDTH_STEP: Final = 64  # tokens


def sample_static(
    model: Any,
    inputs: Inputs,
    *,
    shape: Callable[[Tensor], Tensor],
    is_over: Callable[[Sequence[int]], bool],
    max_new_tokens: int,
    is_greedy: bool,
    generator: torch.Generator | None,
) -> list[Sampled]:
    """Answer left-padded prompts (B, P). `shape` maps the model's logits to those that are drawn from."""
    padding = model.generation_config.pad_token_id or 0
    inputs = _widen(inputs, padding)
    ending = _Ending(is_over, inputs["input_ids"].shape)
    config = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=not is_greedy,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        repetition_penalty=1.0,
        cache_implementation="static",
        pad_token_id=padding,
    )
    devices = [model.device] if model.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices, enabled=generator is not None):
        if generator is not None:
            torch.manual_seed(int(torch.randint(2**62, (), generator=generator, device=generator.device)))
        model.generate(
            **inputs,
            generation_config=config,
            logits_processor=LogitsProcessorList([_Shaping(shape)]),
            stopping_criteria=StoppingCriteriaList([ending]),
        )
    return [Sampled(tokens, has_ended) for tokens, has_ended in zip(ending.answers, ending.ended, strict=True)]


class _Shaping(LogitsProcessor):
    """The temperature and the suppressed tokens."""

    def __init__(self, shape: Callable[[Tensor], Tensor]) -> None:
        self.shape = shape

    def __call__(self, _input_ids: Tensor, scores: Tensor) -> Tensor:
        return self.shape(scores)


class _Ending(StoppingCriteria):
    """Follows each row until it is over, and collects its tokens."""

    def __init__(self, is_over: Callable[[Sequence[int]], bool], prompts: Sequence[int]) -> None:
        self.is_over = is_over
        self.answers: list[list[int]] = [[] for _ in range(prompts[0])]
        self.ended = [False] * prompts[0]

    def __call__(self, input_ids: Tensor, _scores: Any, **_: Any) -> Tensor:
        for row, token in enumerate(input_ids[:, -1].tolist()):
            if not self.ended[row]:
                self.answers[row].append(token)
                self.ended[row] = self.is_over(self.answers[row])
        return torch.tensor(self.ended, device=input_ids.device)


def _widen(inputs: Inputs, padding: int) -> Inputs:
    width = inputs["input_ids"].shape[1]
    missing = -width % WIDTH_STEP
    return {
        name: pad(value, (missing, 0), value=padding if name == "input_ids" else 0)
        if value.shape == inputs["input_ids"].shape
        else value
        for name, value in inputs.items()
    }
