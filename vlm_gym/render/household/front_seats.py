"""Beds, sofas and chairs seen from the front."""

from typing import Final

from vlm_gym.render.canvas import WHITE, mix
from vlm_gym.render.household.areas import Area
from vlm_gym.render.household.brush import Brush
from vlm_gym.render.household.recipe import FrontRecipe


def _bed(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    width, height = brush.width, brush.height
    wood, fabric = brush.theme.wood, brush.theme.fabric
    for x in (8, width - 8):
        brush.line([(x, height * 0.5), (x, height - 4)], 8, brush.theme.dark_wood)
    brush.box(10, 2, width - 10, height * 0.4, wood, 9)
    for share in (0.24, 0.41, 0.59, 0.76):
        brush.ink([(width * share, 8), (width * share, height * 0.24)], 2.5, brush.theme.dark_wood)
    brush.shape(
        [(13, height * 0.24), (width - 13, height * 0.24), (width - 3, height * 0.84), (3, height * 0.84)],
        brush.theme.paper,
        shade=False,
    )
    brush.shape(
        [(10, height * 0.38), (width - 10, height * 0.38), (width - 2, height * 0.86), (2, height * 0.86)],
        fabric,
        shade=False,
    )
    brush.shape(
        [(10, height * 0.38), (width - 10, height * 0.38), (width - 9, height * 0.44), (9, height * 0.44)],
        mix(fabric, WHITE, 0.55),
    )
    brush.box(2, height * 0.84, width - 2, height - 8, mix(fabric, brush.theme.ink, 0.2), 4)
    return (Area(12, height * 0.3, width - 12, height * 0.84),)


def _seat(brush: Brush, cushions: int) -> tuple[Area, ...]:
    width, height, fabric = brush.width, brush.height, brush.theme.fabric
    arm = max(14.0, width * 0.11)
    for x in (12, width - 12):
        brush.line([(x, height - 10), (x, height - 4)], 8, brush.theme.dark_wood)
    brush.box(arm * 0.6, 3, width - arm * 0.6, height * 0.62, fabric, 12)
    step = (width - 2 * arm) / cushions
    for index in range(cushions):
        left = arm + step * index
        brush.box(left, 9, left + step, height * 0.46, mix(fabric, WHITE, 0.12), 8)
    near = height * 0.78
    for index in range(cushions):
        left = arm + step * index
        brush.box(left, height * 0.42, left + step, near, mix(fabric, WHITE, 0.28), 6, shade=False)
    brush.box(arm - 2, near - 2, width - arm + 2, height - 9, mix(fabric, brush.theme.ink, 0.18), 3)
    for left in (2.0, width - 2 - arm):
        brush.box(left, height * 0.32, left + arm, height - 8, mix(fabric, brush.theme.ink, 0.08), arm * 0.45)
    return (Area(arm + 3, height * 0.16, width - arm - 3, near - 2),)


def _sofa(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    return _seat(brush, 3 if brush.width > 150 else 2)


def _arm_chair(brush: Brush, _is_open: bool) -> tuple[Area, ...]:
    return _seat(brush, 1)


SEATS: Final[dict[str, FrontRecipe]] = {"armchair": _arm_chair, "bed": _bed, "sofa": _sofa}
