"""The tables of a report in Markdown."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Final

from vlm_gym._version import __version__
from vlm_gym.evaluation.report.results import ReportedRun, Results, RunPair
from vlm_gym.evaluation.scores.comparison import Difference
from vlm_gym.evaluation.scores.coverage import coverage, coverage_notes
from vlm_gym.evaluation.scores.figures import Scores
from vlm_gym.evaluation.scores.labels import table_labels, whole_names
from vlm_gym.evaluation.scores.ladders import half_words
from vlm_gym.evaluation.scores.perception import Perception
from vlm_gym.evaluation.scores.repeats_table import REPEATS_NOTE, repeats_table
from vlm_gym.evaluation.scores.searcher import searcher_notes
from vlm_gym.evaluation.scores.statistics import Estimate, percent

ACTIVE: Final = re.compile(r"([\\`*_{}\[\]<>#|~&])")  # what Markdown or HTML would read as more than text
NONE: Final = "–"
UNKNOWN: Final = "?"

Cell = Callable[[Scores], str]
Labels = Mapping[str, str]


def render_markdown(results: Results, written: str) -> str:
    """Write the tables: what each run scored per task, and how every two runs compare."""
    labels = table_labels(scores.name for run in results.runs for scores in run.summary.tasks)
    parts = [
        f"# {' · '.join(_plain(run.name) for run in results.runs)}",
        "\n".join(f"- {_plain(run.name)}: {_facts(run)}" for run in results.runs),
        "## Scores",
        _scores_table(results.runs, labels),
        *map(_plain, whole_names(labels)),
        "Success in % with Wilson's 95 % interval; ~ floors are measured, not computed. Score: 0 at the floor, 1 at "
        "the ceiling. Faults (answers that could not be read), illegal and cut off (at the token limit): share of "
        "turns in %. Misread: share of readings of the picture in %. Regret: chance of success given away in an "
        "episode.",
        *map(_plain, searcher_notes(task for run in results.runs for task in run.summary.tasks)),
        *(f"**{_plain(run.name)}**: {_plain(' '.join(notes))}" for run, notes in _noted(results.runs)),
    ]
    parts += _faults(results.runs, labels)
    parts += _repeats(results.runs)
    parts += _same_games(results.runs)
    parts += _ladders(results.runs)
    if results.pairs:
        parts += ["## Comparison", *(_comparison_table(results, pair, labels) for pair in results.pairs)]
    return "\n\n".join([*parts, f"Written by vlm-gym {__version__}, {written}."]) + "\n"


COLUMNS: Final[tuple[tuple[str, Cell], ...]] = (
    ("success", lambda scores: _estimate(scores.success, percent) + _if_missing(scores)),
    ("floor", lambda scores: _tilde(scores) + percent(scores.floor)),
    ("ceiling", lambda scores: percent(scores.ceiling)),
    ("score", lambda scores: _estimate(scores.score, _number)),
    ("return", lambda scores: _estimate(scores.mean_return, _number)),
    ("faults", lambda scores: percent(scores.fault_rate)),
    ("illegal", lambda scores: percent(scores.illegal_rate)),
    ("cut off", lambda scores: percent(scores.cut_off_rate)),
    ("misread", lambda scores: NONE if scores.perception is None else percent(_misread_share(scores.perception))),
    ("regret", lambda scores: UNKNOWN if scores.regret is None else _number(scores.regret)),
    ("turns", lambda scores: f"{scores.turns:.1f}"),
    ("tokens", lambda scores: f"{scores.prompt_tokens + scores.completion_tokens:,}"),
    ("cost", lambda scores: f"{scores.cost:g}"),
    ("s/turn", lambda scores: _number(scores.latency_s)),
    ("episodes", coverage),
)


def _noted(runs: Sequence[ReportedRun]) -> list[tuple[ReportedRun, list[str]]]:
    """Return the runs whose figures do not cover all episodes, or hold some that could not be played."""
    noted = ((run, coverage_notes(run.summary)) for run in runs)
    return [(run, notes) for run, notes in noted if notes]


def _if_missing(scores: Scores) -> str:
    bounds = scores.bounds
    return "" if bounds is None else f"; {percent(bounds.low)} to {percent(bounds.high)} with those missing"


def _scores_table(runs: Sequence[ReportedRun], labels: Labels) -> str:
    groups: dict[str, list[list[str]]] = {}
    for run in runs:
        is_averaged = len(run.summary.tasks) > 1
        for scores in (run.summary.overall, *run.summary.tasks) if is_averaged else run.summary.tasks:
            row = [labels.get(scores.name, scores.name), run.name, *(cell(scores) for _, cell in COLUMNS)]
            groups.setdefault(scores.name, []).append(row)
    return _table(["task", "run", *(head for head, _ in COLUMNS)], list(chain.from_iterable(groups.values())))


def _faults(runs: Sequence[ReportedRun], labels: Labels) -> list[str]:
    """Return the table of the faults by their kind, if there are any."""
    kinds = sorted({kind for run in runs for kind in run.summary.overall.fault_kinds})
    rows = [
        [
            labels[scores.name],
            run.name,
            *(str(scores.fault_kinds.get(kind, 0)) for kind in kinds),
            f"{scores.num_turns:,}",
        ]
        for run in runs
        for scores in run.summary.tasks
        if scores.fault_kinds
    ]
    return ["## Faults by kind", _table(["task", "run", *kinds, "of turns"], rows)] if rows else []


def _repeats(runs: Sequence[ReportedRun]) -> list[str]:
    """Return the tables of the runs in which starts were played several times."""
    tables = [(run, repeats_table(run.summary)) for run in runs]
    parts = []
    for run, table in tables:
        if table is not None:
            rows = [
                [name, str(number), *(_estimate(each, percent) for each in rest)] for name, number, rest in table.rows
            ]
            parts.append(f"### {_plain(run.name)}\n\n{_table(['task', 'attempts', *table.heads], rows)}")
    return ["## Repeats", *parts, f"{REPEATS_NOTE}, with 95 % intervals."] if parts else []


def _ladders(runs: Sequence[ReportedRun]) -> list[str]:
    """Write success against level, a line a ladder and run, and where it falls to half."""
    found = [(run, ladder) for run in runs for ladder in run.ladders]
    if not found:
        return []
    most = max(rung.level for _, ladder in found for rung in ladder.rungs)
    rows = []
    for run, ladder in found:
        by_level = {rung.level: rung for rung in ladder.rungs}
        half = ("?", "?") if ladder.half is None else half_words(ladder.half, ladder.rungs[0].level, max(by_level))
        levels = [
            _estimate(by_level[level].success, percent) if level in by_level else NONE for level in range(most + 1)
        ]
        rows.append([ladder.axis, ladder.name, run.name, *half, *levels])
    note = (
        "Half: the level at which success falls to half between floor and ceiling, with its 95 % interval; L0, L1 ...: "
        "success in %."
    )
    heads = ["axis", "level 0", "run", "half", "95 %", *(f"L{level}" for level in range(most + 1))]
    return ["## Ladders", _table(heads, rows), note]


def _same_games(runs: Sequence[ReportedRun]) -> list[str]:
    """Return the table of games that were played in two kinds of pictures."""
    rows = [[pair.photographed, run.name, *_pictures_row(pair.difference)] for run in runs for pair in run.same_games]
    if not rows:
        return []
    heads = ["task", "run", "drawn here", "drawn there", "difference", "p", "games"]
    note = (
        "The same games in the pictures of this package and in those of the task's own program: success in %, the "
        "latter minus the former in percentage points (Bonett and Price's interval, McNemar's exact test)."
    )
    return ["## The same games in other pictures", _table(heads, rows), note]


def _pictures_row(row: Difference) -> list[str]:
    return [
        percent(row.success_a),
        percent(row.success_b),
        _estimate(row.success, lambda share: f"{100 * share:+.1f}"),
        _p_value(row.success_p),
        str(row.num_episodes),
    ]


def _comparison_table(results: Results, pair: RunPair, labels: Labels) -> str:
    comparison, a, b = pair.comparison, results.runs[pair.a], results.runs[pair.b]
    differences = [comparison.overall, *comparison.tasks] if len(comparison.tasks) > 1 else comparison.tasks
    heads = ["task", "difference", "p", "success", "return", "p", "episodes"]
    table = _table(heads, [_difference_row(difference, labels) for difference in differences])
    return (
        f"### {_plain(b.name)} minus {_plain(a.name)}\n\n{table}\n\nOn the {comparison.num_common} episodes that both "
        "finished; success in %, its difference in percentage points (Bonett and Price's interval, McNemar's exact "
        "test), returns with a bootstrap interval and the sign-flip test."
    )


def _difference_row(row: Difference, labels: Labels) -> list[str]:
    return [
        labels.get(row.name, row.name),
        _estimate(row.success, lambda share: f"{100 * share:+.1f}") + _difference_if_missing(row),
        _p_value(row.success_p),
        f"{percent(row.success_a)} → {percent(row.success_b)}",
        _estimate(row.mean_return, lambda value: f"{value:+.2f}"),
        NONE if row.return_p is None else _p_value(row.return_p),
        str(row.num_episodes) if row.bounds is None else f"{row.num_episodes} of {row.num_planned}",
    ]


def _difference_if_missing(row: Difference) -> str:
    bounds = row.bounds
    return "" if bounds is None else f"; {100 * bounds.low:+.1f} to {100 * bounds.high:+.1f} with those missing"


def _facts(run: ReportedRun) -> str:
    summary = run.summary
    panel = "chosen tasks" if summary.panel is None else summary.panel
    first = "" if summary.num_first is None else f", first {summary.num_first} of each task"
    episodes = f"{summary.num_episodes} of {summary.num_planned} episodes"
    fingerprint = "" if summary.fingerprint is None else f", fingerprint {summary.fingerprint}"
    return _plain(f"agent {summary.agent}, {panel}{first}, {episodes}{fingerprint}")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table, the first column to the left."""
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *([_plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return ACTIVE.sub(r"\\\1", " ".join(text.encode("utf-8", "replace").decode("utf-8").split()))


def _estimate(estimate: Estimate | None, write: Callable[[float], str]) -> str:
    return NONE if estimate is None else f"{write(estimate.value)} ({write(estimate.low)} to {write(estimate.high)})"


def _misread_share(perception: Perception) -> float:
    num_named = sum(field.num_right + field.num_inexact + field.num_wrong for field in perception.fields)
    return sum(field.num_wrong for field in perception.fields) / max(1, num_named)


def _tilde(scores: Scores) -> str:
    return "" if scores.is_floor_exact or scores.floor is None else "~"


def _number(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}"  # never -0.00


def _p_value(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"
