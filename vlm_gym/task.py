"""What a task is: all that there is to know of an id before its environment is made."""

import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from vlm_gym.errors import ConfigError, VlmGymError, check_int

MOST_TURNS: Final = 10**9
MOST_LEVELS: Final = 99
_ID: Final = re.compile(r"[\w-]+/[\w.-]+-v\d+")
_ENTRY: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_TEXTS: Final = ("summary", "setup", "same_rules", "same_games", "axis", "ladder")
_MAPPINGS: Final = ("arguments", "random_by_type", "searcher_by_type")
_FLAGS: Final = ("is_random_measured", "is_frame", "needs_data")


@dataclass(frozen=True)
class TurnLimit:
    """So many turns for each unit of an argument: `TurnLimit(2, "max_position")` is twice `max_position`."""

    factor: int
    argument: str

    def turns(self, arguments: Mapping[str, Any]) -> int:
        """Return the limit under these arguments."""
        return self.factor * int(arguments[self.argument])


@dataclass(frozen=True)
class Example:
    """How to show a task in one picture.

    Attributes:
        options: The start: options of `reset`.
        arguments: Arguments of the environment.
        moves: The actions that lead to the picture; without any, some of the oracle's.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    moves: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """One id. A task of your own needs only the first four; "?" stands for the rest.

    Attributes:
        id: The registered id.
        entry: The environment class, "module:Class".
        summary: What the player does, in a few words.
        turn_limit: A number of turns, or a rule over the arguments.
        num_actions: Size of the `Discrete` action space; None for a task that is played in text only.
        random_success: Probability that uniformly random actions succeed (`vlm_gym.oracles.random_play`), in household
            tasks that uniformly random admissible commands do. Exact unless `is_random_measured`; None if unknown.
        best_success: Exact probability that the best play succeeds; None if unknown.
        arguments: Arguments in which the id differs from the class's own defaults, or on which the limit depends.
        is_random_measured: Whether `random_success` was measured (benchmarks/household_random.py, 10,000 episodes).
        random_by_type: The same as `random_success`, measured, for each kind of start (`info["task_type"]`).
        searcher_by_type: Measured share of starts, by their kind, in which a good player succeeds that knows only what
            it has seen (`TaskEnv.searcher_action`, benchmarks/household_searcher.py); empty where nothing is hidden, or
            nobody has measured it.
        random_positive_return: Probability that uniformly random actions earn a return above 0, as Zhai et al. 2024
            count successes; None if unknown.
        harmless: Arguments of the task's own that leave those probabilities as they are.
        example: How to show the task; None for a variant of one that has an example.
        is_frame: Whether it is not a task yet, but becomes one by its arguments (`vlm_gym.adopt`).
        needs_data: Whether the games must be downloaded first (`vlm-gym download alfworld`).
        setup: What tells whether another program that plays and draws the task is ready on this machine,
            "module:function": it takes the task's arguments and returns pairs of what is missing and what to do. "" if
            this package does all itself: then the same seed gives the same pictures everywhere.
        least_image_size: From how many pixels on all type in the pictures can be read: it is 6 pixels high or more, or
            made of pixels by hand. Smaller pictures warn.
        same_rules: The id whose games these are, with other pictures or words; "" if there is none.
        same_games: The id that plays the same games by itself where another program plays them here: a report sets
            their scores side by side.
        replaced_by: The id of the task that replaces this one, which is deprecated: making it warns; "" if none does.
        axis: In what a harder task is harder (`vlm_gym.ladders.AXES` has ours); "" for a task that is not such a level.
        level: How hard, from 1.
        ladder: The id of the task at level 0.
    """

    id: str
    entry: str
    summary: str
    turn_limit: int | TurnLimit
    num_actions: int | None = None
    random_success: float | None = None
    best_success: float | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    is_random_measured: bool = False
    random_by_type: Mapping[str, float] = field(default_factory=dict)
    searcher_by_type: Mapping[str, float] = field(default_factory=dict)
    random_positive_return: float | None = None
    harmless: tuple[str, ...] = ()
    example: Example | None = None
    is_frame: bool = False
    needs_data: bool = False
    setup: str = ""
    least_image_size: int = 84
    same_rules: str = ""
    same_games: str = ""
    replaced_by: str = ""
    axis: str = ""
    level: int = 0
    ladder: str = ""

    def load(self) -> Any:
        """Import the environment class.

        Raises:
            ConfigError: if it cannot be imported.
        """
        try:
            return _load(self.entry)
        except VlmGymError:
            raise
        except Exception as error:  # whatever a module does at import
            told = f"{type(error).__name__}: {error}"
            raise ConfigError(f"{self.id}: entry={self.entry!r} cannot be imported: {told}") from error

    def problems(self) -> tuple[tuple[str, str], ...]:
        """Return what the program lacks that plays and draws the task: what it is, and what to do."""
        return tuple(_load(self.setup)(self.arguments)) if self.setup else ()

    def check(self) -> None:
        """Raise ConfigError if the id, the entry or a figure has not the form that it must have."""
        if not isinstance(self.id, str) or not _ID.fullmatch(self.id):
            raise ConfigError(f"a task's id must be 'namespace/Name-v0' with your own namespace, got {self.id!r}")
        if not isinstance(self.entry, str) or not _ENTRY.fullmatch(self.entry):
            raise ConfigError(f"{self.id}: entry must be 'package.module:Class', got {self.entry!r}")
        if not isinstance(self.replaced_by, str) or self.replaced_by == self.id:
            raise ConfigError(f"{self.id}: replaced_by must be the id of another task, or '', got {self.replaced_by!r}")
        if self.replaced_by and not _ID.fullmatch(self.replaced_by):
            raise ConfigError(f"{self.id}: replaced_by must be 'namespace/Name-v1', got {self.replaced_by!r}")
        self._check_forms()
        if not isinstance(self.turn_limit, TurnLimit):
            check_int(f"{self.id}: turn_limit", self.turn_limit, 1, MOST_TURNS)
        elif self.turn_limit.argument not in self.arguments:
            raise ConfigError(
                f"{self.id}: turn_limit counts the argument {self.turn_limit.argument!r}, which arguments must hold"
            )
        if self.num_actions is not None:
            check_int(f"{self.id}: num_actions", self.num_actions, 1, MOST_TURNS)
        for name in ("random_success", "best_success", "random_positive_return"):
            share = getattr(self, name)
            if share is not None and not _is_share(share):
                raise ConfigError(f"{self.id}: {name} must be a share from 0 to 1, or None if unknown, got {share!r}")
        floor, ceiling = self.random_success, self.best_success
        if floor is not None and ceiling is not None and ceiling < floor:
            raise ConfigError(f"{self.id}: best_success={ceiling!r} must not be below random_success={floor!r}")
        check_int(f"{self.id}: level", self.level, 0, MOST_LEVELS)
        if (self.axis == "") != (self.level == 0) or (self.axis == "") != (self.ladder == ""):
            raise ConfigError(
                f"{self.id}: a harder task has an axis, a level from 1 and the id of level 0 as its ladder, got "
                f"axis={self.axis!r}, level={self.level!r}, ladder={self.ladder!r}"
            )

    def _check_forms(self) -> None:
        """Raise ConfigError for a field of another type: lists and reports show all tasks, whoever wrote them."""
        for name in _TEXTS:
            value = getattr(self, name)
            self._check_form(name, "a text of one line", isinstance(value, str) and len(value.splitlines()) <= 1)
        for name in _MAPPINGS:
            value = getattr(self, name)
            is_mapping = isinstance(value, Mapping) and all(isinstance(key, str) for key in value)
            self._check_form(name, "a mapping of names", is_mapping)
        for name in _MAPPINGS[1:]:
            self._check_form(name, "a mapping to shares from 0 to 1", all(map(_is_share, getattr(self, name).values())))
        for name in _FLAGS:
            self._check_form(name, "True or False", isinstance(getattr(self, name), bool))
        is_tuple = isinstance(self.harmless, tuple) and all(isinstance(name, str) for name in self.harmless)
        self._check_form("harmless", "a tuple of names", is_tuple)
        self._check_form("example", "a vlm_gym.task.Example or None", isinstance(self.example, Example | None))
        self._check_form(
            "setup", "'package.module:function' or ''", not self.setup or bool(_ENTRY.fullmatch(self.setup))
        )
        check_int(f"{self.id}: least_image_size", self.least_image_size, 1, MOST_TURNS)

    def _check_form(self, name: str, form: str, is_right: bool) -> None:
        if not is_right:
            raise ConfigError(f"{self.id}: {name} must be {form}, got {getattr(self, name)!r}")

    @property
    def is_text_only(self) -> bool:
        """Whether the task has no `Discrete` action space."""
        return self.num_actions is None and not self.is_frame

    def turns(self, arguments: Mapping[str, Any] | None = None) -> int:
        """Return the turn limit with some arguments changed."""
        if isinstance(self.turn_limit, int):
            return self.turn_limit
        return self.turn_limit.turns({**self.arguments, **(arguments or {})})

    def redrawn(self, version: int, summary: str) -> "Task":
        """Return a later version of this task: the same games with other pictures and words."""
        return replace(
            self,
            id=f"{self.id.rpartition('-v')[0]}-v{version}",
            summary=summary,
            arguments={**self.arguments, "version": version},
            same_rules=self.id,
            replaced_by="",
        )

    def variant(
        self,
        name: str,
        summary: str,
        arguments: Mapping[str, Any],
        num_actions: int | None = None,
        random_success: float | None = None,
        best_success: float | None = None,
        random_by_type: Mapping[str, float] | None = None,
        searcher_by_type: Mapping[str, float] | None = None,
    ) -> "Task":
        """Return this task under another name, with some arguments changed, and what differs with them."""
        return replace(
            self,
            id=f"vlm_gym/{name}",
            summary=summary,
            arguments={**self.arguments, **arguments},
            random_by_type=random_by_type or {},
            searcher_by_type=searcher_by_type or {},
            random_positive_return=None,
            example=None,
            num_actions=self.num_actions if num_actions is None else num_actions,
            random_success=self.random_success if random_success is None else random_success,
            best_success=self.best_success if best_success is None else best_success,
        )

    def harder(self, axis: str, level: int, summary: str, arguments: Mapping[str, Any], **known: Any) -> "Task":
        """Return this task at a level above 0 of an axis: `NumberLine-v0` becomes `NumberLine-Seeing-L1-v0`.

        Args:
            axis: In what it is harder.
            level: How hard, from 1.
            summary: What the player meets there, in a few words.
            arguments: Arguments that make it so.
            known: What differs in the row beside them: `num_actions`, `turn_limit`, `random_success` ...
        """
        name = self.id.rpartition("-v")[0]
        changed: dict[str, Any] = {
            "random_by_type": {},
            "searcher_by_type": {},
            "random_positive_return": None,
            "example": None,
            "same_rules": "",
        }
        return replace(
            self,
            id=f"{name}-{axis.capitalize()}-L{level}-v0",
            summary=summary,
            arguments={**self.arguments, **arguments},
            axis=axis,
            level=level,
            ladder=self.id,
            **{**changed, **known},
        )


def _is_share(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _load(entry: str) -> Any:
    module, _, name = entry.partition(":")
    return getattr(importlib.import_module(module), name)
