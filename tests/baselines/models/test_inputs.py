"""Prompts as tensors: padding, and the memory of processed prompts."""

import numpy as np
import torch

from baselines.models.inputs import PromptEncoder, pad_answers
from baselines.models.memory import TensorCache
from baselines.models.policy import Answer, Prompt
from baselines.models.tiny import build_tiny

CPU = torch.device("cpu")


class Counting:
    """The tiny model's processor, which counts how often it runs."""

    def __init__(self):
        self.processor = build_tiny()[1]
        self.count = 0

    def __getattr__(self, name):
        return getattr(self.processor, name)

    def __call__(self, **arguments):
        self.count += 1
        return self.processor(**arguments)


def encoder(num_prompts=1000, mebibytes=None):
    processor = Counting()
    return processor, PromptEncoder(processor, torch.float32, TensorCache(num_prompts, mebibytes))


def prompt(brightness, text="Play."):
    return Prompt.of(np.full((84, 84, 3), brightness, np.uint8), text)


def test_prompts_are_padded_on_the_left_and_answers_on_the_right():
    processor, encode = encoder()
    batch = encode([prompt(0), prompt(0, "Play the number line.")], CPU)
    lengths = batch["attention_mask"].sum(1).tolist()
    assert lengths[0] < lengths[1] == batch["input_ids"].shape[1]
    assert (batch["input_ids"][0, : lengths[1] - lengths[0]] == processor.tokenizer.pad_token_id).all()
    tokens, mask = pad_answers([Answer((5,), "", ((0, 0),)), Answer((6, 7), "", ((0, 0),) * 2)], CPU)
    assert tokens.tolist() == [[5, 0], [6, 7]]
    assert mask.tolist() == [[True, False], [True, True]]


def test_a_prompt_is_processed_once():
    processor, encode = encoder()
    first = encode([prompt(0), prompt(1), prompt(0)], CPU)
    again = encode([prompt(0), prompt(1), prompt(0)], CPU)
    assert processor.count == 2
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    encode([prompt(0, "Other words.")], CPU)
    assert processor.count == 3


def test_the_memory_of_prompts_has_a_bound():
    processor, encode = encoder(mebibytes=1)
    for _ in range(2):
        for brightness in range(40):
            encode([prompt(brightness)], CPU)
    assert processor.count == 80
    assert encode._cache.num_bytes <= 2**20


def test_as_many_prompts_are_remembered_as_an_update_has_whatever_they_weigh():
    processor, encode = encoder(num_prompts=40)
    for _ in range(3):
        encode([prompt(brightness) for brightness in range(40)], CPU)
    assert processor.count == 40
    encode([prompt(40)], CPU)
    encode([prompt(1)], CPU)
    assert processor.count == 41
    encode([prompt(0)], CPU)  # the oldest has left
    assert processor.count == 42


def test_a_picture_that_is_larger_than_the_memory_still_works():
    _, encode = encoder(mebibytes=0)
    assert encode([prompt(3)], CPU)["pixel_values"].shape[0] == 1
