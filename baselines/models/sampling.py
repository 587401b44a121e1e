"""Sampling answers: a lean loop around the model's forward, with a key-value cache and without finished rows."""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor
from transformers import DynamicCache

from baselines.models.inputs import Inputs

DROP_SHARE: Final = 1 / 8  # finished rows leave the batch once they are this share of it: leaving copies the cache


class Sampled(NamedTuple):
    """The tokens of one answer, whether it came to its end, and the log-prob of each token in the sampler."""

    tokens: list[int]
    is_ended: bool
    logp: list[float]


class Drawn(NamedTuple):
    """One token for each of n rows, and the log-prob that it was drawn with."""

    tokens: Tensor  # (n,) int64
    logp: Tensor  # (n,) float32; 0 in a greedy choice, which is certain


def draw(logits: Tensor, generator: torch.Generator | None, *, is_greedy: bool) -> Drawn:
    """Draw a token from each row of logits (n, V); -inf is never drawn."""
    if is_greedy:
        return Drawn(logits.argmax(-1), torch.zeros(len(logits), device=logits.device))
    chances = torch.softmax(logits, dim=-1)
    if logits.device.type != "cpu":
        tokens = torch.multinomial(chances, 1, generator=generator)
    else:
        sums = chances.cumsum(-1)  # on the CPU n random numbers instead of n x V: several times faster
        places = torch.rand(len(sums), 1, generator=generator) * sums[:, -1:]
        tokens = torch.searchsorted(sums, places, right=True)
    return Drawn(tokens[:, 0], chances.gather(-1, tokens).log()[:, 0])


@torch.no_grad()
def sample(
    model: Any,
    inputs: Inputs,
    positions: Tensor,
    *,
    choose: Callable[[Tensor], Drawn],
    is_over: Callable[[Sequence[int]], bool],
    max_new_tokens: int,
    asked: Tensor | None = None,
) -> list[Sampled]:
    """Answer left-padded prompts (B, P), or with `asked`, (B,), B times those of these places.

    `choose` draws from the model's logits (n, V); `is_over` says whether an answer ends with its last token.
    """
    answers: list[list[int]] = [[] for _ in (inputs["input_ids"] if asked is None else asked)]
    logps: list[list[float]] = [[] for _ in answers]
    ended = [False] * len(answers)
    rows = list(range(len(answers)))  # the answers that the batch kept holds
    cache = DynamicCache(config=model.config.get_text_config())
    caching = {cache_argument(model): cache, "use_cache": True, "logits_to_keep": 1}
    mask, position = inputs["attention_mask"], positions[..., -1:]
    logits = model(**inputs, position_ids=positions, **caching).logits
    if asked is not None:
        cache.batch_select_indices(asked)
        mask, position, logits = mask[asked], position.index_select(-2, asked), logits[asked]
    for count in range(1, max_new_tokens + 1):
        tokens, chances = choose(logits[:, -1])
        for row, token, logp in zip(rows, tokens.tolist(), chances.tolist(), strict=True):
            if not ended[row]:
                answers[row].append(token)
                logps[row].append(logp)
                ended[row] = is_over(answers[row])
        going = [place for place, row in enumerate(rows) if not ended[row]]
        if not going or count == max_new_tokens:
            break
        if len(rows) - len(going) >= DROP_SHARE * len(rows):
            kept = torch.tensor(going, device=mask.device)
            cache.batch_select_indices(kept)
            mask, tokens, position = mask[kept], tokens[kept], position.index_select(-2, kept)
            rows = [rows[place] for place in going]
        mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
        position = position + 1
        logits = model(input_ids=tokens[:, None], attention_mask=mask, position_ids=position, **caching).logits
    return [Sampled(*found) for found in zip(answers, ended, logps, strict=True)]


def cache_argument(model: Any) -> str:
    """Return the name of the cache in the model's forward: transformers 5.24 renamed it, own code may not have."""
    return "cache" if "cache" in signature(model.forward).parameters else "past_key_values"
