"""Finding ALFWorld's games on disk: which games a split has, from the names of its folders alone."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from vlm_gym.errors import ConfigError, DataNotFoundError, check_choice
from vlm_gym.games.household.files import GAME_FILE
from vlm_gym.games.household.tasks import ALFWORLD_NAMES, TASK_TYPES, read_task_types
from vlm_gym.games.household.world import TaskType

SPLITS: Final = ("train", "valid_seen", "valid_unseen", "valid_train")
ALFWORLD_SPLITS: Final = {"eval_in_distribution": "valid_seen", "eval_out_of_distribution": "valid_unseen"}
"""The splits that ALFWorld's own code calls otherwise than their folders."""
DATA_VARIABLE: Final = "ALFWORLD_DATA"
VERSION_FOLDER: Final = "json_2.1.1"
UNFINISHED: Final = "UNFINISHED"  # a file beside the splits for as long as games are being unpacked there
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
    task_types: Sequence[str | int] = TASK_TYPES,
) -> tuple[Path, ...]:
    """Return the game files of a split and of these tasks, sorted by name. No file is opened: 0.1 s for 3,553 games.

    `split` is one of SPLITS, one of ALFWorld's own names for them, or any folder with game files in it, at any depth;
    where the folders' names do not tell the tasks, its games count only if all tasks are wanted. `task_types` are in
    any form of `read_task_type`. The first games of the list are all of one task: `in_mixed_order` mends that.

    Raises ConfigError for an unknown split or task, DataNotFoundError if there are no such games, or not all of them.
    """
    wanted = frozenset(read_task_types(task_types))
    name = ALFWORLD_SPLITS.get(split, split) if isinstance(split, str) else split
    if name not in SPLITS and _is_folder(name):
        _check_finished(Path(name))
        return _games_in(Path(name), wanted)
    check_choice("split", name, (*SPLITS, *ALFWORLD_SPLITS, "a folder with games"))
    folder = find_data_dir(data_dir) / name
    _check_finished(folder)
    if not folder.is_dir():
        raise DataNotFoundError(f"the split {name!r} is missing: no folder {str(folder)!r}. {REMEDY}")
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


def name_of_game(game: Path) -> str:
    """Return a game's name: its task's folder and its trial's, or the path of a file that is called otherwise."""
    return "/".join(game.parts[-3:-1]) if game.name == GAME_FILE else str(game)


def in_mixed_order(games: Sequence[Path]) -> tuple[Path, ...]:
    """Order games so that the first ones are a fair sample of all, however many they are.

    One of each task comes first, and from then on each task is as frequent as in the whole. Within a task, the order is
    that of a hash of the names, which mixes objects and rooms: the same order on every machine.
    """
    groups: dict[TaskType | None, list[Path]] = {task: [] for task in (*TASK_TYPES, None)}
    for game in games:
        groups[task_of_folder(game.parent.parent.name)].append(game)
    placed = []
    for number, group in enumerate(groups.values()):
        shuffled = sorted(group, key=lambda game: hashlib.sha256(name_of_game(game).encode()).digest())
        placed += [(i / len(group), number, game) for i, game in enumerate(shuffled)]
    return tuple(game for _, _, game in sorted(placed))


def _check_finished(folder: Path) -> None:
    """Raise DataNotFoundError if a download has unpacked some, not all, of the games in this folder or around it."""
    around = [place for place in (folder.absolute(), *folder.absolute().parents) if place.name == VERSION_FOLDER]
    for mark in (place / UNFINISHED for place in (folder / VERSION_FOLDER, *around)):
        if mark.exists():
            raise DataNotFoundError(
                f"the games in {str(mark.parent)!r} are not all there: `vlm-gym download alfworld` was interrupted, or "
                f"still unpacks them. Run it again with the same --data-dir; or, if all are there, delete {str(mark)!r}"
            )


def _games_in(folder: Path, wanted: frozenset[str]) -> tuple[Path, ...]:
    """Return the game files under a folder."""
    unnamed = {None} if len(wanted) == len(TASK_TYPES) else set()
    found = tuple(
        game for game in sorted(folder.rglob(GAME_FILE)) if task_of_folder(game.parent.parent.name) in wanted | unnamed
    )
    if not found:
        raise DataNotFoundError(f"no game of the tasks {', '.join(sorted(wanted))} in {str(folder)!r}")
    return found


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir())
