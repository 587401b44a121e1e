"""Where the tokens of an answer stand in its text, and which of them make up the action.

Sampled tokens are never encoded again: another split of the same text is another answer, with another log-probability.
Their places come from decoding them, which works for every tokenizer.
"""

import re
from collections.abc import Collection, Sequence
from typing import Final, Protocol

from baselines.models.policy import Answer

_NAME_BEFORE: Final = re.compile(r'"[^"\n]*"\s*:\s*"?\Z')
Offsets = tuple[tuple[int, int], ...]


class Decoder(Protocol):
    """The part of a Hugging Face tokenizer that is used here."""

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str:
        """Return the text of tokens."""


def action_mask(answer: Answer, span: tuple[int, int]) -> tuple[bool, ...]:
    """Return for each token whether it overlaps the half-open character range `span` of the answer's text.

    A token that adds no text (the end of sequence) never does; the other tokens are thought.
    """
    return tuple(max(start, span[0]) < min(end, span[1]) for start, end in answer.offsets)


def action_tail_mask(answer: Answer, span: tuple[int, int]) -> tuple[bool, ...]:
    """Return for each token whether it comes at or behind the name of the action, `"action":`, to the very end.

    `span` is the character range of the action's value. Where no quoted name stands before it, the value begins the
    tail. Source: Zhai et al. 2024, arXiv 2405.10292, section 4.2, whose action tokens are all from `"action":` on.
    """
    name = _NAME_BEFORE.search(answer.text, 0, span[0])
    start = name.start() if name else span[0]
    return tuple(end > start or begin >= span[1] for begin, end in answer.offsets)


class Transcriber:
    """Turns sampled tokens into an Answer. It remembers what each token adds to a text, which makes it fast.

    Tokens of `silent` (special ones) add no text.
    """

    def __init__(self, tokenizer: Decoder, silent: Collection[int]) -> None:
        self.tokenizer = tokenizer
        self.silent = frozenset(silent)
        self._first: dict[int, str] = {}
        self._later: dict[tuple[int, int], str] = {}

    def answer(self, tokens: Sequence[int], is_cut_off: bool = False, logp: Sequence[float] = ()) -> Answer:
        """Return the answer that these tokens are; `logp` are the sampler's log-probs, where one drew them."""
        text = self.text(tokens)
        offsets = self._offsets_of_pieces(tokens, text) or self._offsets_of_prefixes(tokens, text)
        return Answer(tuple(tokens), text, offsets, is_cut_off, tuple(logp))

    def text(self, tokens: Sequence[int]) -> str:
        """Return the text of these tokens."""
        heard = [token for token in tokens if token not in self.silent]
        return self.tokenizer.decode(heard, skip_special_tokens=False, clean_up_tokenization_spaces=False)

    def _offsets_of_pieces(self, tokens: Sequence[int], text: str) -> Offsets | None:
        """Lay the tokens' own texts end to end; None if that is not the text, as where bytes make up a character."""
        pieces = self._pieces(tokens)
        if "".join(pieces) != text:
            return None
        offsets, end = [], 0
        for piece in pieces:
            offsets.append((end, end + len(piece)))
            end += len(piece)
        return tuple(offsets)

    def _pieces(self, tokens: Sequence[int]) -> list[str]:
        pieces, first = [], None
        for token in tokens:
            if token in self.silent:
                pieces.append("")
            elif first is None:
                pieces.append(self._piece_at_start(token))
                first = token
            else:
                pieces.append(self._piece_behind(first, token))
        return pieces

    def _piece_at_start(self, token: int) -> str:
        if token not in self._first:
            self._first[token] = self.text([token])
        return self._first[token]

    def _piece_behind(self, first: int, token: int) -> str:
        """Many tokenizers write a token at the start without the blank that stands before it later."""
        if (first, token) not in self._later:
            self._later[first, token] = self.text([first, token])[len(self._piece_at_start(first)) :]
        return self._later[first, token]

    def _offsets_of_prefixes(self, tokens: Sequence[int], text: str) -> Offsets:
        """Decode every prefix. What it shares with the text is said; a character begun counts for its tokens too."""
        offsets, start = [], 0
        for count, token in enumerate(tokens, start=1):
            if token in self.silent:
                offsets.append((start, start))
                continue
            prefix = self.text(tokens[:count])
            said = max(start, _shared_length(prefix, text))
            is_inside_character = len(prefix) > said or said == start
            offsets.append((start, min(said + is_inside_character, len(text))))
            start = said
        return tuple(offsets)


def _shared_length(prefix: str, text: str) -> int:
    for place, (left, right) in enumerate(zip(prefix, text, strict=False)):
        if left != right:
            return place
    return min(len(prefix), len(text))
