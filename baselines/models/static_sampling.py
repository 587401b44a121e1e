"""Sampling through transformers' own loop with a static cache, whose decoding step it compiles on CUDA.

Shapes and addresses must not change from call to call, or it compiles anew: prompts are padded to a multiple of
WIDTH_STEP, rows that are over stay in the batch, fewer prompts than before are filled up with rows that are over from
the start, and adapters are merged into the same memory each time.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, pad
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
    num_answers: int | None = None,
) -> list[Sampled]:
    """Answer left-padded prompts (B, P). `shape` maps the model's logits to those that are drawn from.

    Only the first `num_answers` prompts are answered; what fills the batch up beyond them is dropped.
    """
    padding = model.generation_config.pad_token_id or 0
    inputs = _widen(inputs, padding)
    num_rows = len(inputs["input_ids"])
    shaping = _Shaping(shape)
    ending = _Ending(is_over, shaping, num_rows, num_rows if num_answers is None else num_answers, is_greedy)
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
            logits_processor=LogitsProcessorList([shaping]),
            stopping_criteria=StoppingCriteriaList([ending]),
        )
    return ending.answers()


class _Shaping(LogitsProcessor):
    """The temperature and the suppressed tokens; it keeps the logits (n, V) that the next tokens are drawn from."""

    shaped: Tensor

    def __init__(self, shape: Callable[[Tensor], Tensor]) -> None:
        self.shape = shape

    def __call__(self, _input_ids: Tensor, scores: Tensor) -> Tensor:
        self.shaped = self.shape(scores)
        return self.shaped


class _Ending(StoppingCriteria):
    """Follows each of the first `num_answers` rows until it is over, and collects its tokens."""

    def __init__(
        self,
        is_over: Callable[[Sequence[int]], bool],
        shaping: _Shaping,
        num_rows: int,
        num_answers: int,
        is_greedy: bool,
    ) -> None:
        self.is_over = is_over
        self.shaping = shaping
        self.is_greedy = is_greedy
        self._found = [Sampled([], False, []) for _ in range(num_answers)]
        self._is_over = [row >= num_answers for row in range(num_rows)]

    def answers(self) -> list[Sampled]:
        """Return what was said in each row."""
        return [found._replace(is_ended=is_over) for found, is_over in zip(self._found, self._is_over, strict=False)]

    def __call__(self, input_ids: Tensor, _scores: Any, **_: Any) -> Tensor:
        last = input_ids[:, -1]
        logp = torch.zeros(last.shape) if self.is_greedy else self._log_probs(last)
        for row, (token, chance) in enumerate(zip(last.tolist(), logp.tolist(), strict=True)):
            if not self._is_over[row]:
                self._found[row].tokens.append(token)
                self._found[row].logp.append(chance)
                self._is_over[row] = self.is_over(self._found[row].tokens)
        return torch.tensor(self._is_over, device=input_ids.device)

    def _log_probs(self, tokens: Tensor) -> Tensor:
        return log_softmax(self.shaping.shaped, dim=-1).gather(-1, tokens[:, None])[:, 0]


def _widen(inputs: Inputs, padding: int) -> Inputs:
    width = inputs["input_ids"].shape[1]
    missing = -width % WIDTH_STEP
    return {
        name: pad(value, (missing, 0), value=padding if name == "input_ids" else 0)
        if value.shape == inputs["input_ids"].shape
        else value
        for name, value in inputs.items()
    }
