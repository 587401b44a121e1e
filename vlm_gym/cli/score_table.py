"""The table of scores that `eval` prints at the end."""

from collections.abc import Sequence
from typing import Final

from vlm_gym.evaluation.scores.coverage import coverage, coverage_notes
from vlm_gym.evaluation.scores.figures import RunSummary, Scores
from vlm_gym.evaluation.scores.labels import table_labels, whole_names
from vlm_gym.evaluation.scores.repeats_table import REPEATS_NOTE, repeats_table
from vlm_gym.evaluation.scores.searcher import searcher_notes
from vlm_gym.evaluation.scores.statistics import Estimate, percent

HEADS: Final = ("task", "episodes", "success %", "95 %", "floor", "ceiling", "score", "faults %", "illegal %", "turns")
NOTE: Final = (
    "floor, ceiling: uniformly random actions and the best play, in %; ~ measured. score: 0 at the floor, 1 at the "
    "ceiling.\nfaults: turns whose answer could not be read; illegal: turns whose move broke a rule"
)

BOUNDS: Final = "if missing"
BOUNDS_NOTE: Final = "if missing: the success in % if all missing episodes failed, and if all succeeded"
CUT_OFF: Final = "an answer cut off at the token limit: see --max-tokens"
REPEATED: Final = "an answer that was taken again without asking, since nothing had changed: see --stop-repeats"
EMPTY: Final = (
    "an empty answer: a model that reasons first came to none (see --max-tokens), or its server takes all it writes "
    "for reasoning"
)


def score_table(summary: RunSummary) -> str:
    """Return a run's scores as a table in plain text, a line a task, and one for all if there are more."""
    scores = summary.tasks if len(summary.tasks) == 1 else (*summary.tasks, summary.overall)
    labels = table_labels(each.name for each in scores)
    is_part = any(each.bounds is not None for each in scores)
    rows = [(*HEADS, BOUNDS), *((labels[each.name], *_row(each), _bounds(each)) for each in scores)]
    if not is_part:
        rows = [row[:-1] for row in rows]
    notes = [*whole_names(labels), NOTE, *searcher_notes(summary.tasks), *([BOUNDS_NOTE] if is_part else [])]
    notes += [*coverage_notes(summary), *_warnings(summary)]
    return "\n".join([*aligned(rows), "", *notes, *_repeats(summary)])


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table, the first column to the left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(_cells(row, widths)) for row in rows]


def _repeats(summary: RunSummary) -> list[str]:
    """Return the lines about several attempts at the same start, if there were some."""
    table = repeats_table(summary)
    if table is None:
        return []
    rows = [(name, str(number), *map(_estimate, estimates)) for name, number, estimates in table.rows]
    return ["", *aligned([("task", "attempts", *table.heads), *rows]), "", REPEATS_NOTE]


def _estimate(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.1f} ({100 * estimate.low:.0f}-{100 * estimate.high:.0f})"


def _warnings(summary: RunSummary) -> list[str]:
    overall = summary.overall
    notes = ((overall.cut_off_rate, CUT_OFF), (overall.empty_rate, EMPTY), (overall.repeated_rate, REPEATED))
    kinds = sorted(overall.fault_kinds.items(), key=lambda kind: -kind[1])
    faults = ", ".join(f"{number:,} {name}" for name, number in kinds)
    told = [f"faults by kind, of {overall.num_turns:,} turns: {faults}"] if kinds else []
    return [*told, *(f"{max(0.1, 100 * share):.1f} % of the turns had {note}" for share, note in notes if share)]


def _row(scores: Scores) -> tuple[str, ...]:
    floor = "?" if scores.floor is None else ("" if scores.is_floor_exact else "~") + percent(scores.floor)
    return (
        coverage(scores),
        f"{100 * scores.success.value:.1f}",
        f"{100 * scores.success.low:.0f}-{100 * scores.success.high:.0f}",
        floor,
        percent(scores.ceiling),
        "?" if scores.score is None else f"{round(scores.score.value, 2) + 0.0:.2f}",
        f"{100 * scores.fault_rate:.1f}",
        f"{100 * scores.illegal_rate:.1f}",
        f"{scores.turns:.1f}",
    )


def _bounds(scores: Scores) -> str:
    bounds = scores.bounds
    return "" if bounds is None else f"{100 * bounds.low:.1f}-{100 * bounds.high:.1f}"


def _cells(row: Sequence[str], widths: list[int]) -> list[str]:
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
