"""Without OpenCV, or with one that cannot be loaded, only what needs its pixels fails, and says what to install."""

import moments
import pytest
from command_lines import command_line, finite_commands, make_run

from vlm_gym.registration import TASKS

HOUSEHOLD = max(task for task in TASKS if task.startswith("vlm_gym/Household-v"))  # Gymnasium warns of older ones
ADVICE = "pip install opencv-python-headless\n"
LIBGL = "libGL.so.1: cannot open shared object file: No such file or directory"
BROKEN = {
    "missing": None,
    "without libGL": f"raise ImportError({LIBGL!r})",
    "of another numpy": "raise AttributeError('_ARRAY_API not found')",
    "half removed": "",
}


@pytest.fixture(params=BROKEN, ids=lambda name: name.replace(" ", "-"))
def broken(request, tmp_path):
    """Return how to start a process in which OpenCV is broken."""
    if BROKEN[request.param] is None:
        return {"absent": "cv2"}
    package = tmp_path / "site" / "cv2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(BROKEN[request.param])
    return {"path": [tmp_path / "site"]}


@pytest.fixture(scope="module")
def a_run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.mark.parametrize("command", finite_commands())
def test_a_command_without_household_pictures_needs_no_opencv(tmp_path, a_run, command):
    """In one way only; the others differ in the message."""
    arguments = command_line(command, a_run, tmp_path / "out")
    status, _, errors = moments.run(tmp_path, "-m", "vlm_gym", *arguments, absent="cv2")
    assert (status, "OpenCV" in errors, "Traceback" in errors) == (0, False, False), errors


@pytest.mark.parametrize(
    "words",
    [
        ["show", HOUSEHOLD, "--out", "OUT/picture.png"],
        ["show", "--gallery", "OUT/gallery.png"],
        ["eval", "--agent", "random", "--task", HOUSEHOLD, "--episodes", "1", "--out", "OUT/run"],
        ["eval", "--agent", "random", "--task", "Blackjack-v0", "--picture-size", "448", "--out", "OUT/run"],
        ["film", "RUN", "Blackjack-v0:0", "--out", "OUT/film.mp4"],
    ],
    ids=["picture", "gallery", "task", "enlarging", "film"],
)
def test_what_needs_opencv_says_what_to_install(tmp_path, a_run, words):
    out = tmp_path / "out"
    words = [word.replace("OUT", str(out)).replace("RUN", str(a_run)) for word in words]
    status, _, errors = moments.run(tmp_path, "-m", "vlm_gym", *words, absent="cv2")
    assert status == 2
    assert errors.endswith(ADVICE)
    assert errors.startswith(
        "vlm-gym: OpenCV, which draws homes and the levels of seeing, scales pictures and writes MP4 files, "
    )
    assert errors.count("\n") == 1
    assert not [path for path in out.rglob("*") if path.name.endswith((".png", ".mp4"))]


def test_every_way_of_being_broken_is_told(tmp_path, broken):
    words = ["show", HOUSEHOLD, "--out", tmp_path / "picture.png"]
    status, _, errors = moments.run(tmp_path, "-m", "vlm_gym", *words, **broken)
    assert status == 2
    assert errors.count("\n") == 1
    assert errors.endswith(ADVICE)


def test_the_reason_is_told(tmp_path):
    (tmp_path / "site" / "cv2").mkdir(parents=True)
    (tmp_path / "site" / "cv2" / "__init__.py").write_text(BROKEN["without libGL"])
    program = "import gymnasium, vlm_gym; gymnasium.make('" + HOUSEHOLD + "')"
    _, _, errors = moments.run(tmp_path, "-c", program, path=[tmp_path / "site"])
    assert "vlm_gym.errors.MissingDependencyError: OpenCV is installed, but cannot be loaded" in errors
    assert LIBGL in errors


def test_importing_the_package_imports_no_opencv(tmp_path):
    program = (
        "import sys, vlm_gym, vlm_gym.cli, vlm_gym.chat, vlm_gym.evaluation.report.film; sys.exit('cv2' in sys.modules)"
    )
    assert moments.run(tmp_path, "-c", program)[0] == 0
