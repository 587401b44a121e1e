"""The runs below a folder, and how far each is."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vlm_gym.errors import RunError
from vlm_gym.evaluation.runs.plan import planned_episodes
from vlm_gym.evaluation.runs.played import read_finished
from vlm_gym.evaluation.runs.run_folder import (
    EPISODES_FILE,
    PICTURES,
    RUN_FILE,
    TURNS_FILE,
    read_run,
)

MAX_DEPTH: Final = 4  # folders below the one that is viewed
SHARE: Final = 0.1  # of a processor's time that reading a run may take


@dataclass(frozen=True)
class Standing:
    """How far a run is: what its files said when they had this size."""

    size: tuple[int, ...]
    told: dict[str, Any]
    next_s: float  # when it may be read again: long runs take long to read


class RunList:
    """Lists the runs below a folder; each is read again only when it has grown.

    Args:
        folder: The folder, which may be a run itself.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[Path, Standing] = {}

    def folders(self) -> dict[str, Path]:
        """Return the runs' folders by their names, the path below the folder that is viewed."""
        return {path.relative_to(self.folder).as_posix(): path for path in _run_folders(self.folder)}

    def show(self) -> list[dict[str, Any]]:
        """Return what the page tells of each run, plain values, the one that was played last first."""
        told = [{"name": name, **self._standing(path)} for name, path in self.folders().items()]
        return sorted(told, key=lambda run: -float(run["changed_s"]))

    def _standing(self, folder: Path) -> dict[str, Any]:
        size = file_sizes(folder)
        known = self._known.get(folder)
        if known is None or (known.size != size and time.monotonic() >= known.next_s):
            start_s = time.process_time()
            told = _read(folder)
            rest_s = (time.process_time() - start_s) / SHARE
            known = self._known[folder] = Standing(size, told, time.monotonic() + rest_s)
        return {**known.told, "changed_s": _changed_s(folder)}


def file_sizes(folder: Path) -> tuple[int, ...]:
    """Return the sizes of a run's files that grow as it is played; they change with every turn."""
    return tuple(_size(folder / name) for name in (TURNS_FILE, EPISODES_FILE, RUN_FILE))


def _read(folder: Path) -> dict[str, Any]:
    try:
        run, (episodes, _) = read_run(folder), read_finished(folder)
        planned = len(planned_episodes(run))
    except (RunError, TypeError, KeyError) as error:
        return {"error": f"{error}"}
    return {
        "agent": str(run["agent"].get("name", "unknown")),
        "panel": (run.get("panel") or {}).get("name"),
        "num_planned": max(planned, len(episodes)),
        "num_episodes": len(episodes),
        "num_successes": sum(episode.is_success for episode in episodes),
        "error": None,
    }


def _run_folders(top: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(top):
        if RUN_FILE in files:
            yield Path(place)
        depth = len(Path(place).relative_to(top).parts)
        folders[:] = sorted(name for name in folders if depth < MAX_DEPTH and name != PICTURES and name[0] != ".")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _changed_s(folder: Path) -> float:
    """Return when a run's turns were written last, in seconds since 1970."""
    files = [path for path in (folder / TURNS_FILE, folder / RUN_FILE) if path.exists()]
    return max((path.stat().st_mtime for path in files), default=0.0)
