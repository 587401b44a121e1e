"""The table of tasks: all there is to know of an id, and its registration with Gymnasium."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import gymnasium as gym
from gymnasium.envs.registration import WrapperSpec

TURN_LIMIT_RULE: Final = WrapperSpec("TurnLimit", "vlm_gym.assembly:apply_turn_limit", kwargs={})
"""What gymnasium puts around every task last."""


class RegisteredLimit(int):
    """A turn limit that nobody chose; a caller's own arrives as a plain int."""


@dataclass(frozen=True)
class TurnLimit:
    """So many turns for each unit of an argument: `TurnLimit(2, "max_position")` is twice `max_position`."""

    factor: int
    argument: str

    def turns(self, arguments: Mapping[str, Any]) -> int:
        """Return the limit under these arguments."""
        return self.factor * int(arguments[self.argument])


@dataclass(frozen=True)
class Task:
    """One id.

    Attributes:
        id: The registered id.
        entry: The environment class, "module:Class".
        summary: What the player does, in a few words.
        turn_limit: A number of turns, or a rule over the arguments.
        num_actions: Size of the `Discrete` action space; None for a task that is played in text only.
        random_success: Probability that uniformly random actions succeed (`vlm_gym.oracles.random_play`), in household
            tasks that uniformly random admissible commands do. Exact unless `is_random_measured`; None if unknown.
        best_success: Exact probability that the best play succeeds.
        arguments: Arguments in which the id differs from the class's own defaults, or on which the limit depends.
        is_random_measured: Whether `random_success` was measured (benchmarks/household_random.py, 10,000 episodes).
        needs_data: Whether the games must be downloaded first (`vlm-gym download alfworld`).
        least_image_size: From how many pixels on all type in the pictures can be read: it is 6 pixels high or more, or
            made of pixels by hand. Smaller pictures warn.
        same_rules: The id whose games these are, with other pictures or words; "" if there is none.
    """

    id: str
    entry: str
    summary: str
    turn_limit: int | TurnLimit
    num_actions: int | None
    random_success: float | None
    best_success: float
    arguments: Mapping[str, Any] = field(default_factory=dict)
    is_random_measured: bool = False
    needs_data: bool = False
    least_image_size: int = 84
    same_rules: str = ""

    def load(self) -> Any:
        """Import the environment class."""
        module, _, name = self.entry.partition(":")
        return getattr(importlib.import_module(module), name)

    @property
    def is_text_only(self) -> bool:
        """Whether the task has no `Discrete` action space."""
        return self.num_actions is None

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
        )

    def variant(
        self,
        name: str,
        summary: str,
        arguments: Mapping[str, Any],
        num_actions: int | None = None,
        random_success: float | None = None,
        best_success: float | None = None,
    ) -> "Task":
        """Return this task under another name, with some arguments changed, and what differs with them."""
        return replace(
            self,
            id=f"vlm_gym/{name}",
            summary=summary,
            arguments={**self.arguments, **arguments},
            num_actions=self.num_actions if num_actions is None else num_actions,
            random_success=self.random_success if random_success is None else random_success,
            best_success=self.best_success if best_success is None else best_success,
        )


_NUMBER_LINE: Final = Task(
    id="vlm_gym/NumberLine-v0",
    entry="vlm_gym.envs.number_line:NumberLineEnv",
    summary="walk along a number line to a target",
    turn_limit=TurnLimit(2, "max_position"),
    num_actions=2,
    random_success=0.597917,
    best_success=1.0,
    arguments={"max_position": 5},
)
_EZPOINTS: Final = Task(
    id="vlm_gym/EZPoints-v0",
    entry="vlm_gym.envs.points:PointsEnv",
    summary="make 12 out of two cards, a token a turn",
    turn_limit=TurnLimit(3, "num_cards"),
    num_actions=13,
    random_success=8.43981e-4,
    best_success=1.0,
    arguments={"target": 12, "num_cards": 2, "symbols": "+*=", "solvable": True},
)
_POINTS24: Final = Task(
    id="vlm_gym/Points24-v0",
    entry="vlm_gym.envs.points:PointsEnv",
    summary="make 24 out of four cards, a token a turn",
    turn_limit=TurnLimit(5, "num_cards"),
    num_actions=17,
    random_success=1.224167e-5,
    best_success=20876 / 28561,
    arguments={"target": 24, "num_cards": 4},
)
_EZPOINTS_FORMULA: Final = replace(
    _EZPOINTS,
    id="vlm_gym/EZPointsFormula-v0",
    entry="vlm_gym.envs.points:PointsFormulaEnv",
    summary="make 12 out of two cards, in one answer",
    turn_limit=TurnLimit(1, "attempts"),
    num_actions=None,
    random_success=37 / 3800,
    arguments={**_EZPOINTS.arguments, "attempts": 1, "parser": "json"},
)
_POINTS24_FORMULA: Final = replace(
    _POINTS24,
    id="vlm_gym/Points24Formula-v0",
    entry="vlm_gym.envs.points:PointsFormulaEnv",
    summary="make 24 out of four cards, in one answer",
    turn_limit=TurnLimit(1, "attempts"),
    num_actions=None,
    random_success=8.842204e-6,
    arguments={**_POINTS24.arguments, "attempts": 1, "parser": "json"},
)
_BLACKJACK: Final = Task(
    id="vlm_gym/Blackjack-v0",
    entry="vlm_gym.envs.blackjack:BlackjackEnv",
    summary="beat the dealer",
    turn_limit=21,
    num_actions=2,
    random_success=0.280611,
    best_success=0.431630,
)

