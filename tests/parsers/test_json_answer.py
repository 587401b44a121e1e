"""What the JSON parser tells beside the action, what it writes, and which place it believes."""

import json

import pytest
from recipes import VOCABULARIES

from vlm_gym.errors import ConfigError
from vlm_gym.games.blackjack import ACTIONS
from vlm_gym.parsers import Fault, Parsed, Unparsed, find_parser
from vlm_gym.parsers.objects import MAX_TOKENS

JSON = find_parser("json")


def test_thoughts_and_fields_are_told() -> None:
    text = '{"Cards": [2, "K"], "current formula": "2*", "thoughts": "say \\"6\\"\\nnow", "action": "hit"}'

    verdict = JSON.parse(text, ACTIONS)

    assert verdict == Parsed(
        "hit", (86, 89), thoughts='say "6"\nnow', fields={"cards": '[2, "K"]', "current formula": "2*"}
    )


def test_thinking_comes_before_the_thoughts_of_the_object() -> None:
    verdict = JSON.parse('<think>\nTwelve.\n</think>{"thoughts": "Hit.", "action": "hit"}', ACTIONS)

    assert verdict == Parsed("hit", (56, 59), thoughts="Twelve.\nHit.")


def test_thoughts_have_several_names_and_the_first_of_them_counts() -> None:
    verdict = JSON.parse('{"explanation": "b", "reasoning": "a", "action": "hit"}', ACTIONS)

    assert verdict == Parsed("hit", (50, 53), thoughts="a", fields={"explanation": "b"})


def test_fields_come_from_the_object_that_holds_the_action() -> None:
    verdict = JSON.parse('{"name": "act", "arguments": {"thoughts": "t", "hand": 12, "action": "hit"}}', ACTIONS)

    assert verdict == Parsed("hit", (70, 73), thoughts="t", fields={"hand": "12"})


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        ("json", '{"hand": 12, "response": {"action": "hit"}}'),
        ("json", '{"hand": 12}\n{"action": "hit"}'),
        ("json", '[{"hand": 12}, {"action": "hit"}]'),
        ("json", '{"hand": 12, "dealer": 6}\n\nAction: hit'),
        ("json", '{"hand": 12} {"action": "hit"} {"action": "stand"}'),
        ("json", '{"hand": "<what you see>"} {"hand": 12, "action": "hit"}'),
        ("json", '{"hand": 12, "action": "hit", "stand"}'),
        ("json", '{"hand" => 12, "action" => "hit"}'),
        ("json", '{"hand": 12, "acti'),
        ("json", 'Maybe {"hand": 12, "action": "hit"}?'),
        ("tagged", "<hand>12</hand><answer>hit</answer>"),
        ("tagged", '<answer>{"hand": 12, "action": "hit"}</answer>'),
        ("tool", 'act(hand=12, action="hit")'),
        ("tool", 'act(thoughts="low (really)", hand="12", action="hit")'),
        ("tool", 'act(action="hit", hand=12)'),
    ],
)
def test_a_field_is_kept_wherever_it_stands_and_whatever_the_verdict(parser: str, text: str) -> None:
    assert find_parser(parser).parse(text, ACTIONS).fields["hand"] == "12"


def test_what_stands_without_a_name_is_kept() -> None:
    assert JSON.parse('{"action": "hit", "stand"}', ACTIONS).fields == {"remark": "stand"}
    verdict = JSON.parse('{"thoughts": "I said "stand", then hit", "hand": 12, "action": "hit"}', ACTIONS)
    assert (verdict.thoughts, verdict.fields) == ('I said "stand", then hit"', {"hand": "12"})


def test_surrogate_pairs_are_joined_and_lone_ones_survive() -> None:
    verdict = JSON.parse('{"thoughts": "\\ud83c\\udccf \\ud83c", "action": "hit"}', ACTIONS)

    assert verdict == Parsed("hit", (47, 50), thoughts="🃏 \ud83c")


def test_an_action_inside_a_thought_is_not_played() -> None:
    text = '{"thoughts": "I could do {\\"action\\": \\"hit\\"} but no", "action": "stand"}'

    assert JSON.parse(text, ACTIONS).action == "stand"


def test_a_label_behind_the_object_that_disagrees_is_ambiguous() -> None:
    verdict = JSON.parse('{"action": "hit"}\nAction: stand', ACTIONS)

    assert verdict == Unparsed(Fault.AMBIGUOUS, "'hit, stand'")


def test_a_label_before_the_object_is_reasoning() -> None:
    assert JSON.parse('Action: stand\n{"action": "hit"}', ACTIONS).action == "hit"


def test_a_fault_of_the_strongest_form_is_not_mended_by_a_weaker_one() -> None:
    verdict = JSON.parse('{"action": "double"}\nAction: stand', ACTIONS)

    assert verdict == Unparsed(Fault.UNKNOWN_ACTION, "'double'")


def test_more_json_than_any_answer_has_is_no_answer() -> None:
    verdict = JSON.parse('{"a":[' + "1," * MAX_TOKENS + ']}{"action": "hit"}', ACTIONS)

    assert verdict == Unparsed(Fault.NO_ACTION, f"more than {MAX_TOKENS} tokens of JSON")


def test_fields_come_first_then_thoughts_then_the_action() -> None:
    text = JSON.write("hit", ACTIONS, thoughts='12 < 17, "easy"', fields={"Hand": "12"})

    assert text == '{"hand": "12", "thoughts": "12 < 17, \\"easy\\"", "action": "hit"}'


def test_an_answer_without_thoughts_has_no_field_for_them() -> None:
    assert JSON.write("3 * 8", VOCABULARIES["points24_formula"]) == '{"formula": "3 * 8"}'


def test_think_tags_in_thoughts_are_written_so_that_they_are_none() -> None:
    text = JSON.write("hit", ACTIONS, thoughts="</think> and ◁think▷")

    assert "<" not in text
    assert json.loads(text)["thoughts"] == "</think> and ◁think▷"


@pytest.mark.parametrize("parser", ["json", "tagged", "paper"])
@pytest.mark.parametrize(
    ("action", "fields", "message"),
    [
        ("double", {}, "action must be one of the task's, got 'double'"),
        ("hit", {"Action": "x"}, "a field cannot be called 'action'"),
        ("hit", {"thoughts": "x"}, "a field cannot be called 'thoughts'"),
        ("hit", {"action_": "x"}, "a field cannot be called 'action_'"),
        ("hit", {" ": "x"}, "a field cannot be called ''"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(parser: str, action: str, fields: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        find_parser(parser).write(action, ACTIONS, fields=fields)


def test_a_fault_reads_as_a_sentence() -> None:
    assert str(JSON.parse('{"action": "double"}', ACTIONS)) == "unknown action: 'double'"
    assert str(JSON.parse("", ACTIONS)) == "empty"


def test_a_long_detail_is_shortened() -> None:
    verdict = JSON.parse(f'{{"action": "{"x" * 200}"}}', ACTIONS)

    assert verdict.detail == "'" + "x" * 78 + "…"


def test_a_detail_is_safe_to_print() -> None:
    verdict = JSON.parse('{"action": "\ud800\x1b[31m"}', ACTIONS)

    assert verdict.detail == "'\\ud800\\x1b[31m'"
