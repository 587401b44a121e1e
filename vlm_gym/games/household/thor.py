"""A household game on AI2-THOR, as it stands: the photo, what alfworld and AI2-THOR know of the room, and the view.

Names are alfworld's, which numbers things in the order in which it finds them: "apple 2" here may be "apple 1" in the
text game.
"""

from dataclasses import dataclass, field
from typing import Final

from vlm_gym.games.household.view import HouseholdView, SeenObject, SeenReceptacle
from vlm_gym.games.household.world import Pose, TaskType

NOWHERE: Final = "nothing"  # how alfworld calls the receptacle that the agent stands at before it has gone anywhere


@dataclass(frozen=True)
class Photo:
    """A picture of AI2-THOR: (height, width, 3) RGB bytes, row by row."""

    height: int
    width: int
    pixels: bytes = field(repr=False)


@dataclass(frozen=True)
class ThorReceptacle:
    """Furniture: its id in AI2-THOR ("Fridge|-02.10|+00.00|+01.09"), name, whether it is closed, where to stand.

    `is_closed` is None where there is no door.
    """

    id: str
    name: str
    is_closed: bool | None
    pose: Pose

    @property
    def kind(self) -> str:
        """Its kind, as in its name."""
        return self.name.rpartition(" ")[0]

    @property
    def position(self) -> tuple[float, float, float]:
        """Where it stands: x, height and y in metres, as in its id."""
        return _position(self.id)


@dataclass(frozen=True)
class ThorObject:
    """A thing that can be picked up or turned on: its id, its name if it has been found, where it lies, if it is on."""

    id: str
    name: str | None
    inside: tuple[str, ...]
    is_on: bool

    @property
    def kind(self) -> str:
        """Its kind: "alarmclock"."""
        return self.id.partition("|")[0].lower()

    @property
    def position(self) -> tuple[float, float, float]:
        """Where it lay at the start: x, height and y in metres, as in its id."""
        return _position(self.id)


@dataclass(frozen=True)
class ThorState:
    """Everything that changes.

    `at` is the name of the receptacle that the agent went to last, `seen` the ids of all that has a pixel in the photo;
    `clean`, `hot` and `cool` are ids. `target` and `destination` are kinds, as in `Goal`.
    """

    photo: Photo
    task: TaskType
    target: str
    destination: str
    receptacles: tuple[ThorReceptacle, ...]
    objects: tuple[ThorObject, ...]
    at: str
    agent: Pose
    hand: str | None
    seen: frozenset[str]
    clean: frozenset[str]
    hot: frozenset[str]
    cool: frozenset[str]
    admissible: tuple[str, ...]
    is_won: bool
    progress: float

    @property
    def here(self) -> ThorReceptacle | None:
        """The receptacle that the agent stands at; None in the middle of the room."""
        return next((receptacle for receptacle in self.receptacles if receptacle.name == self.at), None)

    @property
    def held(self) -> ThorObject | None:
        """What the agent carries."""
        return next((thing for thing in self.objects if thing.id == self.hand), None)


def view_of(state: ThorState) -> HouseholdView:
    """Return what the photo shows and alfworld has named; neither warmth nor dirt can be seen in it."""
    held = state.held
    return HouseholdView(
        receptacles=tuple(_see_receptacle(state, receptacle) for receptacle in state.receptacles),
        agent=state.agent,
        beside=(),
        hand=None if held is None else _see_object(held),
    )


def _see_receptacle(state: ThorState, receptacle: ThorReceptacle) -> SeenReceptacle:
    is_here = receptacle.name == state.at
    contents = None
    if is_here and not receptacle.is_closed:
        things = [thing for thing in state.objects if thing.id in state.seen and thing.name and thing.id != state.hand]
        contents = tuple(map(_see_object, things))
    x, height, y = receptacle.position
    return SeenReceptacle(
        name=receptacle.name,
        kind=receptacle.kind,
        x=x,
        y=y,
        height=height,
        pose=receptacle.pose,
        is_here=is_here,
        is_openable=receptacle.is_closed is not None,
        is_open=not receptacle.is_closed if is_here and receptacle.is_closed is not None else None,
        contents=contents,
    )


def _see_object(thing: ThorObject) -> SeenObject:
    return SeenObject(thing.name or thing.kind, thing.kind, ("on",) if thing.is_on else ())


def _position(id: str) -> tuple[float, float, float]:  # noqa: A002 - AI2-THOR's word
    x, height, y = id.split("|")[1:4]
    return float(x), float(height), float(y)
