"""Remembering: what was seen earlier and is not in the picture any more."""

from typing import Any, Final

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


_HOUSEHOLD: Final = own_task("Household-v1")
_OF_TWO: Final = {"put": 0.0009, "look": 0.0012, "clean": 0, "heat": 0, "cool": 0, "two": 0}  # by the first task
_OF_THREE: Final = dict.fromkeys(_OF_TWO, 0.0)


def _chain(level: int, summary: str, chain: int, order: str, **measured: Any) -> Task:
    """Return a level of Household; figures: benchmarks/household_chain.py."""
    return _HOUSEHOLD.harder(
        "remembering",
        level,
        summary,
        {"chain": chain, "chain_order": order, "home_size": 2, "labels": False},
        turn_limit=100,
        best_success=1.0,
        searcher_by_type=dict.fromkeys(_HOUSEHOLD.searcher_by_type, 1.0),
        same_rules="",
        **measured,
    )


LEVELS: Final[tuple[Task, ...]] = (
    _one_deck(1, "from one deck; three ranks are out, seen in one picture", 3, 0.282301, 0.440968),
    _one_deck(2, "from one deck; six ranks are out, seen in two pictures", 6, 0.281227, 0.451011),
    _one_deck(3, "from one deck; nine ranks are out, seen in three pictures", 9, 0.277996, 0.472229),
    _chain(1, "two tasks in any order, a full home, no names", 2, "any", random_success=0.0003, random_by_type=_OF_TWO),
    _chain(2, "the same, one after the other", 2, "sequence", random_success=0.0003, random_by_type=_OF_TWO),
    _chain(3, "three, one after the other", 3, "sequence", random_success=0.0, random_by_type=_OF_THREE),
)
