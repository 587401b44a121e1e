"""What several attempts at the same start tell, as the rows of a table."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from vlm_gym.evaluation.scores.figures import RunSummary
from vlm_gym.evaluation.scores.repeats import PassRates, Repeats
from vlm_gym.evaluation.scores.statistics import Estimate

REPEATS_NOTE: Final = (
    "pass@k: that one of k attempts at a start succeeds; all of k: that every one does; alike: that two attempts at a "
    "start end alike. In %"
)


class RepeatsTable(NamedTuple):
    """Heads of the figures, and rows: a task's name, the attempts at a start, and the figures."""

    heads: list[str]
    rows: list[tuple[str, int, list[Estimate]]]


def repeats_table(summary: RunSummary) -> RepeatsTable | None:
    """Return the table of a run's tasks, and of all if there are more; None where no start was played twice."""
    scores = summary.tasks if len(summary.tasks) == 1 else (*summary.tasks, summary.overall)
    known = [(each.name, each.repeats) for each in scores if each.repeats is not None]
    if not known:
        return None
    common = [k for k in _numbers(known[0][1]) if all(k in _numbers(repeats) for _, repeats in known)]
    rows = [(name, repeats.num_attempts, list(_figures(repeats, common))) for name, repeats in known]
    return RepeatsTable([*(f"pass@{k}" for k in common), *(f"all of {k}" for k in common), "alike"], rows)


def _figures(repeats: Repeats, numbers: list[int]) -> Iterator[Estimate]:
    rates: dict[int, PassRates] = {rate.k: rate for rate in repeats.rates}
    yield from (rates[k].pass_any for k in numbers)
    yield from (rates[k].pass_all for k in numbers)
    yield repeats.consistency


def _numbers(repeats: Repeats) -> list[int]:
    """Return the k of the table: 1 is the success itself."""
    return [rate.k for rate in repeats.rates if rate.k > 1]
