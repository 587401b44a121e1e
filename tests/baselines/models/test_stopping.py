"""An answer is over at the end of sequence, or where its parser says that all has been said."""

import pytest

from baselines.models.loading import load_policy
from baselines.models.model_config import ModelConfig
from baselines.models.spans import Transcriber
from baselines.models.stopping import Ending
from baselines.models.tiny import build_tiny
from vlm_gym.parsers import PARSERS, find_parser

ANSWERS = {
    "json": '{"card": {"value": "3"}, "action": "+"}',
    "tagged": '<think>{"action": "-"}</think><answer>+</answer>',
    "tool": '<tool_call>{"name": "act", "arguments": {"thoughts": "3}", "action": "+"}}</tool_call>',
    "paper": '{"thoughts": "a } in a text", "action": "+"}',
}


@pytest.mark.parametrize("parser", PARSERS)
def test_only_the_token_that_completes_the_answer_ends_it(parser: str) -> None:
    tokenizer = build_tiny()[1].tokenizer
    is_over = Ending(Transcriber(tokenizer, tokenizer.all_special_ids), [tokenizer.eos_token_id], find_parser(parser))
    tokens = tokenizer(ANSWERS[parser])["input_ids"]
    assert [is_over(tokens[:count]) for count in range(1, len(tokens) + 1)] == [False] * (len(tokens) - 1) + [True]
    assert is_over([tokens[0], tokenizer.eos_token_id])


@pytest.mark.parametrize("parser", PARSERS)
def test_a_policy_stops_as_its_tasks_parser_says(parser: str) -> None:
    assert load_policy(ModelConfig(), parser=find_parser(parser))._is_over.parser is find_parser(parser)
