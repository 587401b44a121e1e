"""Short names for groups of episodes: what tells them apart, and no more."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

MAX_LABEL: Final = 40  # characters
MAX_VALUE: Final = 12  # of an argument's value


class _Parts(NamedTuple):
    """A group's name taken apart: "Task-v0 {"target":20}, heat"."""

    task: str
    arguments: Mapping[str, Any]
    rest: str


def short_labels(names: Iterable[str]) -> dict[str, str]:
    """Return a label for each group's name (`Scores.name`): at most 40 characters, and unlike all others.

    It has no version where that is not needed to tell tasks apart, and of a task's arguments those that differ between
    the groups, or all where the task has but one group.
    """
    parts = {name: _taken_apart(name) for name in dict.fromkeys(names)}
    versions = Counter(_unversioned(task) for task in {part.task for part in parts.values()})
    labels: dict[str, str] = {}
    for name, part in parts.items():
        short = _unversioned(part.task)
        task = short if versions[short] == 1 else part.task
        told = _told(part.arguments, [other.arguments for other in parts.values() if other.task == part.task])
        labels[name] = _unlike(_cut(f"{task}{told}", MAX_LABEL - len(part.rest)) + part.rest, labels.values())
    return labels


def table_labels(names: Iterable[str]) -> dict[str, str]:
    """Return labels as `short_labels` does; groups without arguments keep their whole names."""
    named = list(names)
    return {name: label if " {" in name else name for name, label in short_labels(named).items()}


def whole_names(labels: Mapping[str, str]) -> list[str]:
    """Say which groups have a label in place of their name."""
    return [f"{label} is {name}" for name, label in labels.items() if label != name]


def _taken_apart(name: str) -> _Parts:
    task, space, tail = name.partition(" {")
    if not space:
        task, comma, rest = name.partition(", ")
        return _Parts(task, {}, comma + rest)
    try:
        arguments, end = json.JSONDecoder().raw_decode("{" + tail)
    except ValueError:
        return _Parts(name, {}, "")
    return _Parts(task, arguments, ("{" + tail)[end:])


def _unversioned(task: str) -> str:
    base, mark, number = task.rpartition("-v")
    return base if mark and number.isdigit() else task


def _told(arguments: Mapping[str, Any], groups: list[Mapping[str, Any]]) -> str:
    alike = [name for name in arguments if all(other.get(name) == arguments[name] for other in groups)]
    shown = [name for name in arguments if name not in alike or all(other == arguments for other in groups)]
    return "".join(f" {name}={_cut(_value(arguments[name]), MAX_VALUE)}" for name in shown)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: max(1, size - 1)]}…"


def _unlike(label: str, others: Iterable[str]) -> str:
    """Return the label, with a number if another group has it already."""
    taken, number, numbered = set(others), 1, label
    while numbered in taken:
        number += 1
        ending = f" #{number}"
        numbered = _cut(label, MAX_LABEL - len(ending)) + ending
    return numbered
