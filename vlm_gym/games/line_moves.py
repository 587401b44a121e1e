"""NumberLine with other moves, such as "*2" or "-3", of which only so many are left: the way must be planned.

Nothing is hidden, so the state is also the player's view.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from vlm_gym.actions import ActionSet
from vlm_gym.games.number_line import NumberLineState
from vlm_gym.games.outcome import Outcome

MOVES: Final = ("+1", "+2", "+3", "+5", "-1", "-2", "-3", "-5", "*2", "*3", "/2", "/3")
"""All moves that there are; a line has some of them."""
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "+": ("+ {n}", "add {n}", "plus {n}"),
    "-": ("- {n}", "subtract {n}", "minus {n}"),
    "*": ("* {n}", "x{n}", "x {n}", "times {n}", "multiply by {n}", "multiplied by {n}"),
    "/": ("/ {n}", "divide by {n}", "divided by {n}"),
}


@lru_cache(maxsize=256)
def action_set(names: tuple[str, ...]) -> ActionSet:
    """Return the vocabulary of some moves."""
    aliases = {words.format(n=name[1:]): name for name in names for words in _WORDS[name[0]]}
    return ActionSet(names, aliases)


@dataclass(frozen=True)
class LineMoves:
    """The moves of a line and its end.

    Attributes:
        names: Some of `MOVES`.
        max_position: The line's end; it begins at 0.
    """

    names: tuple[str, ...]
    max_position: int

    def after(self, position: int, name: str) -> int | None:
        """Return where a move leads; None if it leads off the line, or to no whole number."""
        number = int(name[1:])
        if name[0] == "/":
            moved, rest = divmod(position, number)
            return None if rest else moved
        moved = position + number if name[0] == "+" else position - number if name[0] == "-" else position * number
        return moved if 0 <= moved <= self.max_position else None

    def distance(self, position: int, target: int) -> int | None:
        """Return the least number of moves to the target; None if none lead there."""
        return self._distances_to(target).get(position)

    def starts(self, least_moves: int) -> tuple[tuple[int, int], ...]:
        """Return all pairs of a position and a target whose shortest way has at least so many moves."""
        return self._starts[least_moves] if least_moves < len(self._starts) else ()

    def draw(self, starts: tuple[tuple[int, int], ...], spare_moves: int, rng: np.random.Generator) -> NumberLineState:
        """Draw one of some starts, each with the same probability: with its least number of moves, and some more."""
        position, target = starts[int(rng.integers(len(starts)))]
        return NumberLineState(position, target, self.max_position, self._distances_to(target)[position] + spare_moves)

    def move(self, state: NumberLineState, name: str) -> Outcome[NumberLineState]:
        """Play a move. Events: `goal`; `away` for a move after which the target is no fewer moves away; `illegal`.

        An illegal move uses up none of the moves that are left.
        """
        position = self.after(state.position, name)
        if position is None:
            return Outcome(state, {"illegal": 1.0}, illegal=self._broken_rule(state.position, name))
        moved = replace(state, position=position, moves_left=(state.moves_left or 0) - 1)
        if moved.is_solved:
            return Outcome(moved, {"goal": 1.0})
        before, now = self.distance(state.position, state.target), self.distance(position, state.target)
        is_closer = now is not None and (before is None or now < before)
        return Outcome(moved, {} if is_closer else {"away": 1.0})

    def legal_actions(self, state: NumberLineState) -> tuple[str, ...]:
        """Return the moves that stay on the line, at whole numbers."""
        return self._legal[state.position]

    def dead_ends(self) -> tuple[int, ...]:
        """Return the places from which no move is possible."""
        return tuple(place for place, names in enumerate(self._legal) if not names)

    def _broken_rule(self, position: int, name: str) -> str:
        if name[0] == "/":
            return f"{position} is not a multiple of {name[1:]}: {name} is not possible there"
        return f"the line goes from 0 to {self.max_position}: {name} is not possible at {position}"

    @cached_property
    def _legal(self) -> tuple[tuple[str, ...], ...]:
        places = range(self.max_position + 1)
        return tuple(tuple(name for name in self.names if self.after(place, name) is not None) for place in places)

    @cached_property
    def _starts(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """All starts by their least number of moves: of so many or more."""
        found = [
            (distance, position, target)
            for target in range(self.max_position + 1)
            for position, distance in sorted(self._distances_to(target).items())
            if distance
        ]
        longest = max((distance for distance, *_ in found), default=0)
        return tuple(
            tuple((position, target) for distance, position, target in found if distance >= least)
            for least in range(longest + 1)
        )

    def _distances_to(self, target: int) -> Mapping[int, int]:
        """Return the least number of moves to the target from every place that leads there."""
        if target not in self._known_distances:
            self._known_distances[target] = self._search_back(target)
        return self._known_distances[target]

    def _search_back(self, target: int) -> Mapping[int, int]:
        """Search breadth first, from the target backwards."""
        distances = {target: 0}
        queue = deque([target])
        while queue:
            end = queue.popleft()
            for place in self._origins[end]:
                if place not in distances:
                    distances[place] = distances[end] + 1
                    queue.append(place)
        return distances

    @cached_property
    def _known_distances(self) -> dict[int, Mapping[int, int]]:
        return {}

    @cached_property
    def _origins(self) -> tuple[tuple[int, ...], ...]:
        """The places from which one move leads to each place."""
        places = range(self.max_position + 1)
        return tuple(
            tuple(place for place in places if any(self.after(place, name) == end for name in self._legal[place]))
            for end in places
        )


@lru_cache(maxsize=64)
def line_moves(names: tuple[str, ...], max_position: int) -> LineMoves:
    """Return the moves of a line: the same object for the same ones, which remembers what it has searched."""
    return LineMoves(names, max_position)
