"""Basins, tubs and toilets, and what holds towels and paper."""

from typing import Final

from vlm_gym.render.canvas import WHITE, mix, rgb
from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.brush import Brush, arc, ring, smooth
from vlm_gym.render.household.recipe import FrontRecipe

_WATER: Final = rgb("#cfe9f4")
_CARDBOARD: Final = rgb("#c99a63")

LOW: Final = 1.1  # width by height: a wider toilet is drawn low, with more room on its tank


def _tap(brush: Brush, x: float, foot: float) -> None:
    """Draw a mixer tap that stands at `foot` and pours towards the player."""
    metal = brush.theme.metal
    for side in (-1, 1):
        brush.line([(x + side * 8, foot), (x + side * 19, foot - 4)], 6, metal)
    brush.box(x - 12, foot - 3, x + 12, foot + 4, metal, 3)
    brush.line([(x, foot - 8), (x, foot + 10)], 10, metal)
    brush.oval(x, foot - 8, 7, 5, metal)


def _sink_basin(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    far, near = max(20.0, height * 0.16), height * 0.84
    brush.box(3, near, width - 3, height - 2, mix(brush.theme.stone, brush.theme.ink, 0.2), 2)
    brush.shape(
        [(8, far * 0.5), (width - 8, far * 0.5), (width - 2, near + 5), (2, near + 5)], brush.theme.stone, shade=False
    )
    brush.box(9, far, width - 9, near, brush.theme.metal, 14, shade=False)
    brush.box(14, far + 6, width - 14, near - 5, mix(brush.theme.metal, WHITE, 0.55), 11, shade=False)
    brush.shape(
        [(20, far + 8), (width - 20, far + 8), (width - 24, far + 14), (24, far + 14)],
        mix(brush.theme.metal, brush.theme.ink, 0.1),
        edge=False,
    )
    brush.oval(width / 2, near - 14, 6, 3, brush.theme.dark_metal)
    _tap(brush, width / 2, far)
    return (Area(18, far + 10, width - 18, near - 7),)


def _bathtub_basin(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height, ceramic = brush.width, brush.height, brush.theme.ceramic
    far, near = max(15.0, height * 0.14), height * 0.78
    for x in (22, width - 22):
        brush.oval(x, height - 7, 7, 6, brush.theme.metal)
    brush.shape(
        [(5, near - 16), (width - 5, near - 16), (width - 12, height - 14),
         (width - 22, height - 6), (22, height - 6), (12, height - 14)],
        ceramic,
    )  # fmt: skip
    brush.box(2, far, width - 2, near, ceramic, 20, shade=False)
    brush.box(10, far + 7, width - 10, near - 8, _WATER, 15, shade=False)
    for x, y in ((0.3, 0.5), (0.6, 0.66)):
        brush.ink(
            smooth(
                (width * x, height * y), (width * x + 8, height * y - 2), (width * x + 16, height * y), is_closed=False
            ),
            2,
            WHITE,
        )
    _tap(brush, width * 0.5, far + 1)
    return (Area(16, far + 10, width - 16, near - 9),)


def _toilet(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height, ceramic = brush.width, brush.height, brush.theme.ceramic
    middle, is_low = width / 2, width > LOW * height
    lid, seat, bowl, neck = (
        height * share for share in ((0.58, 0.83, 0.13, 0.94) if is_low else (0.4, 0.74, 0.2, 0.9))
    )
    brush.box(middle - 40, lid, middle + 40, seat - 6, ceramic, 4)
    brush.box(middle - 45, lid - 4, middle + 45, lid + 4, ceramic, 3)
    brush.line([(middle - 31, lid + 12), (middle - 19, lid + 12)], 5, brush.theme.metal)
    brush.shape(
        [(middle - 22, height - 2), (middle - 15, neck), (middle + 15, neck), (middle + 22, height - 2)], ceramic
    )
    brush.shape([(middle - 34, seat), *arc(middle, seat, 34, bowl, 0, 180)[::-1], (middle + 34, seat)], ceramic)
    brush.oval(middle, seat, 37, bowl * 0.5, ceramic)
    brush.oval(middle, seat, 26, bowl * 0.31, _WATER)
    return (Area(4, 3, width - 4, lid - 3),)


def _towel_holder(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    y = height * 0.16
    for x in (12, width - 12):
        brush.box(x - 9, y - 10, x + 9, y + 10, brush.theme.metal, 4)
    brush.line([(12, y), (width - 12, y)], 7, brush.theme.metal)
    return (Area(width * 0.2, y - 4, width * 0.8, y - 4 + width * 0.6),)


def _hand_towel_holder(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    middle, radius = width / 2, min(width, height) * 0.22
    brush.line([*ring(middle, 22 + radius, radius), (middle + radius, 22 + radius)], 7, brush.theme.metal)
    brush.oval(middle, 14, 12, None, brush.theme.metal)
    brush.oval(middle, 14, 5, None, brush.theme.dark_metal)
    return (Area(width * 0.2, 20 + 1.4 * radius, width * 0.8, height - 3),)


def _toilet_paper_hanger(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    y = height * 0.2
    brush.box(width * 0.3, 4, width * 0.7, y - 2, brush.theme.metal, 5)
    brush.line([(width * 0.35, y - 6), (width * 0.14, y - 6), (width * 0.14, height * 0.5)], 7, brush.theme.metal)
    brush.line([(width * 0.65, y - 6), (width * 0.86, y - 6), (width * 0.86, height * 0.5)], 7, brush.theme.metal)
    brush.line([(width * 0.14, height * 0.5), (width * 0.86, height * 0.5)], 10, _CARDBOARD)
    top = height * 0.5 - width * 0.23  # the core of a roll lies on the spindle
    return (Area(width * 0.2, top, width * 0.8, top + width * 0.6),)


def _painting_hanger(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    brush.box(width / 2 - 12, 3, width / 2 + 12, 24, brush.theme.metal, 4)
    brush.line([(width / 2, 18), (width / 2, 32), (width / 2 + 8, 34), (width / 2 + 10, 26)], 6, brush.theme.metal)
    return (Area(width * 0.1, 30, width * 0.9, height - 4),)


BATH_FRONTS: Final[dict[str, FrontRecipe]] = {
    "bathtubbasin": _bathtub_basin,
    "handtowelholder": _hand_towel_holder,
    "paintinghanger": _painting_hanger,
    "sinkbasin": _sink_basin,
    "toilet": _toilet,
    "toiletpaperhanger": _toilet_paper_hanger,
    "towelholder": _towel_holder,
}
