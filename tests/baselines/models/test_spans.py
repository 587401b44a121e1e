"""The places of tokens in a text, for four families of tokenizers: sampled tokens, not re-encoded text."""

import pytest
from tiny_tokenizers import END, byte_fallback, byte_level, unigram, word_piece, wrap

from baselines.models.policy import Answer
from baselines.models.spans import Transcriber, action_mask, action_tail_mask

FAMILIES = {"byte level": byte_level, "byte fallback": byte_fallback, "unigram": unigram, "word piece": word_piece}
ANSWER = '{"thoughts": "add 1", "action": "+"}'
TEXTS = (
    ANSWER,
    '{"thoughts": "é ü → 24 × 2", "action": "+"}',
    '{"thoughts": "日本語 🂡🙂 👩‍👩‍👧", "action": "go to cabinet 12"}',
    "  two  blanks\n\nand\tlines ",
    " ",
    "�",
)


def transcriber(family):
    tokenizer = wrap(FAMILIES[family]("<pad>", "<s>", END))
    return tokenizer, Transcriber(tokenizer, tokenizer.all_special_ids)


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


def answer_to(family, text):
    tokenizer, made = transcriber(family)
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    return made.answer([*tokens, tokenizer.eos_token_id])


@pytest.mark.parametrize("text", TEXTS)
def test_tokens_cover_their_text_in_order(family, text):
    answer = answer_to(family, text)
    assert len(answer.tokens) == len(answer.offsets)
    assert answer.offsets[-1] == (len(answer.text), len(answer.text))
    covered, last = set(), 0
    for start, end in answer.offsets:
        assert last <= start <= end <= len(answer.text)
        covered.update(range(start, end))
        last = start
    assert covered == set(range(len(answer.text)))


def test_the_action_is_marked_whatever_the_tokenizer(family):
    answer = answer_to(family, ANSWER)
    start = answer.text.rindex("+")
    marked = [
        answer.text[slice(*place)]
        for place, is_action in zip(answer.offsets, action_mask(answer, (start, start + 1)), strict=True)
        if is_action
    ]
    assert len(marked) == 1
    assert "+" in marked[0]


@pytest.mark.parametrize("name", ["byte level", "byte fallback"])
def test_all_bytes_of_a_character_belong_to_it(name):
    answer = answer_to(name, "a🙂b")
    mask = action_mask(answer, (1, 2))
    assert answer.text == "a🙂b"
    assert sum(mask) == 4
    assert not action_mask(answer, (2, 3))[mask.index(True)]


def test_a_text_that_was_sampled_in_an_odd_way_keeps_its_own_tokens():
    tokenizer, made = transcriber("byte level")
    letters = [tokenizer.convert_tokens_to_ids(letter) for letter in "action"]
    answer = made.answer(letters)
    assert answer.text == "action"
    assert answer.tokens == tuple(letters) != tuple(tokenizer("action")["input_ids"])
    assert answer.offsets == tuple((n, n + 1) for n in range(6))


@pytest.mark.parametrize("name", ["byte level", "byte fallback"])
def test_bytes_that_are_no_text_still_have_a_place(name):
    tokenizer, made = transcriber(name)
    lead = tokenizer("é", add_special_tokens=False)["input_ids"][-2]
    plain = tokenizer("a", add_special_tokens=False)["input_ids"][-1]
    answer = made.answer([plain, lead, plain, lead, lead])
    assert answer.text.count("�") == 3
    assert all(end > start for start, end in answer.offsets)


def test_a_character_begun_by_a_token_with_a_letter_counts_for_both():
    class Bytes:
        """Token 0 is "x" and half of é, token 1 its other half."""

        def decode(self, token_ids, **_):
            return b"".join([b"x\xc3", b"\xa9"][token] for token in token_ids).decode(errors="replace")

    answer = Transcriber(Bytes(), ()).answer([0, 1])
    assert (answer.text, answer.offsets) == ("xé", ((0, 2), (1, 2)))


def test_the_end_of_sequence_is_never_action():
    answer = Answer((5, 2), "+", ((0, 1), (1, 1)))
    assert action_mask(answer, (0, 9)) == (True, False)


def test_special_tokens_in_the_middle_add_no_text():
    tokenizer, made = transcriber("byte level")
    a = tokenizer("a")["input_ids"][-1]
    answer = made.answer([a, tokenizer.pad_token_id, a])
    assert (answer.text, answer.offsets) == ("aa", ((0, 1), (1, 1), (1, 2)))


@pytest.mark.parametrize(
    ("text", "value", "tail"),
    [
        ('{"thoughts": "x", "action": "+"}', "+", '"action": "+"}'),
        ('{"action" : "+", "number": 3}', "+", '"action" : "+", "number": 3}'),
        ('{"formula":"1+2"}', "1+2", '"formula":"1+2"}'),
        ("I hit because <answer>hit</answer>", "hit</", "hit</answer>"),
    ],
)
def test_the_papers_action_tokens_run_from_the_name_to_the_end(text, value, tail):
    start = text.rindex(value)
    answer = Answer(tuple(range(len(text) + 1)), text, (*((n, n + 1) for n in range(len(text))), (len(text),) * 2))
    mask = action_tail_mask(answer, (start, start + len(value)))
    assert "".join(letter for letter, is_marked in zip(text, mask, strict=False) if is_marked) == tail
    assert mask[-1], "the end of sequence is part of what the published code weighs with 1"
