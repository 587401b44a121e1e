"""Which words name a household command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_gym.games.household.vocabulary import CommandVocabulary
from vlm_gym.parsers import Fault, Parsed, find_parser

NAMES = (
    "close fridge 1", "examine fridge 1", "go to cabinet 1", "go to cabinet 12", "help", "inventory", "look",
    "move egg 2 to fridge 1", "take potato 1 from fridge 1",
)  # fmt: skip
COMMANDS = CommandVocabulary(NAMES)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("go to cabinet 12", "go to cabinet 12"),
        ("Go to the Cabinet 12.", "go to cabinet 12"),
        ("  go  to\ncabinet 1 ", "go to cabinet 1"),
        ("go to cabinet12", "go to cabinet 12"),
        ("put egg 2 in/on fridge 1", "move egg 2 to fridge 1"),
        ("put the egg 2 in the fridge 1", "move egg 2 to fridge 1"),
        ("place egg 2 on fridge 1", "move egg 2 to fridge 1"),
        ("pick up a potato 1 from the fridge 1", "take potato 1 from fridge 1"),
        ("turn on desklamp 1", "use desklamp 1"),
        ("heat egg 2 using microwave 1", "heat egg 2 with microwave 1"),
        ("take alarm clock 1 from side table 2", "take alarmclock 1 from sidetable 2"),
        ("put the toilet paper 1 on toilet paper hanger 1", "move toiletpaper 1 to toiletpaperhanger 1"),
        ("use desk lamp 1", "use desklamp 1"),
        ("take egg 1 from inside fridge 1", "take egg 1 from fridge 1"),
        ("goto fridge 1", "go to fridge 1"),
        ("put egg 2 onto fridge 1", "move egg 2 to fridge 1"),
        ("put egg 2 to fridge 1", "move egg 2 to fridge 1"),
        ("go to the big red fridge 1", None),
        ("take unicorn 1 from fridge 1", None),
        ("LOOK", "look"),
        ("open fridge 1", "open fridge 1"),
        ("open fridge", None),
        ("go to cabinet", None),
        ("go to cabinet 1 and open it", None),
        ("take potato from fridge 1", None),
        ("go to cabinet 1 2", None),
        ("", None),
        ("go to cabinet " + "1" * 500, None),
    ],
)
def test_words_name_a_command_as_a_whole(words, command):
    assert COMMANDS.read(words) == command


def test_cabinet_12_is_never_cabinet_1():
    for name in ("json", "tagged"):
        parser = find_parser(name)
        for command in ("go to cabinet 1", "go to cabinet 12"):
            assert parser.parse(parser.write(command, COMMANDS), COMMANDS).action == command


@pytest.mark.parametrize(
    ("answer", "command"),
    [
        ("<answer>go to cabinet 12", "go to cabinet 12"),
        ("<answer>take potato 1 from fridge 1", "take potato 1 from fridge 1"),
        ("<answer>go to cabinet 1", None),  # which may have become cabinet 12
    ],
)
def test_an_answer_stopped_at_its_closing_tag_is_read_if_it_cannot_go_on(answer, command):
    parsed = find_parser("tagged").parse(answer, COMMANDS)
    assert (parsed.action if isinstance(parsed, Parsed) else None) == command


def test_an_unknown_command_is_a_fault_that_names_the_nearest():
    answer = find_parser("json").parse('{"action": "take potatoe from fridge"}', COMMANDS)
    assert answer.fault is Fault.UNKNOWN_ACTION
    assert "nearest: take potato 1 from fridge 1" in answer.detail


@given(st.text(max_size=300))
def test_reading_is_total(words):
    command = COMMANDS.read(words)
    assert command is None or COMMANDS.read(command) == command
    COMMANDS.nearest(words)
    COMMANDS.could_go_on(words)


@pytest.mark.parametrize("command", NAMES)
def test_every_command_is_read_in_any_case_and_spacing(command):
    for spelling in (command, command.upper(), f" {command.title()} ", command.replace(" ", "\t"), f"{command}."):
        assert isinstance(find_parser("json").parse(f'{{"action": "{spelling}"}}'.replace("\t", " "), COMMANDS), Parsed)
        assert COMMANDS.read(spelling) == command
