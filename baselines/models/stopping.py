"""When an answer is over: at the end of sequence, or where its JSON object closes."""

from collections.abc import Collection, Sequence
from typing import Final

from baselines.models.spans import Transcriber
from vlm_gym.parsers.objects import TooMuchJsonError, find_objects
from vlm_gym.parsers.thinking import set_apart

_CLOSING: Final = ("}", "｝")


def holds_whole_object(text: str) -> bool:
    """Return whether a JSON object is complete in `text`, outside of thinking."""
    thinking = set_apart(text)
    if thinking.is_open:
        return False
    try:
        return any(group.is_complete for group in find_objects(thinking.answer))
    except TooMuchJsonError:
        return False


class Ending:
    """Says after each token whether the answer is over. Only a token with a closing brace costs a look at the text."""

    def __init__(self, transcriber: Transcriber, end_tokens: Collection[int]) -> None:
        self.transcriber = transcriber
        self.end_tokens = frozenset(end_tokens)
        self._closes: dict[int, bool] = {}

    def __call__(self, tokens: Sequence[int]) -> bool:
        """Return whether the answer ends with its last token."""
        last = tokens[-1]
        if last in self.end_tokens:
            return True
        if last not in self._closes:
            piece = self.transcriber.text([last])
            self._closes[last] = any(brace in piece for brace in _CLOSING)
        return self._closes[last] and holds_whole_object(self.transcriber.text(tokens))
