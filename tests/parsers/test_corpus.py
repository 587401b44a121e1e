"""The answers in corpus/, each with the verdict that a person gave it."""

import pytest
from recipes import VOCABULARIES, Case, read_corpus

from vlm_gym.parsers import Parsed, find_parser

CORPUS = read_corpus()


@pytest.mark.parametrize("case", CORPUS.values(), ids=CORPUS.keys())
def test_an_answer_is_read_as_a_person_reads_it(case: Case) -> None:
    """And what the verdict points at, alone, is read as the same action."""
    vocabulary = VOCABULARIES[case.task]
    verdict = find_parser(case.parser).parse(case.text, vocabulary)

    assert case.expected == (verdict.action if isinstance(verdict, Parsed) else f"! {verdict.fault.value}"), verdict
    if isinstance(verdict, Parsed):
        words = case.text[slice(*verdict.span)]
        assert verdict.action == find_parser("json").parse(words, vocabulary).action
        assert words == words.strip()


def test_the_corpus_holds_at_least_1700_different_answers() -> None:
    assert len({case.text for case in CORPUS.values()}) >= 1700


def test_every_detail_fits_a_line_and_can_be_printed() -> None:
    for case in CORPUS.values():
        verdict = find_parser(case.parser).parse(case.text, VOCABULARIES[case.task])
        if not isinstance(verdict, Parsed):
            assert len(verdict.detail) <= 80
            assert verdict.detail.isprintable()
