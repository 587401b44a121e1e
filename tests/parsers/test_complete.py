"""A parser says when an answer has said all that it has to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recipes import VOCABULARIES

from vlm_gym.actions import ActionSet
from vlm_gym.parsers import PARSERS, find_parser

COMPLETE = {
    "json": (
        '{"action": "+"}',
        'Sure: ```json\n{"thoughts": "a } in a text", "action": "+"}',
        '{"fields": {"inner": 1}, "action": "+"}',
        '<think>{"action": "-"}</think>{"action": "+"}',
        '[THINK]{"action": "-"}[/THINK]{"action": "+"}',
    ),
    "tagged": (
        "<answer>+</answer>",
        "<think>maybe <answer>-</answer>, maybe not</think><answer>+</answer>",
        '<think>{"action": "-"}</think>\n<answer>{"action": "+"}</answer>',
        "<formula>1 + 2</formula>",
    ),
    "tool": (
        '<tool_call>\n{"name": "act", "arguments": {"action": "+"}}\n</tool_call>',
        '<tool_call>{"name": "act", "arguments": {"thoughts": "</tool_call>", "action": "+"}}</tool_call>',
        '{"name": "act", "arguments": {"action": "+"}}',
        '<think>{"action": "-"}</think>{"action": "+"}',
    ),
}
GOES_ON = {
    "json": ("", "{", "The set {1, 2} is", '<think>{"action": "+"}', "{" * 30000, "<answer>+</answer>"),
    "tool": ("", "<", '<tool_call>{"name": "act", "arguments": {"action": "+"}}', "<answer>+</answer>"),
    "tagged": ("", "<", "<answer>+", "<think><answer>+</answer>", '{"action": "+"}', "<hand>12</hand>"),
}


@pytest.mark.parametrize(("parser", "text"), [(name, text) for name, texts in COMPLETE.items() for text in texts])
def test_an_answer_is_complete_at_its_last_character_and_not_before(parser: str, text: str) -> None:
    start = max(text.rfind("</think>"), text.rfind("[/THINK]"), 0)

    assert [find_parser(parser).is_complete(text[:end]) for end in range(start, len(text) + 1)] == (
        [False] * (len(text) - start) + [True]
    )


@pytest.mark.parametrize(("parser", "text"), [(name, text) for name, texts in GOES_ON.items() for text in texts])
def test_other_texts_go_on(parser: str, text: str) -> None:
    assert not find_parser(parser).is_complete(text)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("task", [task for task, actions in VOCABULARIES.items() if isinstance(actions, ActionSet)])
@given(thoughts=st.text(st.sampled_from("a}{<>/\"'")))
def test_what_is_written_is_complete_at_its_end_alone(parser: str, task: str, thoughts: str) -> None:
    for action in VOCABULARIES[task].names:
        text = find_parser(parser).write(action, VOCABULARIES[task], thoughts)

        assert text[-1] in find_parser(parser).closers
        assert find_parser(parser).is_complete(text)
        assert not any(find_parser(parser).is_complete(text[:end]) for end in range(len(text)))
