"""Golden pictures: a few of every kind, compared with a tolerance for other versions of Pillow.

After a wanted change, write them anew and look at each: VLM_GYM_UPDATE_GOLDEN=1 pytest tests/render
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vlm_gym.games.blackjack import BlackjackView
from vlm_gym.games.cards import read_cards
from vlm_gym.games.number_line import NumberLineState
from vlm_gym.games.points import PointsView
from vlm_gym.render.blackjack import draw_blackjack
from vlm_gym.render.number_line import draw_number_line
from vlm_gym.render.points import draw_points
from vlm_gym.render.theme import read_theme

GOLDEN = Path(__file__).parent / "golden"
MEAN_TOLERANCE = 1.5  # grey levels
PIXEL_TOLERANCE = 40  # grey levels
SHARE_TOLERANCE = 0.005  # of the pixels may be off by more than that


def hand(codes):
    return read_cards("hand", codes.split(), len(codes.split()))


def points(cards, formula, target=24, value=None):
    return draw_points, PointsView(hand(cards), tuple(formula.split()), target, value)


def blackjack(player, dealer, has_hole=True):
    return draw_blackjack, BlackjackView(hand(player), (*hand(dealer), None) if has_hole else hand(dealer))


def number_line(position, target, last):
    return draw_number_line, NumberLineState(position, target, last)


PICTURES = {
    "points-four-cards": ("classic", *points("10H QS 3D 7C", "( 10 - 3 ) * 7")),
    "points-two-cards-empty": ("classic", *points("KH 5S", "", 12)),
    "points-long-formula": ("classic", *points("2C JD AH 9S", "( ( 10 + 10 ) * 10 - 10 ) / ( 10 - 2 ) + 3 * 4 =")),
    "points-value": ("four_color", *points("4C 6D JC QD", "10 / 4 - 6 * 10", 24, "-115/2")),
    "points-six-cards": ("night", *points("2C JD AH 9S KC 8D", "2 +", -1000)),
    "blackjack-start": ("classic", *blackjack("AS 6H", "10D")),
    "blackjack-five-cards": ("black_suits", *blackjack("2S 3H 4D 5C QS", "KD 7C", has_hole=False)),
    "blackjack-eleven-cards": ("classic", *blackjack("AS AH AD AC 2S 2H 2D 2C 3S 3H 10D", "JD")),
    "blackjack-big-index": ("big_index", *blackjack("JS QH KD", "8D")),
    "number-line-five": ("classic", *number_line(2, 4, 5)),
    "number-line-same": ("paper", *number_line(7, 7, 20)),
    "number-line-hundred": ("night", *number_line(99, 100, 100)),
}


@pytest.mark.parametrize("size", [300, 84])
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_looks_like_its_golden_one(name, size):
    theme, draw, view = PICTURES[name]
    picture = draw(view, size, read_theme(theme))
    path = GOLDEN / f"{name}-{size}.png"
    if os.environ.get("VLM_GYM_UPDATE_GOLDEN"):
        Image.fromarray(picture).save(path, optimize=True)
    golden = np.asarray(Image.open(path).convert("RGB"))
    assert picture.shape == golden.shape
    difference = np.abs(picture.astype(int) - golden)
    share = (difference.max(axis=2) > PIXEL_TOLERANCE).mean()
    if difference.mean() >= MEAN_TOLERANCE or share >= SHARE_TOLERANCE:
        pytest.fail(f"mean {difference.mean():.2f}, {share:.2%} far off; see {written(picture, golden, path.name)}")


def test_every_golden_picture_is_compared():
    expected = {f"{name}-{size}.png" for name in PICTURES for size in (300, 84)}
    assert {path.name for path in GOLDEN.glob("*.png")} == expected


def written(picture, golden, name):
    """Write the golden picture, the new one and their difference side by side; return where."""
    difference = np.abs(picture.astype(int) - golden).astype(np.uint8)
    folder = Path(tempfile.gettempdir()) / "vlm-gym-golden-differences"
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.hstack([golden, picture, difference])).save(folder / name)
    return folder / name
