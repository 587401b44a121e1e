"""Planning: the way must be found before the first move, since few moves are left."""

from typing import Final

from vlm_gym.task import Task
from vlm_gym.task_table import own_task

AXIS: Final = "planning"
_PRESSES: Final = own_task("Points24-v0")

LEVELS: Final[tuple[Task, ...]] = (
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
