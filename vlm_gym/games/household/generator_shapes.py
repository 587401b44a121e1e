"""The furniture of generated homes: how large it is, how high it hangs, and what stands together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from vlm_gym.games.household.generator_contents import Spot
from vlm_gym.games.household.generator_tables import Draws, Scene

Lane = Literal["floor", "low", "top", "high", "middle"]


@dataclass(frozen=True)
class Shape:
    """Metres along the wall and away from it, metres above the floor, degrees to look down, and where it goes.

    Lanes: "floor" stands at a wall, "low" is under a worktop, "top" is worktop or stands on it, "high" hangs on a
    wall, "middle" is away from the walls.
    """

    width: float
    depth: float
    height: float
    pitch: int
    lane: Lane


class Member(NamedTuple):
    """A receptacle in a piece of furniture: metres along the wall from its middle, and away from the wall."""

    spot: Spot
    along: float
    inset: float
    height: float
    pitch: int


@dataclass
class Piece:
    """Furniture that is set up as one."""

    shape: Shape
    members: list[Member] = field(default_factory=list)


SHAPES: Final[Mapping[str, Shape]] = {
    "ArmChair": Shape(0.9, 0.9, 0.0, 60, "floor"), "BathtubBasin": Shape(1.6, 0.7, 0.3, 60, "floor"),
    "Bed": Shape(1.6, 2.0, 0.0, 45, "floor"), "Cart": Shape(0.5, 0.5, 0.0, 60, "floor"),
    "CoffeeMachine": Shape(0.35, 0.4, 0.9, 45, "top"), "CoffeeTable": Shape(1.0, 0.6, 0.0, 60, "middle"),
    "CounterTop": Shape(1.2, 0.6, 0.95, 45, "top"), "Desk": Shape(1.2, 0.6, 0.0, 60, "floor"),
    "DiningTable": Shape(1.4, 0.9, 0.0, 60, "middle"), "Dresser": Shape(1.2, 0.5, 0.0, 60, "floor"),
    "Fridge": Shape(0.8, 0.75, 0.0, 60, "floor"), "GarbageCan": Shape(0.35, 0.35, 0.0, 60, "floor"),
    "HandTowelHolder": Shape(0.3, 0.1, 1.6, 0, "high"), "LaundryHamper": Shape(0.45, 0.45, 0.0, 60, "floor"),
    "Microwave": Shape(0.5, 0.4, 0.9, 45, "top"), "Ottoman": Shape(0.7, 0.6, 0.0, 60, "middle"),
    "Safe": Shape(0.5, 0.5, 0.0, 60, "floor"), "SideTable": Shape(0.5, 0.5, 0.0, 60, "floor"),
    "SinkBasin": Shape(0.6, 0.5, 0.82, 45, "top"), "Sofa": Shape(1.9, 0.9, 0.0, 60, "floor"),
    "TVStand": Shape(1.5, 0.45, 0.0, 60, "floor"), "Toaster": Shape(0.35, 0.3, 0.9, 45, "top"),
    "Toilet": Shape(0.5, 0.7, 0.0, 60, "floor"), "ToiletPaperHanger": Shape(0.2, 0.1, 0.9, 45, "high"),
    "TowelHolder": Shape(0.6, 0.1, 1.4, 15, "high"),
}  # fmt: skip
CUPBOARD: Final = Shape(0.6, 0.6, 0.4, 60, "low")
WALL_CUPBOARD: Final = Shape(0.6, 0.35, 2.01, -30, "high")
CHEST: Final = Shape(0.5, 0.55, 0.0, 60, "low")
STOVE: Final = Shape(0.6, 0.6, 0.94, 45, "top")
SHELVES: Final = Shape(0.8, 0.3, 0.0, 45, "floor")
WALL_SHELF: Final = Shape(0.8, 0.25, 1.4, 15, "high")
DRAWER_LEVELS: Final = ((0.78, 45), (0.58, 60), (0.38, 60), (0.18, 60))  # height and pitch from the top
SHELF_LEVELS: Final = ((0.55, 60), (1.0, 45), (1.45, 15), (0.2, 60))
CARRIERS: Final[Mapping[str, tuple[float, ...]]] = {
    "Dresser": (-0.3, 0.3), "Desk": (0.35,), "SideTable": (0.0,), "TVStand": (-0.45, 0.45),
}  # fmt: skip
DRAWERS_OF_CARRIER: Final[Mapping[str, int]] = {"Dresser": 8, "Desk": 3, "SideTable": 2, "TVStand": 2}
BURNERS: Final = ((-0.17, 0.15), (0.17, 0.15), (-0.17, 0.43), (0.17, 0.43), (0.0, 0.15), (0.0, 0.43))


def make_pieces(scene: Scene, receptacles: Mapping[str, int], draws: Draws) -> list[Piece]:
    """Return the furniture that holds these numbers of receptacles of each kind."""
    pieces = [
        Piece(
            SHAPES[kind], [Member((kind, index), 0.0, SHAPES[kind].depth / 2, SHAPES[kind].height, SHAPES[kind].pitch)]
        )
        for kind, count in receptacles.items()
        if kind in SHAPES
        for index in range(count)
    ]
    left = list(range(receptacles.get("Drawer", 0)))
    for piece in draws.shuffled(pieces):
        _put_drawers(piece, left)
    pieces.extend(_stacks("Drawer", left, CHEST, DRAWER_LEVELS, draws))
    pieces.extend(_shelves(receptacles.get("Shelf", 0), draws))
    pieces.extend(_cupboards(scene, receptacles.get("Cabinet", 0), draws))
    burners = range(receptacles.get("StoveBurner", 0))
    if burners:
        members = [Member(("StoveBurner", index), *BURNERS[index], STOVE.height, STOVE.pitch) for index in burners]
        pieces.append(Piece(STOVE, members))
    return pieces


def _put_drawers(piece: Piece, left: list[int]) -> None:
    """Give a dresser, desk or table drawers of its own, as long as there are some."""
    kind = piece.members[0].spot[0]
    for number in range(DRAWERS_OF_CARRIER.get(kind, 0)):
        if not left:
            return
        columns = CARRIERS[kind]
        height, pitch = DRAWER_LEVELS[number // len(columns)]
        along = columns[number % len(columns)]
        piece.members.append(Member(("Drawer", left.pop(0)), along, piece.shape.depth - 0.12, height, pitch))


def _stacks(
    kind: str, indices: list[int], shape: Shape, levels: tuple[tuple[float, int], ...], draws: Draws
) -> list[Piece]:
    """Set up what is left in columns of random height."""
    pieces = []
    while indices:
        size = 1 + draws.below(min(len(levels), len(indices)))
        members = [
            Member((kind, indices.pop(0)), 0.0, shape.depth - 0.1, height, pitch) for height, pitch in levels[:size]
        ]
        pieces.append(Piece(shape, members))
    return pieces


def _shelves(count: int, draws: Draws) -> list[Piece]:
    """Hang up a single shelf; set up more of them in columns."""
    if count == 1:
        member = Member(("Shelf", 0), 0.0, WALL_SHELF.depth / 2, WALL_SHELF.height, WALL_SHELF.pitch)
        return [Piece(WALL_SHELF, [member])]
    return _stacks("Shelf", list(range(count)), SHELVES, SHELF_LEVELS, draws)


def _cupboards(scene: Scene, count: int, draws: Draws) -> list[Piece]:
    """Half of a kitchen's cupboards hang on the walls; all others stand on the floor."""
    pieces = []
    for index in range(count):
        shape = WALL_CUPBOARD if scene == "kitchen" and draws.uniform() < 0.5 else CUPBOARD
        pieces.append(Piece(shape, [Member(("Cabinet", index), 0.0, shape.depth, shape.height, shape.pitch)]))
    return pieces
