"""Prompts and answers as the tensors of a model: rendered, padded, and put side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import pad

from baselines.models.memory import TensorCache
from baselines.models.policy import Answer, Prompt
from vlm_gym.errors import ConfigError
from vlm_gym.messages import Message, to_hugging_face

Inputs = dict[str, Tensor]


class PromptEncoder:
    """Runs the processor on single prompts, remembers what it made of them, and pads batches on the left.

    An update reads each of its samples in every epoch. What a prompt becomes does not depend on the batch it is in.
    """

    def __init__(self, processor: Any, dtype: torch.dtype, cache: TensorCache) -> None:
        self.processor = processor
        self.dtype = dtype
        self._cache = cache
        self._special_tokens = special_words(processor.tokenizer)

    def __call__(self, prompts: Sequence[Prompt], device: torch.device) -> Inputs:
        """Return the model's inputs for a batch; `input_ids` and `attention_mask` are (B, P)."""
        batch = self._collate([self._encode(prompt) for prompt in prompts])
        return {name: value.to(device, non_blocking=True) for name, value in batch.items()}

    def _encode(self, prompt: Prompt) -> Mapping[str, Tensor]:
        inputs = self._cache.get(prompt.key)
        if inputs is None:
            inputs = self._process(prompt)
            self._cache.put(prompt.key, inputs)
        return inputs

    def _process(self, prompt: Prompt) -> Inputs:
        text = render(self.processor, prompt.messages, self._special_tokens)
        start = self.processor.tokenizer.bos_token
        pictures = [Image.fromarray(picture) for picture in prompt.pictures]
        inputs = self.processor(
            text=[text],
            images=[pictures] if pictures else None,  # the pictures of each text
            return_tensors="pt",
            add_special_tokens=not (start and text.startswith(start)),
        )
        return {
            name: value.to(self.dtype) if value.is_floating_point() else value
            for name, value in inputs.items()
            if isinstance(value, Tensor)
        }

    def _collate(self, samples: Sequence[Mapping[str, Tensor]]) -> Inputs:
        """Pad token rows on the left and pictures of several tiles at the end, then stack."""
        width = max(sample["input_ids"].shape[1] for sample in samples)
        batch = {}
        for name in samples[0]:
            rows = [sample[name] for sample in samples]
            if all(row.shape == sample["input_ids"].shape for row, sample in zip(rows, samples, strict=True)):
                filler = self.processor.tokenizer.pad_token_id if name == "input_ids" else 0
                rows = [pad(row, (width - row.shape[1], 0), value=filler) for row in rows]
            batch[name] = torch.cat(_same_shape(rows))
        return batch


def special_words(tokenizer: Any) -> tuple[str, ...]:
    """Return the words that a tokenizer reads as special tokens: what is played may hold them, and must not."""
    return tuple(str(token) for token in tokenizer.added_tokens_decoder.values() if token.special)


def render(processor: Any, messages: Sequence[Message], special_tokens: Sequence[str] = ()) -> str:
    """Return messages in the chat template of the model, up to where the answer begins: as the agent hf: sends them."""
    return apply_template(processor, to_hugging_face(messages, special_tokens), add_generation_prompt=True)


def apply_template(processor: Any, turns: Sequence[Mapping[str, Any]], *, add_generation_prompt: bool = False) -> str:
    """Return a conversation as text. The tokenizer renders it: some processors ask their video part first."""
    rendered: str = processor.tokenizer.apply_chat_template(
        turns,
        chat_template=processor.chat_template,
        add_generation_prompt=add_generation_prompt,
        tokenize=False,
    )
    return rendered


def pad_answers(answers: Sequence[Answer], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the answers' tokens, padded on the right with 0, and where they are not padding; both (B, T)."""
    length = max(len(answer.tokens) for answer in answers)
    if not all(answer.tokens for answer in answers):
        raise ConfigError("an answer needs at least one token, got one without any")
    tokens = torch.tensor([answer.tokens + (0,) * (length - len(answer.tokens)) for answer in answers])
    lengths = torch.tensor([len(answer.tokens) for answer in answers])
    return tokens.to(device), (torch.arange(length) < lengths[:, None]).to(device)


def append(inputs: Mapping[str, Any], positions: Tensor, tokens: Tensor, mask: Tensor) -> tuple[dict[str, Any], Tensor]:
    """Put answer tokens (B, T) behind prompts (B, P); `positions` (..., B, P) go on counting."""
    longer = dict(inputs)
    for name, value in inputs.items():
        if isinstance(value, Tensor) and value.shape == inputs["input_ids"].shape:
            longer[name] = pad(value, (0, tokens.shape[1]))  # token types: 0 is text
    longer["input_ids"] = torch.cat([inputs["input_ids"], tokens], dim=1)
    longer["attention_mask"] = torch.cat([inputs["attention_mask"], mask.to(inputs["attention_mask"].dtype)], dim=1)
    counting = positions[..., -1:] + 1 + torch.arange(tokens.shape[1], device=positions.device)
    return longer, torch.cat([positions, counting], dim=-1)


def prompt_positions(model: Any, inputs: Mapping[str, Tensor]) -> Tensor:
    """Return the model's position ids of left-padded prompts: (B, P), or (4, B, P) if they follow the picture."""
    others = {name: value for name, value in inputs.items() if name != "input_ids"}
    positions: Tensor = model._prepare_position_ids_for_generation(inputs["input_ids"], others)
    return positions


def _same_shape(rows: Sequence[Tensor]) -> list[Tensor]:
    """Fill up all dimensions but the first with zeros: the tiles of pictures of several sizes."""
    if len({row.shape[1:] for row in rows}) == 1:
        return list(rows)
    target = [max(sizes) for sizes in zip(*(row.shape[1:] for row in rows), strict=True)]
    return [pad(row, _missing(row.shape[1:], target)) for row in rows]


def _missing(sizes: Sequence[int], target: Sequence[int]) -> list[int]:
    """Return what torch's pad needs, which counts from the last dimension: nothing before, the rest behind."""
    return [n for size, aim in zip(reversed(sizes), reversed(target), strict=True) for n in (0, aim - size)]
