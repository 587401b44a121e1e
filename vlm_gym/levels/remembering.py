"""Remembering: what was seen earlier and is not in the picture any more."""

from typing import Final

from vlm_gym.task import Task
from vlm_gym.task_table import own_task

_BLACKJACK: Final = own_task("Blackjack-v0")


def _one_deck(level: int, summary: str, ranks_out: int, random_success: float, best_success: float) -> Task:
    """Return a level of Blackjack from one deck; figures: benchmarks/blackjack_deck.py."""
    return _BLACKJACK.harder(
        "remembering",
        level,
        summary,
        {"ranks_out": ranks_out},
        turn_limit=30,
        num_actions=3,
        random_success=random_success,
        best_success=best_success,
    )


LEVELS: Final[tuple[Task, ...]] = (
    _one_deck(1, "from one deck; three ranks are out, seen in one picture", 3, 0.28, 0.44),
    _one_deck(2, "from one deck; six ranks are out, seen in two pictures", 6, 0.28, 0.45),
    _one_deck(3, "from one deck; nine ranks are out, seen in three pictures", 9, 0.28, 0.47),
)
