"""Getting ALFWorld's games: a release's archive is fetched, checked and unpacked, and an interrupted run goes on.

The text games are one archive, what AI2-THOR needs to play the same games (`traj_data.json`) another.
"""

import contextlib
import errno
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from vlm_gym.errors import ConfigError, DataNotFoundError, VlmGymError
from vlm_gym.fetch import Progress, fetch, verify
from vlm_gym.files import write_whole
from vlm_gym.games.household.files import GAME_FILE, MAX_GAME_BYTES
from vlm_gym.games.household.splits import DATA_VARIABLE, SPLITS, UNFINISHED, VERSION_FOLDER

ALFWORLD_URL: Final = "https://github.com/alfworld/alfworld/releases/download/0.4.2/json_2.1.3_tw-pddl.zip"
KNOWN_SHA256: Final = {ALFWORLD_URL: "5df77ea759f2211a4106082839ddbbb790f1ba4e7d097ed732cf453f72aa36cf"}
DEFAULT_FOLDER: Final = "~/.cache/alfworld"  # as alfworld-download has it

TRAJ_DATA_URL: Final = "https://github.com/alfworld/alfworld/releases/download/0.2.2/json_2.1.1_json.zip"
MAX_TRAJ_DATA_BYTES: Final = 2**24


@dataclass(frozen=True)
class Release:
    """An archive of games: the file in it that each game has, how long it may be, and the command that gets it.

    With `is_marked`, games that are not all unpacked are not played: a file UNFINISHED says so.
    """

    file: str
    max_bytes: int
    command: str
    is_marked: bool


TEXT_GAMES: Final = Release(GAME_FILE, MAX_GAME_BYTES, "vlm-gym download alfworld", is_marked=True)
TRAJ_DATA: Final = Release("traj_data.json", MAX_TRAJ_DATA_BYTES, "vlm-gym download thor", is_marked=False)

_MARK: Final = "vlm-gym download alfworld is unpacking games here, or was interrupted: run it again to finish.\n"
_DISK_FULL: Final = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class Installed:
    """What a download has done: the folder for $ALFWORLD_DATA, and how many games were written and were there before.

    `num_different` of those that were there have another size than in the archive: games of another version, say.
    """

    folder: Path
    num_written: int
    num_kept: int
    num_different: int


