"""The table of several runs that one `eval` played: a column an agent, a line a task of each panel."""

from collections.abc import Sequence
from typing import Final

from vlm_gym.cli.score_table import aligned
from vlm_gym.evaluation.runs.played import grouped
from vlm_gym.evaluation.scores.coverage import coverage_notes
from vlm_gym.evaluation.scores.figures import RunSummary, Scores
from vlm_gym.evaluation.scores.statistics import percent

NONE: Final = "-"
NOTE: Final = (
    "success in % with its 95 % interval; floor, ceiling: random actions and the best play, in %; ~ measured.\n"
    "*: over fewer episodes than planned"
)


def runs_table(summaries: Sequence[RunSummary]) -> str:
    """Return one table of the successes of several runs, in plain text."""
    agents = list(dict.fromkeys(summary.agent for summary in summaries))
    rows = [["", "floor", "ceiling", *agents]]
    for panel, runs in grouped(summaries, lambda summary: summary.panel or "").items():
        rows += _rows(panel, {run.agent: run for run in runs}, agents)
    notes = [f"{summary.run}: {' '.join(told)}" for summary in summaries if (told := coverage_notes(summary))]
    return "\n".join([*aligned(rows), "", NOTE, *notes])


def _rows(panel: str, runs: dict[str, RunSummary], agents: Sequence[str]) -> list[list[str]]:
    """Return the lines of a panel: all its tasks together, then each."""
    names = list(dict.fromkeys(task.name for run in runs.values() for task in run.tasks))
    tasks = {agent: {task.name: task for task in run.tasks} for agent, run in runs.items()}
    short = [name.partition(" ")[0] for name in names]  # without the arguments, which a variant's name says
    shown = [f"  {each}" for each in short] if panel and len(set(short)) == len(names) else names
    lines = [(each, {agent: tasks[agent].get(name) for agent in runs}) for each, name in zip(shown, names, strict=True)]
    if panel or len(names) > 1:
        lines.insert(0, (panel or "overall", {agent: run.overall for agent, run in runs.items()}))
    return [[name, *_references(scores), *(_success(scores.get(agent)) for agent in agents)] for name, scores in lines]


def _references(scores: dict[str, Scores | None]) -> tuple[str, str]:
    """Return floor and ceiling, where the runs agree on them."""
    known = [each for each in scores.values() if each is not None]
    floors = {
        NONE if each.floor is None else ("" if each.is_floor_exact else "~") + percent(each.floor) for each in known
    }
    ceilings = {percent(each.ceiling) for each in known}
    return tuple(cells.pop() if len(cells) == 1 else NONE for cells in (floors, ceilings))  # type: ignore[return-value]


def _success(scores: Scores | None) -> str:
    if scores is None:
        return NONE
    success = scores.success
    mark = "" if scores.bounds is None else "*"
    return f"{100 * success.value:.1f}{mark} ({100 * success.low:.0f}-{100 * success.high:.0f})"
