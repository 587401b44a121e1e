"""Pictures of AI2-THOR in the size that was asked for."""

import numpy as np
import pytest

from vlm_gym.games.household.thor import Photo
from vlm_gym.render.household.photo import fit


def photo(height=300, width=300):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return pixels, Photo(height, width, pixels.tobytes())


def test_a_photo_of_the_right_size_stays_as_it_is():
    pixels, shot = photo()
    picture = fit(shot, 300)
    assert np.array_equal(picture, pixels)
    picture[:] = 0  # it is ours
    assert np.array_equal(fit(shot, 300), pixels)


@pytest.mark.parametrize("size", [84, 299, 301, 1024])
@pytest.mark.parametrize("shape", [(300, 300), (40, 40), (200, 320)])
def test_other_photos_are_scaled(shape, size):
    picture = fit(photo(*shape)[1], size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8


def test_colours_and_sides_stay_where_they_are():
    pixels = np.zeros((300, 300, 3), np.uint8)
    pixels[:150, :150] = (255, 0, 0)
    pixels[150:, 150:] = (0, 0, 255)
    small = fit(Photo(300, 300, pixels.tobytes()), 84)
    assert small[0, 0].tolist() == [255, 0, 0]
    assert small[-1, -1].tolist() == [0, 0, 255]
    assert small[0, -1].tolist() == [0, 0, 0]
