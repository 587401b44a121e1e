"""What a player of a household game sees: what the pictures and the prompts are made of.

It follows what the text game tells. All furniture is known from the introduction, and where it stands can be seen.
Whether a door is open and what is inside or on top can be seen only from the place where the agent stands, and never
through a closed door. The task is not part of the view.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from vlm_gym.games.household import rules
from vlm_gym.games.household.world import NOTHING, HouseholdState, Pose, World

ObjectState = Literal["hot", "cold", "clean", "sliced", "on"]
OBJECT_STATES: Final[tuple[ObjectState, ...]] = ("hot", "cold", "clean", "sliced", "on")


class SeenObject(NamedTuple):
    """An object in sight: its name ("apple 1"), its kind ("apple"), and its states in the order of ObjectState."""

    name: str
    kind: str
    states: tuple[ObjectState, ...] = ()


class SeenReceptacle(NamedTuple):
    """A piece of furniture: its name ("cabinet 12"), kind ("cabinet"), and where it stands.

    Shapes and units: `x` and `y` are metres on the floor and `height` metres above it, in the scene's own coordinates
    (either sign); `pose` is where the agent stands to use it, which several receptacles can share.
    `is_open` is None if it cannot be opened or is out of reach; `contents` is None if it is closed or out of reach, and
    lists the objects in the order of the game's texts otherwise.
    """

    name: str
    kind: str
    x: float
    y: float
    height: float
    pose: Pose
    is_here: bool
    is_openable: bool
    is_open: bool | None
    contents: tuple[SeenObject, ...] | None


@dataclass(frozen=True)
class HouseholdView:
    """The room as the agent sees it; with its notes, where it keeps some.

    `receptacles` are all there are, in the order of the game's texts; those with `is_here` are the ones that the agent
    faces: none before the first "go to", and up to five at once. `beside` are the objects that the game calls "next to
    it": each once, also listed where they were put. `hand` is what the agent carries.
    """

    receptacles: tuple[SeenReceptacle, ...]
    agent: Pose
    beside: tuple[SeenObject, ...]
    hand: SeenObject | None
    notes: "Notes | None" = None

    @property
    def facing(self) -> tuple[SeenReceptacle, ...]:
        """The receptacles within reach."""
        return tuple(receptacle for receptacle in self.receptacles if receptacle.is_here)


@dataclass(frozen=True)
class Notes:
    """What a player knows from all views so far: all that can matter of them, and nothing that was not seen.

    Attributes:
        contents: By the name of a receptacle what was in or on it when it was last seen open.
        doors: By the name of a receptacle with a door whether it stood open when it was last seen from near.
        refused: The commands that were not possible since the last one that was, each once.
    """

    contents: Mapping[str, tuple[SeenObject, ...]] = field(default_factory=dict)
    doors: Mapping[str, bool] = field(default_factory=dict)
    refused: tuple[str, ...] = ()

    def look(self, view: HouseholdView) -> "Notes":
        """Return the notes after a command that was possible, with what can be seen then."""
        facing = view.facing
        seen = {receptacle.name: receptacle.contents for receptacle in facing if receptacle.contents is not None}
        doors = {receptacle.name: receptacle.is_open for receptacle in facing if receptacle.is_open is not None}
        return Notes({**self.contents, **seen}, {**self.doors, **doors})

    def refuse(self, command: str) -> "Notes":
        """Return the notes after a command that was not possible."""
        return replace(self, refused=tuple(dict.fromkeys((*self.refused, command))))


def view_of(world: World, state: HouseholdState) -> HouseholdView:
    """Return what the player sees in this state."""
    receptacles = list(_out_of_reach(world))
    for spot in rules.receptacles_here(world, state):
        receptacles[spot] = _see_receptacle(world, state, spot)
    return HouseholdView(
        receptacles=tuple(receptacles),
        agent=world.places[state.place].pose,
        beside=tuple(see_object(world, state, thing) for thing in dict.fromkeys(rules.next_to(world, state))),
        hand=None if state.hand == NOTHING else see_object(world, state, state.hand),
    )


def see_object(world: World, state: HouseholdState, thing: int) -> SeenObject:
    """Return how an object looks."""
    masks = (state.hot, state.cool, state.clean, state.sliced, state.toggled)
    states = tuple(word for word, mask in zip(OBJECT_STATES, masks, strict=True) if mask >> thing & 1)
    return SeenObject(world.objects[thing].name, world.objects[thing].kind, states)


def _see_receptacle(world: World, state: HouseholdState, spot: int) -> SeenReceptacle:
    """Return how a receptacle looks from where it can be used."""
    is_shut = bool(rules.closed(world, state) >> spot & 1)
    far = _out_of_reach(world)[spot]
    contents = None if is_shut else tuple(see_object(world, state, thing) for thing in state.contents[spot])
    return far._replace(is_here=True, is_open=not is_shut if far.is_openable else None, contents=contents)


@lru_cache(maxsize=256)
def _out_of_reach(world: World) -> tuple[SeenReceptacle, ...]:
    """Return how the receptacles look from elsewhere: that never changes."""
    return tuple(
        SeenReceptacle(
            name=receptacle.name,
            kind=receptacle.kind,
            x=receptacle.x,
            y=receptacle.y,
            height=receptacle.height,
            pose=world.places[receptacle.place].pose,
            is_here=False,
            is_openable=bool(world.openable >> spot & 1),
            is_open=None,
            contents=None,
        )
        for spot, receptacle in enumerate(world.receptacles)
    )
