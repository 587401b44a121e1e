"""An episode's turns as the page reads them: what was said, and apart from it all the rest."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from vlm_gym.evaluation.runs.played import Played
from vlm_gym.evaluation.runs.records import TurnRecord
from vlm_gym.evaluation.runs.requests import SentMessage
from vlm_gym.evaluation.scores.readings import Reading, field_of

MAX_ANSWER: Final = 2_000_000  # characters of an answer that the page keeps
SAID: Final = ("answers", "fault", "illegal")
LEFT_OUT: Final = (
    *SAID, "episode", "picture", "thoughts", "fields", "readings", "requests", "replies", "is_cut_off",
)  # fmt: skip
"""Of a turn: the page has them elsewhere."""
REPLY: Final = ("finish_reason", "model", "request_id")
END: Final = (
    "final_text", "final_prompt", "stop_words", "prompt_tokens", "completion_tokens", "cost", "latency_s",
    "num_requests",
)  # fmt: skip


def said_in(played: Played) -> dict[str, Any]:
    """Return what a search looks through: answers and what was wrong with them, turn by turn, and the end."""
    return {"turns": [_said(turn) for turn in played.turns], "end": played.episode.final_text}


def turns_json(played: Played, readings: Sequence[Mapping[str, Reading]]) -> dict[str, Any]:
    """Return the rest of an episode: of its turns, and of its end."""
    record = vars(played.episode)
    texts: dict[str, int] = {}
    steps = {turn.picture: i for i, turn in reversed(list(enumerate(played.turns)))}
    turns = [
        {
            **_turn(turn, reading),
            "requests": [[_sent(message, texts, steps) for message in sent] for sent in turn.requests],
        }
        for turn, reading in zip(played.turns, readings, strict=True)
    ]
    return {"turns": turns, "texts": list(texts), "end": {name: record[name] for name in END}}


def _said(turn: TurnRecord) -> dict[str, Any]:
    said: dict[str, Any] = {"answers": [_shortened(text) for text in turn.answers], "fault": turn.fault}
    if any(reply.reasoning for reply in turn.replies):
        said["reasoning"] = [_shortened(reply.reasoning) for reply in turn.replies]
    return {**said, "illegal": turn.illegal}


def _sent(message: SentMessage, texts: dict[str, int], steps: Mapping[str, int]) -> tuple[str, int, int | None]:
    """Return a message: its role, the number of its text, which is kept once, and at which turn its picture is seen."""
    number = texts.setdefault(message.text, len(texts))
    return message.role, number, None if message.picture is None else steps.get(message.picture, -1)


def _turn(turn: TurnRecord, readings: Mapping[str, Reading]) -> dict[str, Any]:
    record = {name: value for name, value in vars(turn).items() if name not in LEFT_OUT}
    answer = turn.answers[-1]
    span = None if turn.span is None else [_utf16_length(answer[:end]) for end in turn.span]
    read = [
        {"field": name, "said": field_of(turn.fields, name), "truth": truth, "reading": readings[name].value}
        for name, truth in turn.readings.items()
    ]
    return {
        **record,
        "span": span,
        "readings": read,
        "is_cut_off": turn.is_last_cut_off,
        "is_repeated": turn.is_repeated,
        "replies": [{name: getattr(reply, name) for name in REPLY if getattr(reply, name)} for reply in turn.replies],
    }


def _utf16_length(text: str) -> int:
    """Return a text's length as browsers count it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _shortened(text: str) -> str:
    if len(text) <= MAX_ANSWER:
        return text
    return f"{text[:MAX_ANSWER]}\n[{len(text) - MAX_ANSWER:,} characters more are in the run's folder]"
