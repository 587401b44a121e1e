"""Thoughts in NumberLine on a day that is different: what the marks mean today, and what the signs do."""

from collections.abc import Callable
from typing import Final

import numpy as np

from vlm_gym.games.number_line import NumberLineState, move, step_of
from vlm_gym.thoughts.thinker import Thinker
from vlm_gym.thoughts.wording import name_choice, pick

SEEN: Final = (
    "The {flag} stands at {flag_at} and the pointer at {pointer_at}.",
    "I see the {flag} at {flag_at} and the pointer at {pointer_at}.",
    "The pointer is at {pointer_at}, the {flag} at {flag_at}.",
)
IGNORED: Final = (" The {other} flag at {number} means nothing.", " I do not look at the {other} flag.")
MEANT: Final = (
    "Today the {flag} marks my number and the pointer the target, so I am at {position} and must reach {target}.",
    "Since the marks have changed their meaning, my number is {position} and the target {target}.",
    "The marks mean the opposite today: from {position} I have to go to {target}.",
)
USUAL: Final = (
    "So my number is {position} and the target {target}.",
    "I am at {position} and must reach {target}.",
    "From {position} I have to go to {target}.",
)
SIGNS: Final = (
    'I have to go {way}, and today "{action}" {does} 1.',
    'Today "{action}" {does} 1, and that is what I need to go {way}.',
    'My number must go {way}: with the signs as they are today, that is "{action}".',
)
PLAIN: Final = (
    'I have to go {way}: "{action}" {does} 1.',
    'To go {way} I need "{action}".',
    'The way is {way}, so the action is "{action}".',
)


class LineCourseThinker(Thinker):
    """Thinks on a day that is different; `see` returns what the player sees now."""

    def __init__(self, see: Callable[[], NumberLineState]) -> None:
        self._see = see

    def describe(self, rng: np.random.Generator) -> str:
        """Say what the picture shows, and what of it counts today."""
        view = self._see()
        day = view.day
        flag = "flag" if day is None or day.color is None else f"{day.color} flag"
        words = {**vars(view), "flag": flag, "flag_at": view.flag, "pointer_at": view.pointer}
        ignored = ""
        if day is not None and day.other is not None:
            other = "old" if day.color is None else "blue" if day.color == "orange" else "orange"
            ignored = pick(rng, IGNORED, {"other": other, "number": day.other})
        meant = MEANT if day is not None and day.changed == "marks" else USUAL
        return f"{pick(rng, SEEN, words)}{ignored} {pick(rng, meant, words)}"

    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say why an action comes closer to the target; of one that does not, only that it is chosen."""
        view, seen = self._see(), self.describe(rng)
        moved = move(view, action)
        if "away" in moved.events or moved.illegal is not None:
            return f"{seen} {name_choice(action, rng)}"
        is_up = step_of(view, action) > 0
        words = {"way": "up" if is_up else "down", "does": "adds" if is_up else "subtracts", "action": action}
        are_signs_changed = view.day is not None and view.day.changed == "signs"
        return f"{seen} {pick(rng, SIGNS if are_signs_changed else PLAIN, words)}"
