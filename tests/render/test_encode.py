"""Pictures as PNG, read back by two decoders that are not ours."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from vlm_gym.errors import ConfigError
from vlm_gym.render.encode import png_bytes

PICTURES = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(lambda size: arrays(np.uint8, (*size, 3)))


@given(PICTURES)
def test_a_picture_comes_back_as_it_was(picture):
    png = png_bytes(picture)
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        assert image.mode == "RGB"
        assert np.array_equal(picture, np.asarray(image))
    by_opencv = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(picture, by_opencv[..., ::-1])


def test_a_view_of_another_array_is_encoded_like_its_copy():
    picture = np.arange(30 * 20 * 3, dtype=np.uint8).reshape(30, 20, 3)[::2, ::-1]
    assert png_bytes(picture) == png_bytes(picture.copy())


@pytest.mark.parametrize(
    "picture", [np.zeros((2, 2), np.uint8), np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2, 3)), np.zeros((0, 2, 3))]
)
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(ConfigError, match=r"must be \(height, width, 3\) uint8, got \("):
        png_bytes(picture)
