"""Two plates with a number each, of which one shows the target."""

from typing import Final, Literal, get_args

PlateColor = Literal["blue", "orange"]

PLATE_COLORS: Final[tuple[PlateColor, ...]] = get_args(PlateColor)
"""From left to right."""


def plate_numbers(color: PlateColor, target: int, other: int) -> dict[PlateColor, int]:
    """Return the numbers on the plates, from left to right; the plate of `color` shows the target."""
    return {name: target if name == color else other for name in PLATE_COLORS}
