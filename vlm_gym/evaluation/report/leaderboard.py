"""The results page: every row that was measured, beside floors, searcher and ceilings, as Markdown."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from vlm_gym.errors import ConfigError
from vlm_gym.evaluation.runs.panels import FINGERPRINTS
from vlm_gym.evaluation.scores.entry import Entry, Score, read_entry

PUBLISHED: Final = "published.json"
SCRIPT: Final = "_static/results.js"
NOTHING: Final = ""
MARKUP: Final = re.compile(r"[\\`*\[\]<>|&]|(?<!\w)_|_(?!\w)")
INTRODUCTION: Final = """# Results

Success in %, with its 95 % interval, on the frozen panels (`vlm-gym panels`). *Floor* is what uniformly random play
reaches, *searcher* a good player that knows only what it has seen (where something is hidden), *ceiling* the best
possible play from these very starts. "All" is the mean over the tasks, each with the same weight. Rows that do not have
all tasks stand below the others and have no mean. Click the head of a column to sort by it.

The rows are the files in `results/`, and `vlm-gym results page` writes this page from them. How to add one:
[CONTRIBUTING.md](../CONTRIBUTING.md#a-row-of-the-results).
"""
References = Sequence[tuple[str, Callable[[Score], float | None]]]
REFERENCES: Final[References] = (
    ("*floor: random play*", lambda score: score.floor),
    ("*searcher*", lambda score: score.searcher),
    ("*ceiling: best play*", lambda score: score.ceiling),
)


def read_entries(folder: Path) -> tuple[Entry, ...]:
    """Return the rows below a folder, panel by panel, the best first.

    Raises:
        ConfigError: if there is none, or one is damaged.
    """
    paths = sorted(path for path in folder.glob("*/*.json"))
    if not paths:
        raise ConfigError(f"expected results in {folder}, got none: `vlm-gym results add RUN` writes one")
    names = list(FINGERPRINTS)
    return tuple(sorted(map(read_entry, paths), key=lambda each: (_place(each, names), each.panel, *_rank(each))))


def render_results(entries: Iterable[Entry], published: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return the page in Markdown; it needs no script to be read."""
    panels: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        panels.setdefault((entry.panel, entry.fingerprint.partition("-")[0]), []).append(entry)
    parts = [INTRODUCTION, *(_panel(name, rows) for (name, _), rows in panels.items())]
    parts += [_published(published)] if published else []
    return "\n".join(parts) + f'\n<script src="{SCRIPT}"></script>\n'


def _place(entry: Entry, names: Sequence[str]) -> int:
    return names.index(entry.panel.partition("[")[0])


def _rank(entry: Entry) -> tuple[bool, float]:
    """Return what sorts a row among those of its panel: its mean, or behind the others its best single task."""
    scores = entry.tasks.values() if entry.overall is None else (entry.overall,)
    return entry.overall is None, -max(score.success for score in scores)


def _panel(name: str, entries: Sequence[Entry]) -> str:
    tasks = list(dict.fromkeys(task for entry in entries for task in entry.tasks))
    has_all = len(tasks) > 1 and any(entry.overall is not None for entry in entries)
    heads = ["agent", *["All"] * has_all, *_heads(tasks), "date"]
    rows = [
        [
            f"{_plain(entry.agent)} [{number}]",
            *[_cell(entry.overall)] * has_all,
            *(_cell(entry.tasks.get(task)) for task in tasks),
            entry.date,
        ]
        for number, entry in enumerate(entries, start=1)
    ]
    rows += list(_references(entries, tasks, has_all=has_all))
    listed = "\n".join(_note(number, entry) for number, entry in enumerate(entries, start=1))
    return f"## {name}\n\nFingerprint `{entries[0].fingerprint}`.\n\n{_table(heads, rows)}\n\n{listed}\n"


def _heads(tasks: Sequence[str]) -> list[str]:
    """Return the tasks' names, without the arguments that a variant sets where the names differ without them."""
    short = [task.partition(" ")[0] for task in tasks]
    return [name if short.count(name) == 1 else _plain(task) for name, task in zip(short, tasks, strict=True)]


def _references(entries: Sequence[Entry], tasks: Sequence[str], *, has_all: bool) -> Iterable[list[str]]:
    """Return the rows of what every score stands between; a row without any number is left out."""
    known = {task: next(entry.tasks[task] for entry in entries if task in entry.tasks) for task in tasks}
    overall = next((entry.overall for entry in entries if entry.overall is not None), None)
    for name, value_of in REFERENCES:
        values = [None if overall is None else value_of(overall)] * has_all + [value_of(known[task]) for task in tasks]
        if any(value is not None for value in values):
            yield [name, *map(_percent, values), NOTHING]


def _cell(score: Score | None) -> str:
    if score is None:
        return NOTHING
    return f"{100 * score.success:.1f} <small>({100 * score.low:.0f}-{100 * score.high:.0f})</small>"


def _percent(value: float | None) -> str:
    if value is None:
        return "?"
    return "<0.01" if 0 < value < 0.00005 else f"{100 * value:.2f}"


def _note(number: int, entry: Entry) -> str:
    said = [f"`{_code(entry.command)}`", f"measured by {_plain(entry.measured_by)}"]
    if entry.told:
        said.append("told with " + ", ".join(f"{name} {value!r}" for name, value in sorted(entry.told.items())))
    if entry.parser != "json":
        said.append(f"parser {entry.parser}")
    if entry.num_repeats > 1:
        said.append(f"{entry.num_repeats} attempts at each start")
    if entry.num_unplayable:
        said.append(f"{entry.num_unplayable} episodes could not be played to their end and count as failures")
    if entry.note:
        said.append(_plain(entry.note))
    return f"{number}. {'; '.join(said)}"


def _published(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what papers report, which stands apart: other starts, other prompts, other code."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(str(row["group"]), []).append(row)
    parts = [
        "## Published elsewhere\n\nNumbers that other people report, in %. They were not measured on the panels above, "
        "and cannot be compared with them row by row: what differs stands below each table.\n"
    ]
    for name, group in groups.items():
        tasks = list(dict.fromkeys(task for row in group for task in row["scores"]))
        cells = [[str(row["method"]), *(str(row["scores"].get(task, NOTHING)) for task in tasks)] for row in group]
        sources = "\n".join(dict.fromkeys(f"* {row['source']}: {row['differs']}" for row in group))
        parts.append(f"### {name}\n\n{_table(['method', *tasks], cells)}\n\n{sources}\n")
    return "\n".join(parts)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _plain(text: str) -> str:
    """Return a text without anything that Markdown or HTML gives a meaning in a table."""
    return MARKUP.sub(lambda sign: f"&#{ord(sign[0])};", " ".join(text.split()))


def _code(text: str) -> str:
    return " ".join(text.split()).replace("`", "'").replace("|", "¦")
