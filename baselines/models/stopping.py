"""When an answer is over: at the end of sequence, or where its parser says that all has been said."""

from collections.abc import Collection, Sequence

from baselines.models.spans import Transcriber
from vlm_gym.parsers.base import Parser


class Ending:
    """Says after each token whether the answer is over. Only a token with one of the parser's closers costs a look."""

    def __init__(self, transcriber: Transcriber, end_tokens: Collection[int], parser: Parser) -> None:
        self.transcriber = transcriber
        self.end_tokens = frozenset(end_tokens)
        self.parser = parser
        self._closes: dict[int, bool] = {}

    def __call__(self, tokens: Sequence[int]) -> bool:
        """Return whether the answer ends with its last token."""
        last = tokens[-1]
        if last in self.end_tokens:
            return True
        if last not in self._closes:
            piece = self.transcriber.text([last])
            self._closes[last] = any(closer in piece for closer in self.parser.closers)
        return self._closes[last] and self.parser.is_complete(self.transcriber.text(tokens))
