"""The requirement that any text is read in linear time: eight times the text in about eight times the time.

A parser that is quadratic in what is repeated here takes 64 times as long. `pytest -s` shows the table; 100 kB of
anything are read in 50 ms on an idle core of 2020 or later.
"""

import gc
import time

import pytest
from recipes import VOCABULARIES, marks, prose

from vlm_gym.parsers import PARSERS

SIZE = 8_000
TIMES = 8
MOST_GROWTH = 3 * TIMES  # a machine that is busy, caches that no longer hold the text
MOST_RUNS = 20  # the best of so many, where fewer do not show it

# What stands before, and what is repeated behind it.
HOSTILE = {
    "braces": ("", "{"),
    "braces and blanks": ("", "{ "),
    "nested objects": ("", '{"a":'),
    "nested actions": ("", '{"action":'),
    "nested lists": ('{"action":', "["),
    "nested both": ("", '{"x":{"y":['),
    "small objects": ("", "{a:1}"),
    "answers": ("", '{"action":"hit"}'),
    "answers in a list": ("", '{"action":"hit"},'),
    "one object of many members": ("{", '"action":"hit",'),
    "bare members": ('{"a":1,', "a,"),
    "bare names": ("", "{a:"),
    "a long list": ('{"action":[', '"hit",'),
    "quotes that end nothing": ('{"a":"', '" '),
    "quotes before blanks": ('{"a":"', '"      x'),
    "quoted words": ('{"a":"', ' "b" '),
    "apostrophes": ("{'a':'", "'"),
    "escapes": ('{"a":"', '\\a"b'),
    "backslashes": ('{"a":"', "\\"),
    "open comments": ('{"a":', "/*,"),
    "commas": ('{"a":1', ","),
    "colons": ('{"a":1,', ":"),
    "brackets that close nothing": ('{"a":1', "]"),
    "lines in an object": ('{"a":1,', "a\n"),
    "open tags": ("", "<answer>"),
    "tags without end": ("", "<answer "),
    "answers in tags": ("", "<answer>hit</answer>"),
    "open thoughts": ("", "<think>"),
    "thoughts": ("", "<think></think>"),
    "closed thoughts": ("", "</think>"),
    "fields": ("", "<a>x</a>"),
    "boxes": ("", "\\boxed{hit}"),
    "open boxes": ("", "\\boxed{"),
    "braces in a box": ("\\boxed{", "{a"),
    "labels": ("", "Action:\n"),
    "labelled answers": ("", "Action: hit\n"),
    "adjectives": ("", "the final "),
    "quotation marks of a mail": ("", ">"),
    "line ends": ("", "\n"),
    "blanks": ("", " "),
    "asterisks": ("", "*"),
    "marks of combination": ('{"action": "', "\u0301\u0316"),
    "letters that grow": ("", "İ"),
    "lone surrogates": ("", "\ud800"),
    "the paper's mark": ("", '"action":'),
    "marks of turns": ("", "<|im_start|>"),
    "marks of thinking in brackets": ("", "[THINK]"),
    "marks that open and close": ("", "[THINK][/THINK]"),
    "marks that close others": ("<reasoning><analysis>" * 600, "</think></x>"),
    "marks of other names": ("<think>", "<reasoning><analysis>"),
    "marks without end": ("", "<think "),
    "channels": ("", "<|channel|>analysis<|message|>"),
    "marks in quotes": ("", '"<think>"'),
    "parameters": ("", "<parameter=action>"),
    "keys without values": ("", "<arg_key>action</arg_key>"),
    "calls": ("", "play("),
    "arguments": ("play(", "action=,"),
    "assignments": ("", "action = \n"),
    "sentences": ("", "The action is "),
    "long sentences": ("", "The action that we "),
    "sentences with quotes": ("", 'The action is "hit. '),
    "users": ("x\n", "User:\n"),
    "objects in strings": ("", '"a":"{\\"'),
    "escaped objects": ("", '{\\"a\\":'),
    "refused objects": ("", 'not {"action":"hit"}\n'),
    "refusals": ("", "not the "),
    "corrections": ("", '{"action":"hit"}Wait, no. '),
    "fractions": ("", "\\frac{"),
    "equations": ("", "="),
    "tags with objects": ("", '<answer>{"action":"hit"}</answer>'),
    "tens": ('"action":', "10"),
    "comments": ("", '<!--{"action":"hit"}'),
    "comments of code": ("", '/*{"action":"hit"}\n//'),
    "words struck out": ("", '~~{"action":"hit"}'),
    "positional calls": ("", 'act("hit")'),
    "open calls": ("", 'act("hit'),
    "quotes that are tokens": ("{a:", '<|"|>'),
    "quotes of HTML": ("{a:", "&quot;"),
    "values without a name": ('{"action":"hit",', '"a",'),
    "values behind a field": ('{"x":"hit",', "a,"),
    "marks of planning": ("", "<planning>x"),
    "rows of a table": ("", "| action | hit |\n"),
    "calls with arguments": ("", 'act(a=1,action="hit")'),
    "arguments of one call": ("act(action=1,", "a=1,"),
    "the last turn's": ("", "{a:1} was my answer "),
    "fences of thoughts": ("", '```think\n{"action":"hit"}'),
}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_read_in_linear_time(name: str, parser: str) -> None:
    before, repeated = HOSTILE[name]
    length = TIMES * SIZE
    text = (before + repeated * (length // len(repeated) + 1))[:length]

    check_growth(f"{parser}: {name}", parser, text)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("noise", [prose, marks])
def test_noise_is_read_in_linear_time(noise, parser: str) -> None:
    check_growth(f"{parser}: {noise.__name__}", parser, noise(TIMES * SIZE))


def check_growth(name: str, parser: str, text: str) -> None:
    part = whole = float("inf")
    for _ in range(MOST_RUNS):
        part = min(part, thread_seconds(parser, text[:SIZE]))
        whole = min(whole, thread_seconds(parser, text))
        if whole < MOST_GROWTH * part:
            break
    print(f"{name:45} {1000 * part:7.2f} ms {1000 * whole:7.1f} ms")
    assert whole < MOST_GROWTH * part


def thread_seconds(parser: str, text: str) -> float:
    """Of this thread alone, without collections of what other tests have left in the process."""
    gc.disable()
    try:
        start = time.thread_time()
        PARSERS[parser].parse(text, VOCABULARIES["points24"])
        return time.thread_time() - start
    finally:
        gc.enable()