_HOUSEHOLD: Final = Task(
    id="vlm_gym/Household-v0",
    entry="vlm_gym.envs.household.generated:HouseholdEnv",
    summary="do a household task in a generated home",
    turn_limit=50,
    num_actions=128,
    random_success=0.0056,
    best_success=1.0,
    is_random_measured=True,
    least_image_size=224,
)
_ALFWORLD: Final = replace(
    _HOUSEHOLD,
    id="vlm_gym/ALFWorld-v0",
    entry="vlm_gym.envs.household.alfworld:ALFWorldEnv",
    summary="do a household task in a game of ALFWorld, from the training split",
    random_success=0.0051,
    needs_data=True,
)

_FACE_RANK: Final = {"face_cards": "rank"}
_BLACK_SUITS: Final = {"theme": {"suits": "black"}}
_SOLVABLE: Final = {"solvable": True}
_FACE_RANK_WORDS: Final = "the same; J, Q, K count 11, 12, 13"
_BLACK_SUITS_WORDS: Final = "the same with all suits black"
_SOLVABLE_WORDS: Final = "the same; every deal has a solution"

_FIRST_VERSIONS: Final[Mapping[str, Task]] = {
    task.id: task
    for task in (
        _NUMBER_LINE,
        _NUMBER_LINE.variant(
            "NumberLine-Long-v0", "the same on a line to 20", {"max_position": 20}, random_success=0.391393
        ),
        _NUMBER_LINE.variant("NumberLine-Night-v0", "the same in dark colours", {"theme": "night"}),
        _EZPOINTS,
        _EZPOINTS.variant(
            "EZPoints-FaceRank-v0", _FACE_RANK_WORDS, _FACE_RANK, num_actions=16, random_success=3.80628e-4
        ),
        _EZPOINTS.variant("EZPoints-BlackSuits-v0", _BLACK_SUITS_WORDS, _BLACK_SUITS),
        _EZPOINTS_FORMULA,
        _EZPOINTS_FORMULA.variant("EZPointsFormula-FaceRank-v0", _FACE_RANK_WORDS, _FACE_RANK, random_success=1 / 136),
        _POINTS24,
        _POINTS24.variant(
            "Points24-Solvable-v0", _SOLVABLE_WORDS, _SOLVABLE, random_success=1.674815e-5, best_success=1.0
        ),
        _POINTS24.variant(
            "Points24-FaceRank-v0",
            _FACE_RANK_WORDS,
            _FACE_RANK,
            num_actions=20,
            random_success=5.155587e-6,
            best_success=22615 / 28561,
        ),
        _POINTS24.variant("Points24-BlackSuits-v0", _BLACK_SUITS_WORDS, _BLACK_SUITS),
        _POINTS24_FORMULA,
        _POINTS24_FORMULA.variant(
            "Points24Formula-Solvable-v0", _SOLVABLE_WORDS, _SOLVABLE, random_success=1.209725e-5, best_success=1.0
        ),
        _POINTS24_FORMULA.variant(
            "Points24Formula-FaceRank-v0",
            _FACE_RANK_WORDS,
            _FACE_RANK,
            random_success=3.494440e-6,
            best_success=22615 / 28561,
        ),
        _BLACKJACK,
        _BLACKJACK.variant("Blackjack-BlackSuits-v0", _BLACK_SUITS_WORDS, _BLACK_SUITS),
        _BLACKJACK.variant(
            "Blackjack-SuttonBarto-v0",
            "the same by the rules of Sutton and Barto",
            {"sab": True},
            random_success=0.282333,
            best_success=0.435072,
        ),
        _HOUSEHOLD,
        _HOUSEHOLD.variant(
            "Household-Unseen-v0",
            "the same in homes and with pairs held out",
            {"split": "unseen"},
            random_success=0.0061,
        ),
        _ALFWORLD,
        _ALFWORLD.variant(
            "ALFWorld-ValidSeen-v0",
            "the same, every game of valid_seen once",
            {"split": "valid_seen", "order": "sequential"},
            random_success=0.0059,
        ),
        _ALFWORLD.variant(
            "ALFWorld-ValidUnseen-v0",
            "the same, every game of valid_unseen once",
            {"split": "valid_unseen", "order": "sequential"},
            random_success=0.0036,  # 95 % interval 0.26 to 0.50 %; 0.32 % pooled over 180,900 episodes of more seeds
        ),
    )
}

_SECOND_VERSIONS: Final = {
    "vlm_gym.envs.household.": "the prompt explains the symbols, nothing is hidden",
    _POINTS24_FORMULA.entry: "the prompt shows no example",
}
_REDRAWN: Final = tuple(
    task.redrawn(1, f"{task.summary}; {words}")
    for task in _FIRST_VERSIONS.values()
    for entry, words in _SECOND_VERSIONS.items()
    if task.entry.startswith(entry)
)

TASKS: Final[Mapping[str, Task]] = {**_FIRST_VERSIONS, **{task.id: task for task in _REDRAWN}}
"""All ids, the first versions first."""


def register_tasks() -> None:
    """Register every id with Gymnasium."""
    for task in TASKS.values():
        gym.register(
            id=task.id,
            entry_point="vlm_gym.assembly:make_task",
            max_episode_steps=RegisteredLimit(task.turns()),
            kwargs={"task": task.id, **task.arguments},
            additional_wrappers=(TURN_LIMIT_RULE,),
        )
