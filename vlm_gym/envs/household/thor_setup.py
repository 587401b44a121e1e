"""What AI2-THOR needs on this machine: Linux, the extra, Unity's player, a display, and the games' `traj_data.json`."""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from vlm_gym.envs.household.engine import EngineError
from vlm_gym.envs.household.x_display import problem_with
from vlm_gym.errors import DataNotFoundError, MissingDependencyError, VlmGymError
from vlm_gym.games.household.splits import list_games
from vlm_gym.installation import install_hint

BUILD: Final = "thor-201909061227-Linux64"  # the player that ai2thor 2.1.0 starts
BUILD_VARIABLE: Final = "VLM_GYM_THOR_BUILD"
RELEASES: Final = "~/.ai2thor/releases"  # where ai2thor itself puts it
TRAJ_DATA: Final = "traj_data.json"
DEFAULT_DISPLAY: Final = ":0"
AI2THOR_VERSION: Final = "2.1.0"
REMEDY: Final = (
    "`vlm-gym doctor ALFWorldThor-v0` looks at display, player and data; what Unity itself says is in Player.log under "
    "~/.config/unity3d"
)

_PACKAGES: Final = ("ai2thor", "alfworld", "textworld", "flask", "cv2")
_XVFB: Final = "Xvfb :99 -screen 0 1024x768x24 +extension GLX & export DISPLAY=:99"


def check_all() -> None:
    """Raise what is missing, as VlmGymError that says what to do; data are checked game by game."""
    for check in CHECKS.values():
        check()


def check_packages() -> None:
    """Raise MissingDependencyError unless the extra is installed, with the one version of ai2thor that fits."""
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(f"AI2-THOR is missing (no {package}): {install_hint('thor')}")
    try:
        found = version("ai2thor")
    except PackageNotFoundError:
        found = "an unknown version"
    if found != AI2THOR_VERSION:
        raise MissingDependencyError(
            f"ALFWorld's games need ai2thor {AI2THOR_VERSION}, found {found}: {install_hint('thor')}"
        )


def find_build() -> Path:
    """Return Unity's player: $VLM_GYM_THOR_BUILD, or where ai2thor puts it. Raises DataNotFoundError without it."""
    build = Path(os.environ.get(BUILD_VARIABLE) or f"{RELEASES}/{BUILD}/{BUILD}").expanduser()
    if not build.is_file():
        raise DataNotFoundError(
            f"no Unity player {str(build)!r}: `vlm-gym download thor --build` gets AI2-THOR's, or "
            f"${BUILD_VARIABLE} says where it is"
        )
    if not os.access(build, os.X_OK):
        raise DataNotFoundError(f"the Unity player {str(build)!r} may not be executed: chmod +x {str(build)!r}")
    return build.absolute()


def check_display() -> None:
    """Raise EngineError unless an X server that can draw with OpenGL answers at $DISPLAY, or at :0 without it."""
    display = os.environ.get("DISPLAY")
    problem = problem_with(display or DEFAULT_DISPLAY)
    if problem is not None:
        unset = "" if display else ", and $DISPLAY is not set"
        raise EngineError(
            f"AI2-THOR draws on an X display with GLX, but {problem}{unset}. On a machine without a screen: {_XVFB} "
            "(Debian's packages xvfb and libgl1-mesa-dri; it draws on the CPU, slowly), or an X server with the driver "
            "of your GPU"
        )


def check_traj_data(folder: Path) -> None:
    """Raise DataNotFoundError unless AI2-THOR's description of a game lies in its folder."""
    if not (folder / TRAJ_DATA).is_file():
        raise DataNotFoundError(
            f"no {TRAJ_DATA} in {str(folder)!r}, which AI2-THOR needs beside the text game's file: "
            "`vlm-gym download thor` gets them for all games"
        )


def _check_platform() -> None:
    if sys.platform != "linux":
        raise EngineError(f"the engine 'thor' runs on Linux only, not on {sys.platform}")


CHECKS: Final[dict[str, Callable[[], object]]] = {
    "system": _check_platform,
    "extra [thor]": check_packages,
    "Unity's player": find_build,
    "display": check_display,
}
"""What to check before a player is started, in words; each raises VlmGymError."""


def problems(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Return all that ALFWorld on AI2-THOR lacks here: what it is, and what to do."""
    for name, check in (*CHECKS.items(), (TRAJ_DATA, lambda: _check_split(arguments.get("split", "train")))):
        words = _problem(check)
        if words is not None:
            yield name, words


def _check_split(split: str) -> None:
    """Raise DataNotFoundError unless all games of a split that are here can be played on AI2-THOR."""
    try:
        games = list_games(split=split)
    except DataNotFoundError:
        return  # which is told of all that plays them
    for game in games:
        check_traj_data(game.parent)


def _problem(check: Callable[[], object]) -> str | None:
    try:
        check()
    except VlmGymError as error:
        return str(error)
    return None
