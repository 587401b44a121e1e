"""OpenCV, imported only by what draws or scales with it; either of its distributions works.

`opencv-python` needs libGL, which machines without a display lack; `opencv-python-headless` does not.

Our pictures are small: with its pool of threads OpenCV takes twice the CPU time for them and no less time by the clock,
and environments in many processes would each have a pool. So it is set to one thread for the whole process; a program
that wants more for pictures of its own calls `cv2.setNumThreads` behind `import vlm_gym.render.opencv`.
"""

from typing import Final

from vlm_gym.errors import MissingDependencyError

HEADLESS: Final = "opencv-python-headless"

try:
    import cv2

    cv2.setNumThreads(1)  # it lacks even this where both were installed and one was taken away: an empty folder remains
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
