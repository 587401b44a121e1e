"""Calculating: other targets, more cards, fewer signs. The figures: python -m benchmarks.points_levels."""

from typing import Final

from vlm_gym.task import Task
from vlm_gym.task_table import own_task

AXIS: Final = "calculating"
_PRESSES: Final = own_task("Points24-v0")
_FORMULA: Final = own_task("Points24Formula-v1")
_ANY: Final = {"target": "1-30"}
_FIVE: Final = {"target": "10-99", "num_cards": 5, "symbols": "+-*()="}
_SIX: Final = {"target": "10-99", "num_cards": 6, "symbols": "+-*()="}
_PLAIN: Final = {"target": "1-50", "num_cards": 5, "symbols": "+-*="}
_PLAIN_SIX: Final = {"target": "10-99", "num_cards": 6, "symbols": "+-*="}

LEVELS: Final[tuple[Task, ...]] = (
    _PRESSES.harder(
        AXIS,
        1,
        "make a target that is dealt, from 1 to 30, out of four cards, a token a turn",
        _ANY,
        random_success=1.732942e-5,
        best_success=136583 / 171366,
    ),
    _PRESSES.harder(
        AXIS,
        2,
        "the same from 1 to 50 with five cards, without division and parentheses",
        _PLAIN,
        num_actions=14,
        random_success=2.592917e-5,
        best_success=175971 / 285610,
    ),
    _PRESSES.harder(
        AXIS,
        3,
        "the same from 10 to 99 with six cards",
        _PLAIN_SIX,
        num_actions=14,
        random_success=1.080245e-5,
        best_success=351862129 / 434412810,
    ),
    _FORMULA.harder(
        AXIS,
        1,
        "make a target that is dealt, from 1 to 30, out of four cards, in one answer",
        _ANY,
        random_success=1.230559e-5,
        best_success=136583 / 171366,
    ),
    _FORMULA.harder(
        AXIS,
        2,
        "the same from 10 to 99 with five cards, without division",
        _FIVE,
        random_success=2.739326e-6,
        best_success=27209687 / 33416370,
    ),
    _FORMULA.harder(
        AXIS,
        3,
        "the same from 10 to 99 with six cards, without division",
        _SIX,
        random_success=1.079287e-6,
        best_success=406354081 / 434412810,
    ),
)
