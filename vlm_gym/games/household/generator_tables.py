"""What homes are made from: how often furniture, objects and goals occur in the official games, and where objects lie.

The numbers are in generator.json: counts over the 4,027 games of ALFWorld 0.4.2 (MIT licence, Shridhar et al. 2021,
after ALFRED and AI2-THOR), made by tests/games/household/make_generator_data.py.
"""

import functools
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import accumulate
from typing import Any, Final, Literal, TypeVar

import numpy as np

from vlm_gym.games.household.world import TaskType

T = TypeVar("T")
Scene = Literal["bathroom", "bedroom", "kitchen", "livingroom"]
HomeSplit = Literal["train", "unseen"]
SCENES: Final[tuple[Scene, ...]] = ("bathroom", "bedroom", "kitchen", "livingroom")
TRAPS: Final = ("Boots", "Footstool", "PaperTowelRoll", "ScrubBrush", "TeddyBear")  # once taken, they fit nowhere
LAMP: Final = "DeskLamp"
NUM_TARGETS: Final[Mapping[TaskType, int]] = {"put": 1, "look": 1, "clean": 1, "heat": 1, "cool": 1, "two": 2}
BATCH: Final = 512  # numbers drawn at once: one by one takes ten times as long

Histogram = tuple[float, ...]


class Draws:
    """Random choices, all made from one stream of uniform numbers of a generator."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._numbers = self._stream(rng)

    def uniform(self) -> float:
        """Draw a number from [0, 1)."""
        return next(self._numbers)

    def between(self, low: float, high: float) -> float:
        """Draw a number from [low, high)."""
        return low + (high - low) * next(self._numbers)

    def below(self, count: int) -> int:
        """Draw an integer from 0 to `count` - 1."""
        return int(next(self._numbers) * count)

    def pick(self, choices: Sequence[T]) -> T:
        """Draw one of the choices, all as likely."""
        return choices[int(next(self._numbers) * len(choices))]

    def weighted(self, weights: Sequence[float]) -> int:
        """Draw a position, as likely as its weight; the weights are not all zero."""
        return self.within(tuple(accumulate(weights)))

    def within(self, sums: Sequence[float]) -> int:
        """Draw a position from the running sums of weights that are not all zero."""
        return bisect_right(sums, next(self._numbers) * sums[-1])

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Draw an order of the items."""
        keys = [next(self._numbers) for _ in items]
        return [items[index] for index in sorted(range(len(items)), key=keys.__getitem__)]

    @staticmethod
    def _stream(rng: np.random.Generator) -> Iterator[float]:
        while True:
            yield from rng.random(BATCH).tolist()


@dataclass(frozen=True)
class HomeGoal:
    """A task in a scene, and how many official games have it."""

    task: TaskType
    target: str
    destination: str
    count: int
    is_held_out: bool


@dataclass(frozen=True)
class Needs:
    """How many of each kind of furniture and of objects a goal needs at least."""

    receptacles: Mapping[str, int]
    objects: Mapping[str, int]


@dataclass(frozen=True)
class SceneTables:
    """The statistics of one type of room.

    `receptacles` and `objects` say how often there are 0, 1, 2, ... of a kind where no goal asks for some.
    `placement` gives per kind of object the expected number in one receptacle of each kind, and under "" in none.
    """

    games: int
    goals: tuple[HomeGoal, ...]
    receptacles: Mapping[str, Histogram]
    objects: Mapping[str, Histogram]
    all_receptacles: Mapping[str, Histogram]
    all_objects: Mapping[str, Histogram]
    placement: Mapping[str, Mapping[str, float]]
    capacity: Mapping[str, int]
    openable: Mapping[str, float]
    shared_places: tuple[tuple[tuple[str, ...], float], ...]


@dataclass(frozen=True)
class Tables:
    """The statistics of all scenes, and what is true of kinds everywhere."""

    scenes: Mapping[Scene, SceneTables]
    accepts: Mapping[str, tuple[str, ...]]
    properties: Mapping[str, tuple[str, ...]]


