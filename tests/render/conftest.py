"""What the tests of pictures share: comparing with a golden picture.

After a wanted change, write them anew and look at each: VLM_GYM_UPDATE_GOLDEN=1 pytest tests/render
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MEAN_TOLERANCE = 1.5  # grey levels
PIXEL_TOLERANCE = 40  # grey levels
SHARE_TOLERANCE = 0.005  # of the pixels may be off by more than that


@pytest.fixture
def compare_with_golden():
    """Return a function that compares a picture with the golden one in a file, with a tolerance."""
    return compare


def compare(picture, path):
    """Fail, and write the difference, if a picture is not like the golden one."""
    if os.environ.get("VLM_GYM_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path, optimize=True)
    golden = np.asarray(Image.open(path).convert("RGB"))
    assert picture.shape == golden.shape
    difference = np.abs(picture.astype(int) - golden)
    share = (difference.max(axis=2) > PIXEL_TOLERANCE).mean()
    if difference.mean() >= MEAN_TOLERANCE or share >= SHARE_TOLERANCE:
        pytest.fail(f"mean {difference.mean():.2f}, {share:.2%} far off; see {written(picture, golden, path.name)}")


def written(picture, golden, name):
    """Write the golden picture, the new one and their difference side by side; return where."""
    difference = np.abs(picture.astype(int) - golden).astype(np.uint8)
    folder = Path(tempfile.gettempdir()) / "vlm-gym-golden-differences"
    folder.mkdir(exist_ok=True)
    Image.fromarray(np.hstack([golden, picture, difference])).save(folder / name)
    return folder / name
