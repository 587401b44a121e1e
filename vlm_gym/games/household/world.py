"""One household game: what never changes in it (`World`) and what does (`HouseholdState`).

Objects and receptacles are numbered in the order of their ids, which is the order of every list in the game's texts.
Sets of them are bit masks: bit i stands for number i. That makes a state small, hashable and quick to change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

TaskType = Literal["put", "look", "clean", "heat", "cool", "two"]
Treatment = Literal["clean", "heat", "cool"]
Verb = Literal[
    "look", "inventory", "help", "go to", "open", "close", "take", "move", "examine", "use", "clean", "heat", "cool",
    "slice",
]  # fmt: skip

NOTHING: Final = -1  # in the hand
TREATMENTS: Final[tuple[Treatment, ...]] = ("clean", "heat", "cool")


class Pose(NamedTuple):
    """Where the agent stands: metres on the floor, degrees clockwise from +y, degrees its head looks down."""

    x: float
    y: float
    heading: int
    pitch: int


class HouseholdObject(NamedTuple):
    """A thing in the home: its id in the game file, its name, its kind, and the objects inside it at the start."""

    id: str
    name: str
    kind: str
    holds_objects: bool
    inside: tuple[int, ...]


class Receptacle(NamedTuple):
    """Furniture: its id in the game file, name, kind, place, and where it stands: metres on the floor and above it.

    `accepts` is the set of objects that may be put there.
    """

    id: str
    name: str
    kind: str
    place: int
    x: float
    y: float
    height: float
    accepts: int


class Place(NamedTuple):
    """A spot to stand at: the pose there, the receptacles within reach, and the sorted commands that leave it."""

    pose: Pose
    receptacles: tuple[int, ...]
    departures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Goal:
    """What to do: sets of objects that count, and receptacles that count.

    `target` and `destination` are the kinds in the task sentence; in "look", `destination` is the kind of lamp.
    """

    task: TaskType
    target: str
    destination: str
    targets: int
    receptacles: tuple[int, ...]
    lamps: int


class Command(NamedTuple):
    """A command that names things of the game. The receptacle of `examine` is NOTHING if it means an object.

    `tool` is the knife of `slice`.
    """

    verb: Verb
    object: int = NOTHING
    receptacle: int = NOTHING
    tool: int = NOTHING


class HouseholdState(NamedTuple):
    """Everything that changes. Masks are sets of objects, `opened` of receptacles.

    `contents` lists the objects in each receptacle in order. `nearby` is the set of objects known to be at each place;
    `removed` the set of objects once taken from each receptacle and not put back there. An object can be in several
    receptacles and at several places, as in the official games.
    """

    place: int
    hand: int
    opened: int
    contents: tuple[tuple[int, ...], ...]
    nearby: tuple[int, ...]
    removed: tuple[int, ...]
    clean: int
    hot: int
    cool: int
    sliced: int
    toggled: int


@dataclass(frozen=True, eq=False, slots=True)
class World:
    """One game, immutable. Copies of it are the same object.

    `sentence` is the task without "Your task is to: "; `treatable` and `appliances` say what can be cleaned, heated and
    cooled, and which receptacles do it; the two mappings give the number of a name.
    """

    objects: tuple[HouseholdObject, ...]
    receptacles: tuple[Receptacle, ...]
    places: tuple[Place, ...]
    goal: Goal
    sentence: str
    start: HouseholdState
    openable: int
    pickupable: int
    toggleable: int
    sliceable: int
    knives: int
    treatable: Mapping[Treatment, int]
    appliances: Mapping[Treatment, int]
    object_numbers: Mapping[str, int]
    receptacle_numbers: Mapping[str, int]

    def __copy__(self) -> "World":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "World":
        return self


def mask_of(numbers: Iterable[int]) -> int:
    """Return the bit mask of these numbers."""
    mask = 0
    for number in numbers:
        mask |= 1 << number
    return mask


def numbers_in(mask: int) -> tuple[int, ...]:
    """Return the numbers in a bit mask, in order."""
    return tuple(number for number in range(mask.bit_length()) if mask >> number & 1)
