"""Seeing: the same games, in pictures that are harder to read at each level."""

from typing import Final

from vlm_gym.task import Task
from vlm_gym.task_table import own_task

_CARDS: Final = (
    "the same with cards of other decks and sizes, turned a little",
    "the same with cards thrown on each other and seen from the table's edge",
    "the same in light and shadow on a busy table",
    "the same, and smaller",
)
_LINE: Final = (
    "the same on a tilted line, without the two numbers in writing",
    "the same on a bent line with few labels and other units",
    "the same in light and shadow on a busy table",
    "the same, and smaller",
)
_LEAST_SIZES: Final = (140, 240, 240, 260)
"""From how many pixels on what tells a card, and every label, is 6 pixels high (tests/render/test_seeing.py)."""

_LADDERS: Final = (
    ("NumberLine-v0", _LINE),
    ("EZPoints-v0", _CARDS),
    ("Points24-v0", _CARDS),
    ("EZPointsFormula-v1", _CARDS),
    ("Points24Formula-v1", _CARDS),
    ("Blackjack-v0", _CARDS),
)


def _harder(task: Task, level: int, words: str) -> Task:
    return task.harder(
        "seeing",
        level,
        words,
        {"seeing": level},
        random_success=task.random_success,
        best_success=task.best_success,
        random_positive_return=task.random_positive_return,
        least_image_size=_LEAST_SIZES[level - 1],
        same_rules=task.id,
    )


LEVELS: Final[tuple[Task, ...]] = tuple(
    _harder(own_task(name), level, text) for name, words in _LADDERS for level, text in enumerate(words, start=1)
)
