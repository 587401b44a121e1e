"""Answers whose end is known: what was cut off counts if something complete and final was said in it."""

import copy
import pickle

import pytest
from recipes import VOCABULARIES

from vlm_gym.parsers import AnswerText, Fault, Parsed, Unparsed, find_parser

STILL_COUNTS = {
    "an object": ("json", '{"action": "hit"}'),
    "an object in a fence": ("json", '```json\n{"action": "hit"}\n```'),
    "an object, explained": ("json", '{"action": "hit"}\n\nWith 12 against a ten the chance to'),
    "an object, only its brace is missing": ("json", '{"action": "hit"'),
    "an object, and the thoughts behind the action": ("json", '{"action": "hit", "thoughts": "Because my'),
    "a tag": ("json", "<answer>hit</answer>"),
    "a box": ("json", r"\boxed{hit} is what I"),
    "a label, and more": ("json", "Action: hit\nBecause 12"),
    "a sentence, and more": ("json", 'The action is "hit". Because 12'),
    "a tag, tagged": ("tagged", "<think>12</think><answer>hit</answer>"),
    "a tag, tagged, and more": ("tagged", "<answer>hit</answer>\nBecause"),
    "a turn that was over": ("json", '{"action": "hit"}<|im_end|>\n<|im_start|>user\nAction: sta'),
}
CUT_OFF = {
    "a word": ("json", "hit"),
    "a label at the end": ("json", "I have 12.\nAction: hit"),
    "a label without its action": ("json", "I have 12.\nAction:"),
    "a sentence at the end": ("json", "The action is hit"),
    "a tag that is open": ("json", "<answer>hit"),
    "a tag that is open, tagged": ("tagged", "<answer>hit"),
    "thinking without marks": ("json", "I have 12. I could hit, but then"),
    "a try": ("json", '12. Maybe {"action": "hit"}'),
    "an object and a doubt": ("json", '{"action": "hit"}, but if the dealer'),
    "an object and an alternative": ("json", '{"action": "hit"} or, on the'),
    "thinking with marks": ("json", "<think>I have 12."),
    "no tag yet": ("tagged", "I have 12."),
}


@pytest.mark.parametrize(("parser", "text"), STILL_COUNTS.values(), ids=STILL_COUNTS)
def test_what_was_said_completely_counts_in_a_cut_off_answer_too(parser: str, text: str) -> None:
    for answer in (AnswerText(text, is_cut_off=True), AnswerText(text, is_cut_off=False), text):
        verdict = find_parser(parser).parse(answer, VOCABULARIES["blackjack"])

        assert isinstance(verdict, Parsed), (answer, verdict)
        assert verdict.action == "hit"


@pytest.mark.parametrize(("parser", "text"), CUT_OFF.values(), ids=CUT_OFF)
def test_what_could_have_gone_on_is_a_fault_if_it_was_cut_off(parser: str, text: str) -> None:
    verdict = find_parser(parser).parse(AnswerText(text, is_cut_off=True), VOCABULARIES["blackjack"])

    assert isinstance(verdict, Unparsed)
    assert verdict.fault is Fault.CUT_OFF


@pytest.mark.parametrize("text", ["hit", "Action: hit", "The action is hit", "<answer>hit"])
def test_of_a_text_that_ended_by_itself_the_last_word_counts(text: str) -> None:
    for answer in (AnswerText(text, is_cut_off=False), text):
        assert find_parser("json").parse(answer, VOCABULARIES["blackjack"]).action == "hit"


@pytest.mark.parametrize("parser", ["json", "tagged"])
@pytest.mark.parametrize("opening", ["<think>", "<<thinking>>", "[THINK]", "<|channel|>analysis<|message|>"])
def test_thinking_that_ended_without_an_answer_is_not_cut_off(opening: str, parser: str) -> None:
    text = f"{opening} The dealer shows a ten."

    faults = [
        find_parser(parser).parse(answer, VOCABULARIES["blackjack"]).fault
        for answer in (AnswerText(text, is_cut_off=False), f"{text}<|im_end|>", AnswerText(text, is_cut_off=True), text)
    ]

    if "channel" not in opening:
        assert faults == [Fault.NO_ACTION, Fault.NO_ACTION, Fault.CUT_OFF, Fault.CUT_OFF]
    else:
        assert faults[0] is Fault.NO_ACTION


def test_an_answer_keeps_its_end_when_it_is_copied_or_sent_to_another_process() -> None:
    answer = AnswerText("hit", is_cut_off=True)

    for other in (copy.copy(answer), copy.deepcopy(answer), pickle.loads(pickle.dumps(answer))):
        assert (other, other.is_cut_off) == ("hit", True)


@pytest.mark.parametrize(
    ("parser", "text", "fault", "thoughts"),
    [  # each names the numbers 2 and 5
        ("json", '{"current number": 2, "target number": 5, "thoughts": "right"}', Fault.NO_ACTION, "right"),
        ("json", '{"current number": "2", "target number": "5", "action": "jump"}', Fault.UNKNOWN_ACTION, ""),
        ("json", '{"current number": 2, "target number": 5, "thoughts": "righ', Fault.CUT_OFF, ""),
        ("json", '{"current number": 2, "target number": 5, "action": "+" or "-"}', Fault.AMBIGUOUS, ""),
        ("json", '{"current number": 2, "target number": 5, "action": ["+", "-"]}', Fault.AMBIGUOUS, ""),
        ("json", '<think>right</think>{"current number": 2, "target number": 5}', Fault.NO_ACTION, "right"),
        ("json", 'Not {"current number": 2, "target number": 5, "action": "+"}', Fault.NO_ACTION, ""),
        (
            "tagged",
            '<answer>{"current number": 2, "target number": 5, "action": "jump"}</answer>',
            Fault.UNKNOWN_ACTION,
            "",
        ),
    ],
)  # fmt: skip
def test_what_an_unreadable_answer_names_is_kept(parser: str, text: str, fault: Fault, thoughts: str) -> None:
    verdict = find_parser(parser).parse(text, VOCABULARIES["number_line"])

    assert isinstance(verdict, Unparsed)
    assert (verdict.fault, verdict.thoughts) == (fault, thoughts)
    assert (verdict.fields["current number"], verdict.fields["target number"]) == ("2", "5")


def test_the_fields_of_an_unreadable_tagged_answer_are_kept() -> None:
    verdict = find_parser("tagged").parse(
        "<hand>12</hand><think>low</think><answer>double</answer>", VOCABULARIES["blackjack"]
    )

    assert (verdict.fault, verdict.thoughts, verdict.fields) == (Fault.UNKNOWN_ACTION, "low", {"hand": "12"})
