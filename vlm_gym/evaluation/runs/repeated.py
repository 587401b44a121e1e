"""Answers that a greedy model need not be asked for, since it gave them to the same request before."""

from collections.abc import Sequence

from vlm_gym.evaluation.models.agents import Reply
from vlm_gym.evaluation.runs.records import TurnRecord
from vlm_gym.evaluation.runs.requests import SentMessage


def repeated_reply(last: Sequence[TurnRecord], requests: Sequence[tuple[SentMessage, ...]]) -> Reply | None:
    """Return what a model would answer, where its last turns tell; None where it must be asked.

    They do if all of them had the same requests and the same answers, none of which could be read, and what has been
    sent in this turn is what was sent in each of them, message for message, pictures included. So nothing has changed
    and nothing will: each further turn is played, and counts, as it would have been.

    Args:
        last: The last turns, as many as it takes.
        requests: What is sent in this turn, up to the request that is to be answered.
    """
    if not last:
        return None
    first, number = last[0], len(requests)
    if any(turn.fault is None or _told(turn) != _told(first) for turn in last):
        return None
    if first.requests[:number] != tuple(requests):
        return None
    return Reply(first.answers[number - 1], is_cut_off=number - 1 in first.cut_off, is_repeated=True)


def _told(turn: TurnRecord) -> tuple[object, ...]:
    return turn.requests, turn.answers, turn.cut_off
