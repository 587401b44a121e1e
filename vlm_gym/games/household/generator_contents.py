"""What is in a generated home: its task, its furniture, and which object lies where."""

import functools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from vlm_gym.games.household.generator_tables import (
    LAMP,
    NUM_TARGETS,
    TRAPS,
    Draws,
    Histogram,
    HomeGoal,
    HomeSplit,
    Scene,
    SceneTables,
    load_tables,
    needs_of_all,
)
from vlm_gym.games.household.tasks import TASK_TYPES

Spot = tuple[str, int]  # a kind of receptacle and which one of that kind
FITTINGS: Final = {"Sink": "SinkBasin", "Bathtub": "BathtubBasin", "StoveKnob": "StoveBurner"}  # objects: one for each

NOTHING_AT_HOME: Final = ("put", "two")  # tasks whose targets are all elsewhere at the start, as in official games


@dataclass(frozen=True)
class Contents:
    """A home without coordinates: each object is in one receptacle, or in none. `goals` are what to do, in order."""

    scene: Scene
    goals: tuple[HomeGoal, ...]
    receptacles: Mapping[str, int]
    objects: tuple[tuple[str, Spot | None], ...]

    @property
    def goal(self) -> HomeGoal:
        """The first thing to do."""
        return self.goals[0]


def goals_of(task_types: Sequence[str], scenes: Sequence[str], split: HomeSplit) -> list[tuple[Scene, HomeGoal]]:
    """Return the goals of a split that these tasks have in these scenes."""
    return [
        (scene, goal)
        for scene, tables in load_tables().scenes.items()
        if scene in scenes
        for goal in tables.goals
        if goal.task in task_types and goal.is_held_out == (split == "unseen")
    ]


def later_goals(scene: Scene, first: HomeGoal, split: HomeSplit, count: int, draws: Draws) -> tuple[HomeGoal, ...]:
    """Draw goals to come after the first one: each is about a kind of object of its own."""
    goals = [first]
    while len(goals) <= count:
        known = {goal.target for goal in goals}
        rest = [goal for _, goal in goals_of(TASK_TYPES, (scene,), split) if goal.target not in known]
        goals.append(rest[draws.weighted([float(goal.count) for goal in rest])])
    return tuple(goals[1:])


def fill(
    scene: Scene, goals: tuple[HomeGoal, ...], draws: Draws, *, traps: bool, home_size: int = 1
) -> Contents | None:
    """Draw furniture and objects for goals; None if the targets found no place, which is rare.

    Of each kind there is as much as in the fullest of `home_size` homes.
    """
    tables = load_tables().scenes[scene]
    needs = needs_of_all(goals)
    receptacles = _draw_counts(tables.receptacles, tables.all_receptacles, needs.receptacles, draws, home_size)
    if any(goal.task == "look" for goal in goals):
        _add_lamp_stand(tables, receptacles, draws)
    objects = _draw_counts(tables.objects, tables.all_objects, needs.objects, draws, home_size)
    for thing, spot in FITTINGS.items():
        if thing in objects:
            objects[thing] = receptacles[spot]
    for trap in TRAPS:
        if not traps:
            objects.pop(trap, None)
    placed = _Placing(tables, goals, receptacles, draws).place_all(objects)
    return None if placed is None else Contents(scene, goals, receptacles, tuple(placed))


def _draw_counts(
    rest: Mapping[str, Histogram],
    whole: Mapping[str, Histogram],
    needed: Mapping[str, int],
    draws: Draws,
    home_size: int,
) -> dict[str, int]:
    """Draw how many there are of each kind: at least what the goal needs, and else as in rooms without such goals."""
    counts = {}
    for kind, histogram in rest.items():
        least = needed.get(kind, 0)
        sums = _running_sums((0.0,) * least + whole[kind][least:] if least else histogram)
        sums = sums if sums[-1] else _running_sums(whole[kind])
        counts[kind] = draws.within(sums)
        for _ in range(home_size - 1):
            counts[kind] = max(counts[kind], draws.within(sums))
    return counts


