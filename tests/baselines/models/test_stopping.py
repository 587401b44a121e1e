"""An answer is over where its JSON object closes, or at the end of sequence."""

import pytest

from baselines.models.spans import Transcriber
from baselines.models.stopping import Ending, holds_whole_object
from baselines.models.tiny import build_tiny

COMPLETE = (
    '{"action": "+"}',
    'Sure: ```json\n{"thoughts": "a } in a text", "action": "+"}',
    '{"fields": {"inner": 1}, "action": "+"}',
    '<think>{"action": "-"}</think>{"action": "+"}',
)


@pytest.mark.parametrize("text", COMPLETE)
def test_a_text_is_over_at_the_last_brace_and_not_before(text):
    assert holds_whole_object(text)
    for end in range(text.index("{"), len(text)):
        if "<think>" not in text:
            assert not holds_whole_object(text[:end])


@pytest.mark.parametrize("text", ["", "{", "The set {1, 2} is", '<think>{"action": "+"}', "{" * 30000])
def test_other_texts_go_on(text):
    assert not holds_whole_object(text)


def test_only_the_token_that_closes_the_object_ends_an_answer():
    tokenizer = build_tiny()[1].tokenizer
    is_over = Ending(Transcriber(tokenizer, tokenizer.all_special_ids), [tokenizer.eos_token_id])
    tokens = tokenizer('{"card": {"value": "3"}, "action": "+"}')["input_ids"]
    assert [is_over(tokens[:count]) for count in range(1, len(tokens) + 1)] == [False] * (len(tokens) - 1) + [True]
    assert is_over([tokens[0], tokenizer.eos_token_id])
