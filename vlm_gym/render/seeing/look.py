"""How hard a picture is to read: the levels of the axis *seeing*, and what is drawn of an episode's look."""

import hashlib
import struct
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Difficulty:
    """What a level does to a picture.

    Attributes:
        turn: By how many degrees a card is turned at most, either way.
        smallest: The smallest card, as a share of the largest.
        size: The largest card, as a share of what fits.
        can_overlap: Whether cards may lie on each other; what tells a card is never covered.
        tilt: How much narrower the far edge of the table may be, as a share of the near one.
        slope: By how many degrees a number line is tilted at most.
        bend: How far a number line may bulge, as a share of its length.
        is_sparse: Whether some labels of a number line are missing and its ticks have another unit.
        is_lit: Whether there are light, shadow, glare and noise, and things lie about on the table.
    """

    turn: float
    smallest: float
    size: float
    can_overlap: bool = False
    tilt: float = 0.0
    slope: float = 10.0
    bend: float = 0.0
    is_sparse: bool = False
    is_lit: bool = False


LEVELS: Final = (
    Difficulty(turn=14.0, smallest=0.78, size=1.0),
    Difficulty(180.0, 0.85, 1.0, can_overlap=True, tilt=0.2, slope=24.0, bend=0.16, is_sparse=True),
    Difficulty(180.0, 0.85, 1.0, can_overlap=True, tilt=0.2, slope=24.0, bend=0.16, is_sparse=True, is_lit=True),
    Difficulty(180.0, 0.85, 0.78, can_overlap=True, tilt=0.26, slope=32.0, bend=0.2, is_sparse=True, is_lit=True),
)
"""Those of levels 1 and up; level 0 is the task as it is without the axis."""

MAX_SEEING: Final = len(LEVELS)
SEED_BYTES: Final = 8


class Traits(NamedTuple):
    """Numbers from 0 to 1 that choose from what there is: a deck, a table and a light with the corner of each."""

    deck: float
    table: float
    table_left: float
    table_top: float
    light: float
    light_left: float
    light_top: float
    camera_left: float
    camera_right: float
    camera_down: float


@dataclass(frozen=True)
class Look:
    """What makes the pictures of one episode: a level from 1, and a number of 64 bits from which all else is drawn."""

    level: int
    seed: int

    @property
    def difficulty(self) -> Difficulty:
        """What the level does."""
        return LEVELS[self.level - 1]

    @cached_property
    def traits(self) -> Traits:
        """What all parts of the picture share."""
        count = len(Traits._fields)  # a hash, since a generator takes ten times as long to be made
        digest = hashlib.blake2b(self.seed.to_bytes(SEED_BYTES, "big"), digest_size=4 * count).digest()
        return Traits(*(number / 2**32 for number in struct.unpack(f">{count}I", digest)))

    def rng(self, part: int) -> np.random.Generator:
        """Return the chance of one part of the picture, which depends on no other part."""
        return np.random.default_rng((self.seed, part))


def draw_look(level: int, rng: np.random.Generator) -> Look | None:
    """Return the look of an episode that has just been dealt; None at level 0.

    It follows from the state of the generator and leaves that as it is: at all levels the same seeds deal the same.
    """
    if level == 0:
        return None
    state = repr(rng.bit_generator.state).encode()
    return Look(level, int.from_bytes(hashlib.blake2b(state, digest_size=SEED_BYTES).digest(), "big"))
