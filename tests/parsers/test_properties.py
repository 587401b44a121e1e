"""What holds for every text, every action and every spelling."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recipes import HOUSEHOLD, VOCABULARIES, read_corpus

from vlm_gym.actions import ActionSet, Vocabulary
from vlm_gym.parsers import PARSERS, AnswerText, Parsed, Unparsed
from vlm_gym.parsers.marks import marks_in
from vlm_gym.parsers.names import plain

ACTION_SETS = {task: actions for task, actions in VOCABULARIES.items() if isinstance(actions, ActionSet)}
ANY_TEXT = st.text(st.characters())  # with lone surrogates and NUL
FRAGMENTS = st.sampled_from(
    [
        "{", "}", "[", "]", '"', "'", "“", "”", "\\", ",", ":", "：", " ", "\n", "action", '"action"', '"action":',
        "formula", "hit", "stand", '"hit"', "1", "10", "+", "(1+2)", "go to cabinet 1", "2", "or", "thoughts",
        "//", "/*", "*/", "#", "```", "```json\n", "**", "Action:", "Answer: ", "\\boxed{", "\\text{",
        "<think>", "</think>", "◁think▷", "<answer>", "</answer>", "<action>", "</", "<|begin_of_box|>",
        "<|end_of_box|>", "[THINK]", "[/THINK]", "<|channel|>", "analysis", "final", "<|message|>", "<|end|>",
        "<|start|>", "<|im_end|>", "<|im_start|>", "user", "\nUser:", "</s>", "<reasoning a=1>", "</reasoning>",
        "<<thinking>>", "[INST]", "<parameter=action>", "</parameter>", "<arg_key>", "play(", "=", ")", "Wait, no.",
        "Maybe", "not", "?", "\\frac{", "\x00", "\ud800", "İ", "\u0301", "\\u00", "&lt;",
    ]
)  # fmt: skip
JSONISH = st.lists(FRAGMENTS, max_size=40).map("".join)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True).filter(
    lambda name: plain(name) not in RESERVED and not marks_in(f"<{name}></{name}>")
)
RESERVED = {
    "action", "answer", "formula", "final answer", "move", "next action", "scratchpad",
    "thoughts", "thought", "reasoning", "thinking", "think", "rationale", "explanation",
}  # fmt: skip
FIELDS = st.dictionaries(NAMES, ANY_TEXT, max_size=3)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(NAMES | st.just("action"), values, max_size=3),
    max_leaves=8,
)
SPELLINGS = {
    "as it is": str,
    "upper case": str.upper,
    "title case": str.title,
    "full width": lambda name: "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in name),
    "spaces": lambda name: f"  {name.replace(' ', '   ')} ",
    "a full stop": lambda name: f"{name}.",
    "backticks": lambda name: f"`{name}`",
    "bold": lambda name: f"**{name}**",
}
FORMS = {
    "JSON": ("json", '{{"thoughts": "x", "action": "{}"}}'),
    "JSON in Python's quotes": ("json", "{{'thoughts': 'x', 'action': '{}'}}"),
    "JSON in curly quotes": ("json", "{{“thoughts”: “x”, “action”: “{}”}}"),
    "a fence": ("json", '```json\n{{"action" : "{}"\n}}\n```'),
    "a list": ("json", '{{"action": ["{}"]}}'),
    "tags, to the JSON parser": ("json", "<think>x</think><answer>{}</answer>"),
    "a box": ("json", "so $\\boxed{{{}}}$"),
    "a label": ("json", "I see.\n**Action:** {}\nDone"),
    "the whole answer": ("json", "{}"),
    "tags": ("tagged", "<think>x</think>\n<answer>{}</answer>"),
    "a tag without end": ("tagged", "<action>{}\n"),
}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("task", ["points24", "points24_formula", "household"])
@given(text=ANY_TEXT | JSONISH)
@example(text='{"action":"hit"}\ud800')
def test_any_text_has_a_verdict(parser: str, task: str, text: str) -> None:
    verdict = PARSERS[parser].parse(text, VOCABULARIES[task])

    if isinstance(verdict, Unparsed):
        assert len(verdict.detail) <= 80
        assert verdict.detail.isprintable()
        return
    assert VOCABULARIES[task].read(verdict.action) == verdict.action
    assert 0 <= verdict.span[0] < verdict.span[1] <= len(text)


@pytest.mark.parametrize("parser", ["json", "tagged"])
@pytest.mark.parametrize("task", ["blackjack", "points24", "household"])
@given(text=JSONISH)
def test_the_span_of_an_action_reads_as_that_action(parser: str, task: str, text: str) -> None:
    verdict = PARSERS[parser].parse(text, VOCABULARIES[task])

    if isinstance(verdict, Parsed):
        assert verdict.action == VOCABULARIES[task].read(text[slice(*verdict.span)])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("task", ACTION_SETS)
def test_every_action_is_read_in_every_form_and_spelling(task: str, spelling: str, form: str) -> None:
    parser, template = FORMS[form]
    for name in ACTION_SETS[task].names:
        text = template.format(SPELLINGS[spelling](name))

        verdict = PARSERS[parser].parse(text, ACTION_SETS[task])

        assert isinstance(verdict, Parsed), (text, verdict)
        assert verdict.action == name
        assert ACTION_SETS[task].read(text[slice(*verdict.span)]) == name


@pytest.mark.parametrize("parser", ["json", "tagged"])
@pytest.mark.parametrize("task", VOCABULARIES)
@given(data=st.data(), thoughts=ANY_TEXT | JSONISH, fields=FIELDS)
def test_what_is_written_is_read_back(parser: str, task: str, data: st.DataObject, thoughts: str, fields: dict) -> None:
    action = data.draw(actions_of(VOCABULARIES[task]))

    text = PARSERS[parser].write(action, VOCABULARIES[task], thoughts, fields)
    verdict = PARSERS[parser].parse(text, VOCABULARIES[task])

    assert isinstance(verdict, Parsed), (text, verdict)
    assert (verdict.action, verdict.thoughts, verdict.fields) == (action, thoughts, fields)
    assert text[slice(*verdict.span)] == action


@pytest.mark.parametrize("task", [task for task in ACTION_SETS if task != "household"])
@given(thoughts=ANY_TEXT | JSONISH)
def test_the_papers_rule_reads_the_papers_format_in_the_card_games(task: str, thoughts: str) -> None:
    for name in ACTION_SETS[task].names:
        text = PARSERS["paper"].write(name, ACTION_SETS[task], thoughts)

        verdict = PARSERS["paper"].parse(text, ACTION_SETS[task])

        assert isinstance(verdict, Parsed)
        assert (verdict.action, text[slice(*verdict.span)]) == (name, name)


@pytest.mark.parametrize("parser", ["json", "tagged"])
@pytest.mark.parametrize("task", VOCABULARIES)
@settings(max_examples=30)
@given(data=st.data(), thoughts=ANY_TEXT | JSONISH, fields=FIELDS)
def test_a_cut_never_makes_another_action(
    parser: str, task: str, data: st.DataObject, thoughts: str, fields: dict
) -> None:
    action = data.draw(actions_of(VOCABULARIES[task]))
    text = PARSERS[parser].write(action, VOCABULARIES[task], thoughts, fields)

    for length in range(len(text)):
        verdict = PARSERS[parser].parse(text[:length], VOCABULARIES[task])
        assert isinstance(verdict, Unparsed) or verdict.action == action, text[:length]


@settings(max_examples=50)
@given(beside=st.dictionaries(NAMES | st.just("answer"), JSON_VALUES, max_size=3), indent=st.sampled_from([None, 2]))
def test_any_json_is_read_as_json_and_a_cut_of_it_as_nothing_else(beside: dict, indent: int | None) -> None:
    text = json.dumps(beside | {"action": "go to cabinet 12"}, indent=indent)

    verdicts = [PARSERS["json"].parse(text[:length], HOUSEHOLD) for length in range(len(text) + 1)]

    assert {verdict.action for verdict in verdicts if isinstance(verdict, Parsed)} == {"go to cabinet 12"}
    assert isinstance(verdicts[-1], Parsed)
    read = {name: value for name, value in verdicts[-1].fields.items() if isinstance(beside[name], str)}
    assert read == {name: value for name, value in beside.items() if isinstance(value, str)}


def test_an_answer_that_is_known_to_be_cut_off_names_no_other_action_than_the_whole() -> None:
    """Unless it gave one and took it back later: answers that speak of their action once cannot."""
    for name, case in read_corpus().items():
        vocabulary = VOCABULARIES[case.task]
        is_said_once = case.text.lower().count(vocabulary.key) + case.text.lower().count("answer") < 2
        if case.parser == "paper" or case.expected.startswith("!") or not is_said_once or len(case.text) > 1000:
            continue
        for length in range(len(case.text)):
            verdict = PARSERS[case.parser].parse(AnswerText(case.text[:length], is_cut_off=True), vocabulary)
            assert isinstance(verdict, Unparsed) or verdict.action == case.expected, (name, case.text[:length])


PROSE = st.text(st.characters(exclude_characters="{｛<◁:：\n\\|"))


@given(before=PROSE, after=PROSE, action=st.sampled_from(HOUSEHOLD.names))
def test_prose_around_json_changes_nothing(before: str, after: str, action: str) -> None:
    text = f'{before}\n{{"thoughts": "not cabinet 2", "action": "{action}"}}\n{after}'

    verdict = PARSERS["json"].parse(text, HOUSEHOLD)

    assert isinstance(verdict, Parsed)
    assert verdict.action == action


@given(words=st.text(st.sampled_from("go to cabinet 1234 look open")))
def test_only_a_whole_action_is_an_action(words: str) -> None:
    for text in (f'{{"action": "{words}"}}', f"<answer>{words}</answer>", f"Action: {words}", words):
        verdict = PARSERS["json"].parse(text, HOUSEHOLD)
        expected = " ".join(words.split())
        assert (verdict.action == expected) if isinstance(verdict, Parsed) else (expected not in HOUSEHOLD.names)


def actions_of(vocabulary: Vocabulary) -> st.SearchStrategy[str]:
    if isinstance(vocabulary, ActionSet):
        return st.sampled_from(vocabulary.names)
    return st.sampled_from(["1 + 2 + 3 * 4", "( 1 + 2 ) * 8 * 1", "10 * ( 10 - 3 ) / 2"])
