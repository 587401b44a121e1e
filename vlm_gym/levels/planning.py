"""Planning: the way must be found before the first move, since few moves are left.

Figures of the points games: python -m benchmarks.points_levels; those of NumberLine: tests/oracles/test_line_moves.py.
"""

from typing import Final

from vlm_gym.task import Task
from vlm_gym.task_table import own_task

AXIS: Final = "planning"
_LINE: Final = own_task("NumberLine-v0")
_PRESSES: Final = own_task("Points24-v0")
_SEVERAL: Final = {"max_position": 20, "moves": "+1 -1 *2 -3", "least_moves": 3, "spare_moves": 1}
_FEW: Final = {"max_position": 50, "moves": "+1 *2 -3", "least_moves": 4}
_ODD: Final = {"max_position": 100, "moves": "+5 -3 *2 /3", "least_moves": 5}

LEVELS: Final[tuple[Task, ...]] = (
    _LINE.harder(
        AXIS,
        1,
        "reach a number up to 20 with +1, -1, *2 and -3 in one move more than the shortest way has",
        _SEVERAL,
        num_actions=4,
        random_success=0.051520,
        least_image_size=112,
    ),
    _LINE.harder(
        AXIS,
        2,
        "reach a number up to 50 with +1, *2 and -3 on a shortest way, of four moves or more",
        _FEW,
        num_actions=3,
        random_success=0.034748,
        least_image_size=112,
    ),
    _LINE.harder(
        AXIS,
        3,
        "reach a number up to 100 with +5, -3, *2 and /3 on a shortest way, of five moves or more",
        _ODD,
        num_actions=4,
        random_success=0.020129,
        least_image_size=112,
    ),
    _PRESSES.harder(
        AXIS,
        1,
        "make 24 with room for one pair of parentheses too many",
        {"solvable": True, "spare_presses": 2},
        random_success=1.673340e-5,
        best_success=1.0,
        least_image_size=112,
    ),
    _PRESSES.harder(
        AXIS,
        2,
        "make 24 where parentheses are needed, and none can be wasted",
        {"solvable": True, "spare_presses": 0, "least_pairs": 1},
        random_success=1.123059e-7,
        best_success=1.0,
        least_image_size=112,
    ),
)
