"""Holding course: an instruction that changes the rules, and things in the picture that must not be used."""

from collections.abc import Mapping
from typing import Any, Final

from vlm_gym.task import Task
from vlm_gym.task_table import own_task

AXIS: Final = "course"
_LINE: Final = own_task("NumberLine-v0")
_BLACKJACK: Final = own_task("Blackjack-v0")
_PRESSES: Final = own_task("Points24-v0")
_FORMULA: Final = own_task("Points24Formula-v1")
_TODAY: Final[Mapping[str, Any]] = {"course": 1}
_TRAY: Final[Mapping[str, Any]] = {"course": 2}
_PLATES: Final[Mapping[str, Any]] = {"course": 3, "target": "1-30"}
_TODAY_WORDS: Final = "make 24 where a card counts otherwise today, as the prompt says"
_TRAY_WORDS: Final = "the same with a card in a tray that is not in the game"
_PLATES_WORDS: Final = "the same with two plates that show numbers, one of them the target"
_BEST: Final = 192854 / 257049
_PLATES_BEST: Final = 3068308 / 3855735


def _hand(level: int, summary: str, least_image_size: int = _BLACKJACK.least_image_size) -> Task:
    """Return a level of Blackjack: what lies on the table besides the hands changes no odds."""
    return _BLACKJACK.harder(
        AXIS,
        level,
        summary,
        {"course": level},
        random_success=0.274187,
        best_success=0.417827,
        least_image_size=least_image_size,
    )


LEVELS: Final[tuple[Task, ...]] = (
    _LINE.harder(
        AXIS, 1, "walk to a target where signs or marks mean the opposite today, as the prompt says", {"course": 1}
    ),
    _LINE.harder(AXIS, 2, "the same with an old flag that means nothing", {"course": 2}, least_image_size=112),
    _LINE.harder(
        AXIS, 3, "the same with a blue and an orange flag, one of which counts", {"course": 3}, least_image_size=112
    ),
    _hand(1, "beat the dealer where a rank counts otherwise today, as the prompt says"),
    _hand(2, "the same with a card in a tray that is not in the game", 112),
    _hand(3, "the same with two hands at coloured places, one of them the player's", 112),
    _PRESSES.harder(AXIS, 1, _TODAY_WORDS, _TODAY, random_success=1.162923e-5, best_success=_BEST),
    _PRESSES.harder(AXIS, 2, _TRAY_WORDS, _TRAY, random_success=1.162923e-5, best_success=_BEST),
    _PRESSES.harder(AXIS, 3, _PLATES_WORDS, _PLATES, random_success=1.734682e-5, best_success=_PLATES_BEST),
    _FORMULA.harder(AXIS, 1, _TODAY_WORDS, _TODAY, random_success=8.281191e-6, best_success=_BEST),
    _FORMULA.harder(AXIS, 2, _TRAY_WORDS, _TRAY, random_success=8.281191e-6, best_success=_BEST),
    _FORMULA.harder(AXIS, 3, _PLATES_WORDS, _PLATES, random_success=1.213632e-5, best_success=_PLATES_BEST),
)
