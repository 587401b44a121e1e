"""Finding ALFWorld's games on disk: which games a split has, from the names of its folders alone."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vlm_gym.errors import ConfigError, DataNotFoundError, check_choice
from vlm_gym.games.household.files import GAME_FILE
from vlm_gym.games.household.tasks import ALFWORLD_NAMES, TASK_TYPES
from vlm_gym.games.household.world import TaskType

SPLITS: Final = ("train", "valid_seen", "valid_unseen", "valid_train")
DATA_VARIABLE: Final = "ALFWORLD_DATA"
VERSION_FOLDER: Final = "json_2.1.1"
REMEDY: Final = "`vlm-gym download alfworld` or `alfworld-download` gets them; data_dir= or $ALFWORLD_DATA says where"
_SKIPPED: Final = ("movable", "Sliced")  # as AlfredTWEnv does: these tasks have no game
_TASK_OF_FOLDER: Final = {name: task for task, name in ALFWORLD_NAMES.items()}


def is_file(path: str | os.PathLike[str]) -> bool:
    """Return whether there is such a file; a name that no file can have is none."""
    try:
        return Path(path).is_file()
    except (OSError, ValueError):
        return False


def _is_folder(path: object) -> bool:
    try:
        return isinstance(path, str) and path != "" and Path(path).is_dir()
    except (OSError, ValueError):
        return False


def find_data_dir(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of the splits: of `data_dir`, else of $ALFWORLD_DATA, else of ~/.cache/alfworld."""
    if data_dir is not None and not isinstance(data_dir, (str, os.PathLike)):
        raise ConfigError(f"data_dir must be the path of a folder or None, got {data_dir!r}")
    default = os.environ.get(DATA_VARIABLE) or "~/.cache/alfworld"
    root = Path(default if data_dir is None else data_dir).expanduser()
    for folder in (root / VERSION_FOLDER, root):
        if any((folder / split).is_dir() for split in SPLITS):
            return folder
    expected = f"{VERSION_FOLDER}/<split>/<task>/<trial>/{GAME_FILE}"
    raise DataNotFoundError(f"no ALFWorld games in {str(root)!r}, expected {expected} there. {REMEDY}")


def list_games(
    data_dir: str | os.PathLike[str] | None = None,
    split: str = "train",
    task_types: Sequence[str] = TASK_TYPES,
) -> tuple[Path, ...]:
    """Return the game files of a split and of these tasks, sorted by name. No file is opened: 0.1 s for 3,553 games.

    `split` may also be any folder with game files in it, at any depth; where the folders' names do not tell the tasks,
    its games count only if all tasks are wanted.

    Raises ConfigError for an unknown split or task, DataNotFoundError if there are no such games.
    """
    wanted = _check_tasks(task_types)
    if split not in SPLITS and _is_folder(split):
        return _games_in(Path(split), wanted)
    check_choice("split", split, (*SPLITS, "a folder with games"))
    folder = find_data_dir(data_dir) / split
    if not folder.is_dir():
        raise DataNotFoundError(f"the split {split!r} is missing: no folder {str(folder)!r}. {REMEDY}")
    tasks = [name for name in _folders(folder) if task_of_folder(name) in wanted]
    games = [folder / task / trial / GAME_FILE for task in tasks for trial in _folders(folder / task)]
    found = tuple(game for game in games if game.is_file())
    if not found:
        raise DataNotFoundError(f"no game of the tasks {', '.join(sorted(wanted))} in {str(folder)!r}")
    return found


def task_of_folder(name: str) -> TaskType | None:
    """Return the task that a folder of games is for, by its name; None if its games are not played."""
    if any(word in name for word in _SKIPPED):
        return None
    return _TASK_OF_FOLDER.get(name.partition("-")[0])


def _games_in(folder: Path, wanted: frozenset[str]) -> tuple[Path, ...]:
    """Return the game files under a folder."""
    unnamed = {None} if len(wanted) == len(TASK_TYPES) else set()
    found = tuple(
        game for game in sorted(folder.rglob(GAME_FILE)) if task_of_folder(game.parent.parent.name) in wanted | unnamed
    )
    if not found:
        raise DataNotFoundError(f"no game of the tasks {', '.join(sorted(wanted))} in {str(folder)!r}")
    return found


def _check_tasks(task_types: Sequence[str]) -> frozenset[str]:
    if isinstance(task_types, str) or not task_types:
        raise ConfigError(f"task_types must be a sequence of {', '.join(TASK_TYPES)}; got {task_types!r}")
    for task in task_types:
        check_choice("task_types", task, TASK_TYPES)
    return frozenset(task_types)


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())
