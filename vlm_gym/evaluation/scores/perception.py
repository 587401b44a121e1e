"""Perception versus reasoning: what the answers name in the picture, and which failures began with a misreading."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.played import Played
from vlm_gym.evaluation.runs.records import EpisodeRecord
from vlm_gym.evaluation.scores.readings import Reading, field_of, judge
from vlm_gym.fields import Kind
from vlm_gym.registration import find_task

ROUNDING: Final = 1e-9  # probabilities that differ by less are the same


class Cause(str, Enum):
    """Why an episode failed: did not succeed, or gave away probability of success.

    It is judged at the turn that decided: the first with a regret, or the last of an episode that ran out of turns.
    """

    MISREAD = "misread"  # something in the picture was named wrong, then or before
    REASONING = "reasoning"  # what was named was right
    UNNAMED = "unnamed"  # nothing was named at that turn, nor named wrong before
    UNKNOWN = "unknown"  # there is no oracle, so that nobody knows which turn decided
    NO_MISTAKE = "no mistake"  # luck decided, or the start could not be won
    UNPLAYABLE = "unplayable"  # a request was refused for its content


@dataclass(frozen=True)
class ReadingCounts:
    """How often a field was read: right, right as far as it matters, wrong, or not at all (`readings.Reading`)."""

    field: str
    num_right: int
    num_inexact: int
    num_wrong: int
    num_unnamed: int


@dataclass(frozen=True)
class Perception:
    """What the answers of some episodes name in the pictures.

    Attributes:
        fields: Each field that the prompts ask for, over all turns.
        num_failures: Episodes that did not succeed or gave away probability of success; the causes add up to it.
        num_misread: Of these, the ones with a misreading at the turn that decided or before (`Cause`).
        num_reasoning: Those that named nothing wrong, and something right at that turn.
        num_unnamed: Those of which nobody knows: nothing was named at that turn, or there is no oracle.
        num_no_mistake: Those that luck decided, or that could not succeed from the start.
        num_unplayable: Those that could not be played to their end.
    """

    fields: tuple[ReadingCounts, ...]
    num_failures: int
    num_misread: int
    num_reasoning: int
    num_unnamed: int
    num_no_mistake: int
    num_unplayable: int


def perceive(played: Sequence[Played]) -> Perception | None:
    """Count readings and the causes of failures; None where no answer names anything."""
    counts: dict[str, Counter[Reading]] = {}
    causes: Counter[Cause | None] = Counter()
    for item in played:
        readings = read_turns(item)
        causes[failure_cause(item, readings)] += 1
        for name, reading in (pair for turn in readings for pair in turn.items()):
            counts.setdefault(name, Counter())[reading] += 1
    if all(count.total() == count[Reading.UNNAMED] for count in counts.values()):
        return None
    return Perception(
        fields=tuple(_field_counts(name, count) for name, count in counts.items()),
        num_failures=len(played) - causes[None],
        num_misread=causes[Cause.MISREAD],
        num_reasoning=causes[Cause.REASONING],
        num_unnamed=causes[Cause.UNNAMED] + causes[Cause.UNKNOWN],
        num_no_mistake=causes[Cause.NO_MISTAKE],
        num_unplayable=causes[Cause.UNPLAYABLE],
    )


def read_turns(item: Played) -> list[dict[str, Reading]]:
    """Judge what an episode's answers name, turn by turn and field by field."""
    return [
        {
            name: judge(kinds.get(name, Kind.TEXT), field_of(turn.fields, name), truth, turn.observation_text)
            for name, truth in turn.readings.items()
        }
        for turn in item.turns
        for kinds in (_kinds_of(item.episode) if turn.kinds is None else turn.kinds,)
    ]


def _kinds_of(episode: EpisodeRecord) -> Mapping[str, str]:
    """Return the kinds of the fields of an episode whose records do not say them: earlier versions wrote it."""
    try:
        task = find_task(episode.task)
        return dict(task.load().field_kinds({**task.arguments, **episode.arguments}))
    except ConfigError:  # the package that brought it is not there any more
        return {}


def failure_cause(item: Played, readings: Sequence[Mapping[str, Reading]]) -> Cause | None:
    """Say why an episode failed; None if it did not."""
    episode = item.episode
    regretted = [number for number, turn in enumerate(item.turns) if (turn.regret or 0.0) > ROUNDING]
    if episode.is_unplayable and not regretted:
        return Cause.UNPLAYABLE
    if episode.is_success and not regretted:
        return None
    if episode.start_value is None:
        return Cause.UNKNOWN
    if not regretted and not (episode.is_truncated and episode.start_value > 0):
        return Cause.NO_MISTAKE
    decisive = regretted[0] if regretted else len(item.turns) - 1
    if any(Reading.WRONG in turn.values() for turn in readings[: decisive + 1]):
        return Cause.MISREAD
    is_silent = all(reading is Reading.UNNAMED for reading in readings[decisive].values())
    return Cause.UNNAMED if is_silent else Cause.REASONING


def _field_counts(name: str, counts: Counter[Reading]) -> ReadingCounts:
    return ReadingCounts(
        name, counts[Reading.RIGHT], counts[Reading.INEXACT], counts[Reading.WRONG], counts[Reading.UNNAMED]
    )