@functools.lru_cache(maxsize=4096)  # more than there are in the tables
def _running_sums(weights: Histogram) -> Histogram:
    return tuple(accumulate(weights))


def _add_lamp_stand(tables: SceneTables, receptacles: dict[str, int], draws: Draws) -> None:
    """Make sure that there is something for the lamp to stand on."""
    stands = [kind for kind in tables.placement[LAMP] if kind]
    if any(receptacles[kind] for kind in stands):
        return
    kind = stands[draws.weighted([tables.placement[LAMP][kind] for kind in stands])]
    receptacles[kind] = draws.weighted([0.0, *tables.all_receptacles[kind][1:]])


class _Placing:
    """Puts objects into receptacles, one after the other, none of which holds more than it did in any official game."""

    def __init__(
        self, tables: SceneTables, goals: tuple[HomeGoal, ...], receptacles: Mapping[str, int], draws: Draws
    ) -> None:
        self.tables, self.goals, self.draws = tables, goals, draws
        self.goal_of = {goal.target: goal for goal in goals}
        self.free = {kind: list(range(count)) for kind, count in receptacles.items()}
        self.load: defaultdict[Spot, int] = defaultdict(int)

    def place_all(self, objects: Mapping[str, int]) -> list[tuple[str, Spot | None]] | None:
        """Place all objects, those that the goal needs first; None if one of these finds no place."""
        needed = {LAMP: 1} if any(goal.task == "look" for goal in self.goals) else {}
        needed |= {goal.target: NUM_TARGETS[goal.task] for goal in self.goals}
        placed: list[tuple[str, Spot | None]] = []
        for kind, count in needed.items():
            seen = placed[-1][1] if placed and kind in self.goal_of and kind != self.goals[0].target else None
            spots = [self._place_at(kind, seen) or self._place(kind, is_needed=True) for _ in range(count)]
            if None in spots:
                return None
            placed.extend((kind, spot) for spot in spots)
        for kind, count in objects.items():
            placed.extend((kind, self._place(kind)) for _ in range(count - needed.get(kind, 0)))
        return placed

    def _place_at(self, kind: str, spot: Spot | None) -> Spot | None:
        """Put an object where the target before it lies, so that it is seen early; None if it cannot be there."""
        if spot is None or kind not in load_tables().accepts.get(spot[0], ()):
            return None
        return self._put(*spot) if spot[1] in self._free_for(kind)[spot[0]] else None

    def _place(self, kind: str, *, is_needed: bool = False) -> Spot | None:
        """Draw a receptacle with room for an object, or none for one that is not needed."""
        free = self._free_for(kind)
        rates = [(spot, rate) for spot, rate in self.tables.placement[kind].items() if spot or not is_needed]
        sums = [*accumulate([rate * len(free.get(spot, ())) if spot else rate for spot, rate in rates])]
        if not sums or not sums[-1]:
            return self._place_anywhere(kind) if is_needed else None
        chosen, _ = rates[self.draws.within(sums)]
        return self._put(chosen, self.draws.pick(free[chosen])) if chosen else None

    def _place_anywhere(self, kind: str) -> Spot | None:
        """Draw a receptacle that the rules allow, where no official game has such an object in what is here."""
        accepts, free = load_tables().accepts, self._free_for(kind)
        spots = [(spot, index) for spot in free if kind in accepts.get(spot, ()) for index in free[spot]]
        return self._put(*self.draws.pick(spots)) if spots else None

    def _free_for(self, kind: str) -> Mapping[str, Sequence[int]]:
        """Return which receptacles of each kind have room. No target starts at home where that alone is the task."""
        goal = self.goal_of.get(kind)
        if goal is None or goal.task not in NOTHING_AT_HOME:
            return self.free
        return {**self.free, goal.destination: ()}

    def _put(self, spot: str, index: int) -> Spot:
        self.load[spot, index] += 1
        if self.load[spot, index] >= self.tables.capacity[spot]:
            self.free[spot].remove(index)
        return spot, index