def download_alfworld(
    folder: str | os.PathLike[str] | None = None,
    url: str = ALFWORLD_URL,
    *,
    file: str | os.PathLike[str] | None = None,
    sha256: str | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Installed:
    """Install ALFWorld's games in `folder`, by default $ALFWORLD_DATA or ~/.cache/alfworld.

    The archive (36 MB) stays there, so that a second call downloads nothing; what a broken download has received is
    kept as `.part` and continued. Games that are there are kept unless `overwrite`. The games take 370 MB. A call that
    fails or is interrupted leaves no folder that it made and has put nothing into; where it was unpacking, a file
    UNFINISHED stays beside the splits, and none of them is played until another call has finished them.

    Arguments:
        folder: where `json_2.1.1/<split>/...` goes.
        url: the archive, http or https.
        file: an archive that is on this machine already; nothing is downloaded then.
        sha256: the archive's checksum. Without it, the known one of the release, or the one of the first download,
            which is written beside the archive.
        overwrite: whether to replace games that are there.
        progress: whether to show on stderr how far it is.

    Raises ConfigError for an argument that cannot be right, DataNotFoundError, which says what to do, if the archive
    cannot be reached, is damaged, or does not fit on the disk.
    """
    return _install(TEXT_GAMES, folder, url, file, sha256, overwrite, progress)


def download_traj_data(
    folder: str | os.PathLike[str] | None = None,
    url: str = TRAJ_DATA_URL,
    *,
    file: str | os.PathLike[str] | None = None,
    sha256: str | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> Installed:
    """Install what AI2-THOR needs of each game beside the text games; as `download_alfworld` does."""
    return _install(TRAJ_DATA, folder, url, file, sha256, overwrite, progress)


def _install(
    release: Release,
    folder: str | os.PathLike[str] | None,
    url: str,
    file: str | os.PathLike[str] | None,
    sha256: str | None,
    overwrite: bool,
    progress: bool,
) -> Installed:
    root = Path(folder or os.environ.get(DATA_VARIABLE) or DEFAULT_FOLDER).expanduser()
    with naming_disk_errors(root, "the games"), _folder(root):
        known = sha256 or KNOWN_SHA256.get(url)
        archive = given(Path(file), sha256) if file is not None else fetch(root, url, known, progress, release.command)
        return _unpack(release, archive, root, overwrite, progress)


@contextlib.contextmanager
def naming_disk_errors(root: Path, what: str) -> Iterator[None]:
    """Raise DataNotFoundError, which says what to do, where the disk cannot hold what is being installed."""
    try:
        yield
    except VlmGymError:
        raise
    except OSError as error:
        full = (
            "the disk is full; free 500 MB or more there"
            if error.errno in _DISK_FULL
            else f"{error}; check the permissions"
        )
        raise DataNotFoundError(
            f"cannot install {what} in {str(root)!r}: {full}, or choose another folder. What is there is kept"
        ) from error


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Make a folder and those above it; what was made and is still empty when the block fails goes away again."""
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:  # Ctrl-C too
        for folder in made:
            with contextlib.suppress(OSError):  # it is not empty, or was never made
                folder.rmdir()
        raise


def given(file: Path, sha256: str | None) -> Path:
    """Return an archive that is on this machine, checked."""
    if not file.is_file():
        raise ConfigError(f"there is no archive {str(file)!r}")
    verify(file, sha256, "it is damaged, or another file than you meant")
    return file


def _unpack(release: Release, archive: Path, root: Path, overwrite: bool, progress: bool) -> Installed:
    """Write the games of an archive. A name that leads out of the folder refuses the archive before any is written."""
    folder = root / VERSION_FOLDER
    with naming_damage(archive):
        content = zipfile.ZipFile(archive)
    with content:
        games = _games(content, release)
        there = set() if overwrite else {place for place in games if (folder / place).exists()}
        num_different = sum((folder / place).stat().st_size != games[place].file_size for place in there)
        missing = {place: member for place, member in games.items() if place not in there}
        if missing:
            mark = folder / UNFINISHED if release.is_marked else None
            _write_games(content, missing, folder, Progress("games", "", progress), mark)
    if release.is_marked:
        (folder / UNFINISHED).unlink(missing_ok=True)
    return Installed(root, len(missing), len(there), num_different)


def _write_games(
    content: zipfile.ZipFile,
    games: Mapping[PurePosixPath, zipfile.ZipInfo],
    folder: Path,
    bar: Progress,
    mark: Path | None,
) -> None:
    """Write games, if asked for with a mark beside them until they are all there: a half is never taken for all."""
    num_written = 0
    was_unfinished = mark is None or mark.exists()
    with _folder(folder):
        try:
            if mark is not None:
                mark.write_text(_MARK, encoding="ascii")
            for place, member in games.items():
                with naming_damage(Path(str(content.filename))):
                    game = content.read(member)
                _write(folder / place, game)
                num_written += 1
                bar.show(num_written, len(games))
        except BaseException:  # Ctrl-C too
            if mark is not None and not num_written and not was_unfinished:
                mark.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def naming_damage(archive: Path) -> Iterator[None]:
    """Raise DataNotFoundError, with its path, for an archive that cannot be read."""
    try:
        yield
    except _DAMAGED as error:
        message = f"the archive {str(archive)!r} is damaged or no zip file ({error}): delete it and get it again"
        raise DataNotFoundError(message) from error


def _games(content: zipfile.ZipFile, release: Release) -> dict[PurePosixPath, zipfile.ZipInfo]:
    """Return the game files of an archive by their place in the version's folder: split, task, trial, file."""
    games: dict[PurePosixPath, zipfile.ZipInfo] = {}
    for member in content.infolist():
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if ".." in parts or parts[:1] == ("/",):
            raise DataNotFoundError(f"the archive has a file outside of its folder, {member.filename!r}: do not use it")
        if len(parts) < 4 or parts[-1] != release.file or parts[-4] not in SPLITS:
            continue
        if member.file_size > release.max_bytes:
            raise DataNotFoundError(f"{member.filename!r} has {member.file_size} bytes, more than any game")
        games[PurePosixPath(*parts[-4:])] = member
    if not games:
        raise DataNotFoundError(
            f"the archive has no <split>/<task>/<trial>/{release.file}: `{release.command}` gets one that has"
        )
    return games


def _write(target: Path, content: bytes) -> None:
    with _folder(target.parent):
        write_whole(target, lambda draft: draft.write_bytes(content))
