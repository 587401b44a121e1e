"""OpenCV, imported only by what draws or scales with it; either of its distributions works.

`opencv-python` needs libGL, which machines without a display lack; `opencv-python-headless` does not.
"""

from typing import Final

from vlm_gym.errors import MissingDependencyError

HEADLESS: Final = "opencv-python-headless"

try:
    import cv2

    _ = cv2.resize  # else it is the empty folder that remains where both were installed and one was taken away
except ModuleNotFoundError as error:
    raise MissingDependencyError(
        "OpenCV, which draws homes and the levels of seeing, scales pictures and writes MP4 files, is missing: "
        f"pip install {HEADLESS}"
    ) from error
except (ImportError, AttributeError) as error:
    raise MissingDependencyError(
        f"OpenCV is installed, but cannot be loaded ({error}). The version without windows needs no system libraries: "
        f"pip uninstall -y opencv-python {HEADLESS}, then pip install {HEADLESS}"
    ) from error

__all__ = ["cv2"]
