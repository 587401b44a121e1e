"""The four suits as curves in the unit square around the origin."""

from typing import Final

from vlm_gym.games.cards import Suit
from vlm_gym.render.canvas import Color, Point, Sketch, bezier, mirrored, placed

_HEART: Final = mirrored(
    bezier(
        (0.0, -0.25),
        ((-0.04, -0.40), (-0.14, -0.47), (-0.26, -0.47)),
        ((-0.41, -0.47), (-0.50, -0.35), (-0.50, -0.20)),
        ((-0.50, 0.08), (-0.16, 0.24), (0.0, 0.50)),
    )
)
_SPADE: Final = mirrored(
    bezier(
        (0.0, -0.50),
        ((-0.14, -0.26), (-0.47, -0.10), (-0.47, 0.16)),
        ((-0.47, 0.30), (-0.37, 0.38), (-0.25, 0.38)),
        ((-0.15, 0.38), (-0.06, 0.32), (0.0, 0.22)),
    )
)
_STEM: Final = mirrored(bezier((0.0, 0.10), ((-0.02, 0.30), (-0.08, 0.44), (-0.21, 0.50))))
_DIAMOND: Final = mirrored(
    bezier((0.0, -0.50), ((-0.11, -0.28), (-0.24, -0.12), (-0.39, 0.0)), ((-0.24, 0.12), (-0.11, 0.28), (0.0, 0.50)))
)
_CLUB_LEAVES: Final = ((0.0, -0.265), (-0.265, 0.105), (0.265, 0.105))
_CLUB_LEAF_RADIUS: Final = 0.232
_CLUB_HEART: Final = ((0.0, -0.25), (-0.22, 0.20), (0.22, 0.20))

_OUTLINES: Final[dict[Suit, tuple[list[Point], ...]]] = {
    "hearts": (_HEART,),
    "spades": (_SPADE, _STEM),
    "diamonds": (_DIAMOND,),
    "clubs": (list(_CLUB_HEART), _STEM),
}


def draw_suit(
    sketch: Sketch, suit: Suit, center: Point, size: float, color: Color, is_upside_down: bool = False
) -> None:
    """Draw a suit `size` pixels high."""
    height = -size if is_upside_down else size
    for outline in _OUTLINES[suit]:
        sketch.polygon(placed(outline, center, size, height), color)
    if suit != "clubs":
        return
    for leaf in placed(_CLUB_LEAVES, center, size, height):
        sketch.disc(leaf, _CLUB_LEAF_RADIUS * size, color)
