"""From the PDDL problem of a game file to a `World`.

The text is taken apart with one regular expression and never evaluated.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from sys import intern
from typing import Final, TypeAlias

from vlm_gym.errors import ConfigError
from vlm_gym.games.household.commands import departure
from vlm_gym.games.household.tasks import GoalKinds, read_goal
from vlm_gym.games.household.world import (
    NOTHING,
    TREATMENTS,
    Goal,
    HouseholdObject,
    HouseholdState,
    Place,
    Pose,
    Receptacle,
    Treatment,
    World,
    mask_of,
)

GRID_M: Final = 0.25  # metres between two spots of ALFRED's floor grid
KNIFE_TYPES: Final = ("knifetype", "butterknifetype")
ABILITIES: Final[Mapping[Treatment, str]] = {"clean": "cleanable", "heat": "heatable", "cool": "coolable"}
APPLIANCE_TYPES: Final[Mapping[Treatment, tuple[str, ...]]] = {
    "clean": ("sinktype", "sinkbasintype"), "heat": ("microwavetype",), "cool": ("fridgetype",),
}  # fmt: skip

_ARITY: Final = {
    "atlocation": 2, "receptacleatlocation": 2, "objectatlocation": 2, "inreceptacle": 2, "inreceptacleobject": 2,
    "receptacletype": 2, "objecttype": 2, "cancontain": 2, "openable": 1, "opened": 1, "isreceptacleobject": 1,
    "pickupable": 1, "moveable": 1, "cleanable": 1, "heatable": 1, "coolable": 1, "toggleable": 1, "sliceable": 1,
    "isclean": 1, "ishot": 1, "iscool": 1, "ison": 1, "istoggled": 1, "issliced": 1,
}  # fmt: skip
_FACT: Final = re.compile(r"\(([a-z]+) ([^\s()]+)(?: ([^\s()]+))?\)")
_NUMBER: Final = re.compile(r"(_plus_|_minus_)?([0-9]{1,6})(?:_dot_([0-9]{1,6}))?")

Facts: TypeAlias = defaultdict[str, list[tuple[str, str]]]


def parse_problem(problem: str, sentence: str) -> World:
    """Return the world of a PDDL problem of the ALFWorld domain, about 1 ms.

    `sentence` is the task without "Your task is to: ". Raises ConfigError for a text that is not such a problem.
    """
    text = problem.lower()
    start, end = text.find("(:init"), text.find("(:goal")
    if not 0 <= start < end:
        raise ConfigError("the PDDL problem has no (:init ...) followed by a (:goal ...)")
    goal = read_goal(_balanced(text[end:]))
    if goal is None:
        raise ConfigError(f"the goal is none of the six ALFWorld tasks: {text[end : end + 200]!r}")
    return build_world(_read_facts(text[start + len("(:init") : end]), goal, sentence)


def build_world(facts: Facts, goal: GoalKinds, sentence: str) -> World:
    """Return the world of the facts of an `(:init ...)`: by predicate the pairs of what it is said of, in lower case.

    Of a predicate with one argument the second of a pair is "". Raises ConfigError if they do not make a game.
    """
    return _Builder(facts).build(goal, sentence)


def build_worlds(facts: Facts, tasks: Sequence[tuple[GoalKinds, str]]) -> tuple[World, ...]:
    """Return the worlds of the same facts with one goal and its sentence each, as `build_world` does for one."""
    builder = _Builder(facts)
    world = builder.build(*tasks[0])
    return world, *(builder.with_goal(world, *task) for task in tasks[1:])


def _balanced(text: str) -> str:
    depth = 0
    for match in re.finditer(r"[()]", text):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return text[: match.end()]
    raise ConfigError("the (:goal ...) of the PDDL problem is cut off")


def _read_facts(section: str) -> Facts:
    facts: Facts = defaultdict(list)
    matches = _FACT.findall(section)
    if len(matches) != section.count("("):
        raise ConfigError(f"the (:init ...) has {section.count('(')} facts, of which {len(matches)} can be read")
    for predicate, first, second in matches:
        if _ARITY.get(predicate) != (2 if second else 1):
            raise ConfigError(f"the fact ({predicate} {first} {second}) is not of the ALFWorld domain")
        facts[predicate].append((first, second))
    return facts


def _names(facts: Facts) -> dict[str, tuple[str, str]]:
    """Return the kind and the name of every thing: per kind the sorted ids are numbered n, n-1, ..., 1."""
    words = {*chain.from_iterable(chain.from_iterable(facts.values()))}
    ids = sorted([word for word in words if "_bar_" in word and not word.startswith("loc_bar_")])
    kinds = [_kind(entity) for entity in ids]
    left = Counter(kinds)
    names = {}
    for entity, kind in zip(ids, kinds, strict=True):
        names[entity] = (kind, intern(f"{kind} {left[kind]}"))
        left[kind] -= 1
    return names


def _kind(entity: str) -> str:
    return intern(entity.partition("_bar_")[0] + ("basin" if "basin" in entity else ""))


def _numbers(entity: str, count: int) -> list[float]:
    """Return the numbers written in an id, as in `bed_bar__plus_02_dot_40_bar__plus_00_dot_01_bar__minus_00_dot_07`."""
    values = [_number(part) for part in entity.split("_bar_")[1 : 1 + count]]
    numbers = [value for value in values if value is not None]
    if len(numbers) != count:
        raise ConfigError(f"the id {entity!r} does not contain {count} numbers")
    return numbers


@lru_cache(maxsize=4096)  # homes share most of them
def _number(text: str) -> float | None:
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    sign, whole, decimals = match.groups("0")
    return (-1 if sign == "_minus_" else 1) * float(f"{whole}.{decimals}")


def _pose(location: str) -> Pose:
    column, row, turns, pitch = _numbers(location, 4)
    return Pose(column * GRID_M, row * GRID_M, int(turns) * 90, int(pitch))


@dataclass
class _Builder:
    """Numbers the entities of the facts and gathers what the facts say of each."""

    facts: Facts

    def __post_init__(self) -> None:
        self.object_types = dict(self.facts["objecttype"])
        self.spot_types = dict(self.facts["receptacletype"])
        self.names = _names(self.facts)
        self.objects = {entity: number for number, entity in enumerate(sorted(self.object_types))}
        self.spots = {entity: number for number, entity in enumerate(sorted(self.spot_types))}
        self.location_of = dict(self.facts["receptacleatlocation"])
        starts = [location for _, location in self.facts["atlocation"]]
        if len(starts) != 1:
            raise ConfigError(f"the PDDL problem should say once where the agent is, got {len(starts)} times")
        if not self.objects or not self._has_one_place_each():
            raise ConfigError("the PDDL problem should have objects, and receptacles with one place each")
        self.start_location = starts[0]
        self.places = {entity: number for number, entity in enumerate(sorted({*self.location_of.values(), *starts}))}

    def _has_one_place_each(self) -> bool:
        pairs = {*self.facts["receptacleatlocation"]}
        return pairs == {*self.location_of.items()} and {*self.location_of} == {*self.spots}

    def build(self, kinds: GoalKinds, sentence: str) -> World:
        try:
            return self._world(kinds, sentence)
        except KeyError as error:
            raise ConfigError(f"the PDDL problem says nothing of the type of {error.args[0]!r}") from None

    def with_goal(self, world: World, kinds: GoalKinds, sentence: str) -> World:
        return replace(world, goal=self._make_goal(kinds), sentence=sentence)

    def _world(self, kinds: GoalKinds, sentence: str) -> World:
        objects, receptacles = self._make_objects(), self._make_receptacles()
        return World(
            objects=objects,
            receptacles=receptacles,
            places=self._make_places(receptacles),
            goal=self._make_goal(kinds),
            sentence=sentence,
            start=self._make_start(),
            openable=mask_of(self.spots[spot] for spot, _ in self.facts["openable"]),
            pickupable=self._having("pickupable"),
            toggleable=self._having("toggleable"),
            sliceable=self._having("sliceable"),
            knives=self._of_types(KNIFE_TYPES),
            treatable={treatment: self._having(ABILITIES[treatment]) for treatment in TREATMENTS},
            appliances={treatment: mask_of(self._spots_of(APPLIANCE_TYPES[treatment])) for treatment in TREATMENTS},
            object_numbers={thing.name: number for number, thing in enumerate(objects)},
            receptacle_numbers={spot.name: number for number, spot in enumerate(receptacles)},
        )

    def _having(self, predicate: str) -> int:
        """Return the objects of which a predicate holds. Two games have a cracked egg without a type: no object."""
        return mask_of(self.objects[thing] for thing, _ in self.facts[predicate] if thing in self.objects)

    def _of_types(self, types: Iterable[str]) -> int:
        return mask_of(self.objects[thing] for thing, of_type in self.object_types.items() if of_type in types)

    def _spots_of(self, types: Iterable[str]) -> tuple[int, ...]:
        return tuple(number for spot, number in self.spots.items() if self.spot_types[spot] in types)

    def _make_objects(self) -> tuple[HouseholdObject, ...]:
        holders = {holder for holder, _ in self.facts["isreceptacleobject"]}
        inside = defaultdict(list)
        for inner, outer in self.facts["inreceptacleobject"]:
            inside[outer].append(self.objects[inner])
        return tuple(
            HouseholdObject(entity, name, kind, entity in holders, tuple(sorted(inside[entity])))
            for entity, (kind, name) in ((entity, self.names[entity]) for entity in self.objects)
        )

    def _make_receptacles(self) -> tuple[Receptacle, ...]:
        by_type: dict[str, int] = defaultdict(int)
        for thing, of_type in self.object_types.items():
            by_type[of_type] |= 1 << self.objects[thing]
        accepted: dict[str, int] = defaultdict(int)
        for spot_type, object_type in self.facts["cancontain"]:
            accepted[spot_type] |= by_type[object_type]
        return tuple(self._make_receptacle(entity, accepted[self.spot_types[entity]]) for entity in self.spots)

    def _make_receptacle(self, entity: str, accepts: int) -> Receptacle:
        kind, name = self.names[entity]
        x, height, y = _numbers(entity, 3)
        return Receptacle(intern(entity), name, kind, self.places[self.location_of[entity]], x, y, height, accepts)

    def _make_places(self, receptacles: tuple[Receptacle, ...]) -> tuple[Place, ...]:
        reach: dict[int, list[int]] = defaultdict(list)
        for number, receptacle in enumerate(receptacles):
            reach[receptacle.place].append(number)
        ways = sorted((departure(receptacle.name), receptacle.place) for receptacle in receptacles)
        texts, staying = [text for text, _ in ways], defaultdict(list)
        for index, (_, place) in enumerate(ways):
            staying[place].append(index)
        return tuple(
            Place(_pose(location), tuple(reach[number]), _without(texts, staying[number]))
            for location, number in self.places.items()
        )

    def _make_goal(self, kinds: GoalKinds) -> Goal:
        targets, lamps = self._of_types((f"{kinds.target}type",)), 0
        if kinds.task == "look":
            lamps = self._of_types((f"{kinds.destination}type",)) & self._having("toggleable")
        for treatment in TREATMENTS:
            if kinds.task == treatment:
                targets &= self._having(ABILITIES[treatment])
        return Goal(*kinds, targets, self._spots_of((f"{kinds.destination}type",)), lamps)

    def _make_start(self) -> HouseholdState:
        contents: list[set[int]] = [set() for _ in self.spots]
        for thing, spot in self.facts["inreceptacle"]:
            contents[self.spots[spot]].add(self.objects[thing])
        nearby = [0] * len(self.places)
        for thing, location in self.facts["objectatlocation"]:
            if location in self.places:
                nearby[self.places[location]] |= 1 << self.objects[thing]
        return HouseholdState(
            place=self.places[self.start_location],
            hand=NOTHING,
            opened=mask_of(self.spots[spot] for spot, _ in self.facts["opened"]),
            contents=tuple(tuple(sorted(things)) for things in contents),
            nearby=tuple(nearby),
            removed=(0,) * len(self.spots),
            clean=self._having("isclean"),
            hot=self._having("ishot"),
            cool=self._having("iscool"),
            sliced=self._having("issliced"),
            toggled=self._having("istoggled"),
        )


def _without(texts: list[str], indices: list[int]) -> tuple[str, ...]:
    """Return the texts without a few, whose rising indices are given."""
    rest = texts.copy()
    for index in reversed(indices):
        del rest[index]
    return tuple(rest)