@functools.cache
def load_tables() -> Tables:
    """Return the packaged statistics; read once, 5 ms."""
    text = resources.files("vlm_gym.games.household").joinpath("generator.json").read_text(encoding="utf-8")
    data = json.loads(text)
    held_out = {(target, destination) for target, destination in data["held_out"]}
    return Tables(
        scenes={scene: _scene_tables(data["scenes"][scene], held_out) for scene in SCENES},
        accepts={spot: tuple(things) for spot, things in data["accepts"].items()},
        properties={thing: tuple(words) for thing, words in data["properties"].items()},
    )


def needs_of(goal: HomeGoal) -> Needs:
    """Return what a room must have for a goal. Kitchens have all appliances, bathrooms a sink."""
    if goal.task == "look":
        return Needs({}, {goal.target: 1, LAMP: 1})
    return Needs({goal.destination: 1}, {goal.target: NUM_TARGETS[goal.task]})


def needs_of_all(goals: Iterable[HomeGoal]) -> Needs:
    """Return what a room must have for goals about different kinds of objects."""
    receptacles: dict[str, int] = {}
    objects: dict[str, int] = {}
    for needs in map(needs_of, goals):
        receptacles |= needs.receptacles
        objects |= needs.objects
    return Needs(receptacles, objects)


def _scene_tables(data: dict[str, Any], held_out: set[tuple[str, str]]) -> SceneTables:
    goals = tuple(
        HomeGoal(task, target, destination, count, (target, destination) in held_out)
        for task, rows in data["goals"].items()
        for target, destination, count in rows
    )
    needs = [(needs_of(goal), goal.count) for goal in goals]
    spots, things = data["receptacles"], data["objects"]
    return SceneTables(
        games=data["games"],
        goals=goals,
        receptacles=_without_needs(spots, [(need.receptacles, count) for need, count in needs]),
        objects=_without_needs(things, [(need.objects, count) for need, count in needs]),
        all_receptacles={kind: tuple(counts) for kind, counts in spots.items()},
        all_objects={kind: tuple(counts) for kind, counts in things.items()},
        placement=_rates(data["placement"], spots, things),
        capacity=data["capacity"],
        openable=data["openable"],
        shared_places=tuple((tuple(kinds), _rate(kinds, count, spots)) for kinds, count in data["shared_places"]),
    )


def _without_needs(
    histograms: dict[str, list[int]], needs: list[tuple[Mapping[str, int], int]]
) -> dict[str, Histogram]:
    """Take out the games whose goal asks for some of a kind, so that a draw with and one without make up the whole."""
    rest = {kind: [float(count) for count in counts] for kind, counts in histograms.items()}
    for needed, games in needs:
        for kind, least in needed.items():
            counts = histograms[kind]
            total = sum(counts[least:])
            for number in range(least, len(counts)):
                rest[kind][number] -= games * counts[number] / total
    return {kind: tuple(max(0.0, count) for count in counts) for kind, counts in rest.items()}


def _rates(
    placement: dict[str, dict[str, int]], spots: dict[str, list[int]], things: dict[str, list[int]]
) -> dict[str, dict[str, float]]:
    """Turn numbers of placements into rates per receptacle; the rest of an object's kind is in none."""
    rates = {}
    for thing, counts in things.items():
        placed = placement.get(thing, {})
        rates[thing] = {spot: count / _total(spots[spot]) for spot, count in placed.items()}
        rates[thing][""] = max(0, _total(counts) - sum(placed.values())) / sum(counts)
    return rates


def _rate(kinds: list[str], count: int, spots: dict[str, list[int]]) -> float:
    """Return how often receptacles of these kinds share a place in a room that has them."""
    rooms = min(sum(spots[kind][kinds.count(kind) :]) for kind in kinds)
    return count / max(rooms, count / len(kinds))


def _total(counts: list[int]) -> int:
    return sum(number * count for number, count in enumerate(counts))
