"""Views of homes that the picture tests build by hand."""

import pytest

from vlm_gym.games.household.view import HouseholdView, SeenObject, SeenReceptacle
from vlm_gym.games.household.world import Pose

OPENABLE = ("cabinet", "drawer", "fridge", "microwave", "safe")
KITCHEN = (
    *((f"cabinet {n}", 0.3 * n, -2.0 if n % 2 else 1.4, 0.4 if n < 5 else 1.9, n) for n in range(1, 9)),
    *((f"drawer {n}", -1.5, -2.0 + 0.3 * n, 0.7, 10 + n) for n in range(1, 6)),
    *((f"stoveburner {n}", -1.4 + 0.2 * (n % 2), 1.1 + 0.2 * (n // 2), 0.9, 20) for n in range(1, 5)),
    ("countertop 1", -1.3, 1.2, 0.9, 20), ("countertop 2", 1.9, -1.9, 0.9, 21), ("diningtable 1", 0.2, -0.2, 0.7, 22),
    ("fridge 1", 2.4, 1.3, 0.8, 23), ("microwave 1", -1.5, 0.4, 1.2, 24), ("sinkbasin 1", 0.6, 1.5, 0.8, 25),
    ("coffeemachine 1", 1.9, -1.8, 1.1, 21), ("toaster 1", -1.4, 0.7, 1.0, 26), ("garbagecan 1", 2.4, -1.2, 0.1, 27),
)  # fmt: skip
BATHROOM = (
    ("toilet 1", 0.0, 1.5, 0.4, 1), ("bathtubbasin 1", 1.5, 0.5, 0.3, 2), ("sinkbasin 1", -1.2, 0.2, 0.8, 3),
    ("countertop 1", -1.2, 0.3, 0.8, 3), ("towelholder 1", 1.5, -0.7, 1.4, 4),
    ("toiletpaperhanger 1", 0.6, 1.5, 0.7, 5), ("cabinet 1", -1.2, 0.0, 0.3, 6),
    ("cabinet 2", -1.2, 0.6, 0.3, 7), ("garbagecan 1", 0.7, 1.4, 0.1, 8),
)  # fmt: skip
BEDROOM = (
    ("bed 1", 1.5, 0.0, 0.4, 1), ("desk 1", -1.5, 1.0, 0.7, 2), ("drawer 1", -1.5, 0.9, 0.5, 2),
    ("drawer 2", -1.5, 1.1, 0.5, 2), ("drawer 3", -1.5, 1.1, 0.3, 2), ("shelf 1", 0.0, 2.5, 1.5, 3),
    ("laundryhamper 1", 1.4, -2.0, 0.1, 4), ("garbagecan 1", -1.4, -2.0, 0.1, 5), ("safe 1", -0.5, 2.4, 0.3, 6),
    ("dresser 1", 0.7, -2.1, 0.6, 7), ("armchair 1", -1.5, -1.0, 0.4, 8),
)  # fmt: skip
LIVING_ROOM = (
    ("sofa 1", 0.0, 2.0, 0.4, 1), ("coffeetable 1", 0.1, 1.0, 0.3, 2), ("tvstand 1", 0.0, -2.0, 0.4, 3),
    ("armchair 1", -1.5, 1.2, 0.4, 4), ("ottoman 1", 1.4, 1.3, 0.2, 5), ("sidetable 1", -1.6, 2.0, 0.5, 6),
    *((f"shelf {n}", 2.5, -1.5 + 0.6 * n, 0.4 * n, 7) for n in range(1, 5)), ("cart 1", -2.4, -1.0, 0.5, 8),
)  # fmt: skip
ROOMS = {"kitchen": KITCHEN, "bathroom": BATHROOM, "bedroom": BEDROOM, "livingroom": LIVING_ROOM}


def see(name, *states):
    """Return an object in sight."""
    return SeenObject(name, name.rpartition(" ")[0], states)


def _pose(rows, place):
    """Stand a step nearer to the middle of the room than what is there, and look at it."""
    spots = [(x, y) for _, x, y, _, at in rows if at == place]
    x, y = spots[0] if spots else (0.1, 0.4)
    heading = (90 if x > 0 else 270) if abs(x) > abs(y) else (0 if y > 0 else 180)
    return Pose(0.6 * x, 0.6 * y, heading, 30)


def _receptacle(rows, row, place, contents):
    name, x, y, height, at = row
    is_here, is_openable = at == place, name.split()[0] in OPENABLE
    inside = contents.get(name) if is_openable else contents.get(name, ())
    is_open = inside is not None if is_here and is_openable else None
    return SeenReceptacle(
        name, name.split()[0], x, y, height, _pose(rows, at), is_here, is_openable, is_open, inside if is_here else None
    )


def build_view(room, at="", contents=None, hand=None, beside=()):
    """Return the view of a room from where a receptacle is used; openable ones are open if contents are given."""
    rows = ROOMS[room] if isinstance(room, str) else room
    place = next((row[4] for row in rows if row[0] == at), 0)
    receptacles = tuple(_receptacle(rows, row, place, contents or {}) for row in rows)
    return HouseholdView(receptacles, _pose(rows, place), tuple(beside), hand)


@pytest.fixture
def make_view():
    """Return the builder of views."""
    return build_view


@pytest.fixture
def make_object():
    """Return the builder of objects."""
    return see
