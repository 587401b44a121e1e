"""Prompts that a batch holds several times: each is read once, and its keys and values serve all answers to it.

The episodes of a group begin alike, and small tasks meet the same pictures again. Here the prompt, which is most of a
turn, costs once what it costs.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch
from torch import Tensor
from transformers import DynamicCache

from baselines.models.policy import Prompt
from baselines.models.sampling import cache_argument

MOST_DISTINCT: Final = (
    0.5  # share of a batch's prompts: with more of them two forwards cost a small model more than one
)


def distinct(prompts: Sequence[Prompt]) -> tuple[list[Prompt], Tensor]:
    """Return the prompts without those that come again, and the place of each one's among them, (B,)."""
    places: dict[bytes, int] = {}
    asked = [places.setdefault(prompt.key, len(places)) for prompt in prompts]
    own = [prompts[asked.index(place)] for place in range(len(places))]
    return own, torch.tensor(asked)


def answer_states(
    model: Any, inputs: Mapping[str, Any], positions: Tensor, asked: Tensor, tokens: Tensor, mask: Tensor
) -> Tensor:
    """Return the model's states before each answer token and behind the last one, (B, T + 1, H).

    `inputs` and `positions` are those of U left-padded prompts, of which `asked` (B,) names that of each answer, and
    `tokens` (B, T) the answers, padded on the right by `mask`.
    """
    cache = DynamicCache(config=model.config.get_text_config())
    caching = {cache_argument(model.model): cache, "use_cache": True}
    read = model.model(**inputs, position_ids=positions, **caching).last_hidden_state  # (U, P, H)
    last = read[:, -1:][asked]
    if not tokens.shape[1]:
        return last
    cache.batch_select_indices(asked)
    seen = inputs["attention_mask"][asked]
    counting = positions[..., -1:].index_select(-2, asked) + 1 + torch.arange(tokens.shape[1], device=tokens.device)
    said = model.model(
        input_ids=tokens,
        attention_mask=torch.cat([seen, mask.to(seen.dtype)], dim=1),
        position_ids=counting,
        **caching,
    ).last_hidden_state
    return torch.cat([last, said], dim=1)
