"""Thoughts in NumberLine with other moves: the shortest way, move by move."""

from collections.abc import Callable
from typing import Final

import numpy as np

from vlm_gym.games.number_line import NumberLineState
from vlm_gym.thoughts.thinker import Thinker
from vlm_gym.thoughts.wording import name_choice, pick

Way = tuple[tuple[str, int], ...]
"""Moves, each with the place to which it leads."""

SEEN: Final = (
    "I am at {position} and must reach {target} with {moves}.",
    "The picture shows the current number {position} and the target {target}; I have {moves} left.",
    "Target {target}, current number {position}, {moves} left.",
    "From {position} I have to come to {target} in {moves} at most.",
)
PLANS: Final = (
    "A shortest way is {way}.",
    "I can go {way}.",
    "The way is {way}.",
    "This works: {way}.",
    "Planned to the end: {way}.",
)
NEXT: Final = ('So I play "{action}" now.', '"{action}" comes first.', 'Therefore "{action}".', 'Now "{action}".')


class LineMovesThinker(Thinker):
    """Thinks ahead; `see` returns what the player sees now, `plan` a shortest way from there."""

    def __init__(self, see: Callable[[], NumberLineState], plan: Callable[[], Way]) -> None:
        self._see = see
        self._plan = plan

    def describe(self, rng: np.random.Generator) -> str:
        """Say what the picture shows."""
        view = self._see()
        moves = "1 move" if view.moves_left == 1 else f"{view.moves_left} moves"
        return pick(rng, SEEN, {**vars(view), "moves": moves})

    def think(self, action: str, rng: np.random.Generator) -> str:
        """Say which way leads to the target, if the action begins it."""
        way, seen = self._plan(), self.describe(rng)
        if not way or way[0][0] != action:
            return f"{seen} {name_choice(action, rng)}"
        told, position = [], self._see().position
        for move, after in way:
            told.append(f"{position} {move[0]} {move[1:]} = {after}")
            position = after
        words = {"way": ", ".join(told), "action": action}
        return f"{seen} {pick(rng, PLANS, words)} {pick(rng, NEXT, words)}"
