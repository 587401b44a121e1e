"""An episode by name: which task, with which arguments, from which start. As a row of a table, too."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import gymnasium as gym
import numpy as np

from vlm_gym.errors import ConfigError
from vlm_gym.registration import find_task

_SAID_OTHERWISE: Final = ("id", "task", "disable_env_checker")
NOT_ARGUMENTS: Final = (*_SAID_OTHERWISE, "max_episode_steps", "render_mode", "info")
"""Keywords of `gym.make` that are no argument of a task's: who plays an episode chooses them."""


@dataclass(frozen=True)
class EpisodeSpec:
    """One episode of a panel.

    Attributes:
        task: The registered id.
        seed: Seed of `reset`.
        arguments: Arguments of `gym.make` besides `parser`, plain values.
        options: Options of `reset`, plain values, or None.
        repeat: Number of the attempt, where the same start is played several times.
    """

    task: str
    seed: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] | None = None
    repeat: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.task, str):
            raise ConfigError(f"task must be a registered id such as 'vlm_gym/NumberLine-v0', got {self.task!r}")
        for name in ("seed", "repeat"):
            value = getattr(self, name)
            if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 0:
                raise ConfigError(f"{name} must be an int >= 0, got {value!r}")
        if not isinstance(self.arguments, Mapping):
            raise ConfigError(f"arguments must be a mapping of names to values, got {self.arguments!r}")
        for name in self.arguments:
            if not isinstance(name, str) or name in _SAID_OTHERWISE:
                raise ConfigError(f"arguments must be those of the task, by their names, got {name!r} among them")
        if not isinstance(self.options, Mapping | None):
            raise ConfigError(f"options must be a dict or None, got {self.options!r}")

    @property
    def key(self) -> str:
        """The episode's name in the files of a run: the same for the same episode, whatever the order of arguments."""
        return canonical([self.task, self.seed, self.arguments, self.options, self.repeat])

    @property
    def name(self) -> str:
        """A short name, one of its own within a panel: "Household-v0-1000000000-put"."""
        options = "" if self.options is None else "-" + "-".join(str(value) for value in self.options.values())
        return f"{self.task.rpartition('/')[2]}-{self.seed}{options}"

    @property
    def start(self) -> dict[str, Any]:
        """The arguments of `reset` that begin it."""
        return {"seed": self.seed, "options": None if self.options is None else dict(self.options)}

    def make(self, **more: Any) -> gym.Env[Any, Any]:
        """Build the task in text play (`parser="json"` unless `more` or the arguments name another)."""
        env: gym.Env[Any, Any] = gym.make(  # by its spec: an older version is meant, and no reason for a warning
            gym.spec(find_task(self.task).id), disable_env_checker=True, **{"parser": "json", **self.arguments, **more}
        )
        return env

    def to_row(self) -> dict[str, Any]:
        """Return it as a flat row, as tables of training frameworks hold it.

        The columns are `task` (str), `seed` (int), `arguments` and `options` (a str of JSON) and `repeat` (int): in a
        table of nested columns the keys that some rows lack would come back as None.

        Raises:
            ConfigError: if arguments or options hold what JSON cannot say.
        """
        return {
            "task": self.task,
            "seed": int(self.seed),
            "arguments": _to_json("arguments", self.arguments),
            "options": _to_json("options", self.options),
            "repeat": int(self.repeat),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "EpisodeSpec":
        """Read a row, of which only `task` and `seed` must be there; other columns than those of `to_row` are left.

        Raises:
            ConfigError: if a column is missing or holds something else.
        """
        if not isinstance(row, Mapping):
            raise ConfigError(f"an episode's row must be a mapping of columns, got {row!r}")
        task = row.get("task")
        if not isinstance(task, str):
            raise ConfigError(f"column 'task' must be a registered id such as 'vlm_gym/NumberLine-v0', got {task!r}")
        return cls(
            task,
            _number(row, "seed"),
            _mapping(row, "arguments") or {},
            _mapping(row, "options"),
            _number(row, "repeat", if_missing=0),
        )


def canonical(value: Any) -> str:
    """Write plain values as JSON in one way only: keys sorted, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _to_json(column: str, value: Mapping[str, Any] | None) -> str:
    try:
        return canonical(None if value is None else dict(value))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{column} of a row must be plain values that JSON holds, got {value!r}: {error}") from error


def _number(row: Mapping[str, Any], column: str, if_missing: int | None = None) -> int:
    value = row.get(column)
    if value is None and if_missing is not None:
        return if_missing
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 0:
        return int(value)
    raise ConfigError(f"column {column!r} must be an int >= 0, got {value!r}")


def _mapping(row: Mapping[str, Any], column: str) -> dict[str, Any] | None:
    """Read a column that holds a mapping, as JSON or as it is; None where it is empty."""
    value = row.get(column)
    try:
        read = json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ConfigError(f"column {column!r} must be a mapping written as JSON, got {value!r}: {error}") from error
    if read is None or (isinstance(read, Mapping) and all(isinstance(name, str) for name in read)):
        return None if read is None else dict(read)
    raise ConfigError(f"column {column!r} must be a mapping of names to values, or its JSON; got {value!r}")
