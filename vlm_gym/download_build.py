"""Getting Unity's player of AI2-THOR 2.1.0, and putting it where ai2thor itself would."""

import shutil
import zipfile
from pathlib import Path
from typing import Final

from vlm_gym.download import given, naming_damage, naming_disk_errors
from vlm_gym.envs.household.thor_setup import BUILD, RELEASES
from vlm_gym.errors import DataNotFoundError
from vlm_gym.fetch import fetch
from vlm_gym.files import DRAFT

BUILD_URL: Final = f"http://s3-us-west-2.amazonaws.com/ai2-thor/builds/{BUILD}.zip"
BUILD_SHA256: Final = "cc61de810ddb8d681e9f6a7e342dd2d2c8454db413dd681de6bc85d2b2f70459"  # as ai2thor 2.1.0 has them
COMMAND: Final = "vlm-gym download thor --build"


def download_build(
    url: str = BUILD_URL, *, file: Path | None = None, sha256: str = BUILD_SHA256, progress: bool = True
) -> Path:
    """Install Unity's player in `~/.ai2thor/releases` and return its path; one that is there is kept.

    Arguments:
        url: the archive, http or https; a broken download is continued by the next.
        file: an archive that is on this machine already; nothing is downloaded then.
        sha256: the archive's checksum.
        progress: whether to show on stderr how far it is.

    Raises ConfigError for an argument that cannot be right, DataNotFoundError, which says what to do, if the archive
    cannot be reached, is damaged, or does not fit on the disk.
    """
    releases = Path(RELEASES).expanduser()
    player = releases / BUILD / BUILD
    if player.is_file():
        return player
    with naming_disk_errors(releases, "Unity's player"):
        releases.mkdir(parents=True, exist_ok=True)
        archive = given(file, sha256) if file is not None else fetch(releases, url, sha256, progress, COMMAND)
        _unpack(archive, player.parent)
        if file is None:
            archive.unlink()  # it is as large as the player
    return player


def _unpack(archive: Path, folder: Path) -> None:
    """Unpack an archive beside its place, and put it there when it is whole."""
    draft = folder.with_name(f"{folder.name}{DRAFT}")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with naming_damage(archive), zipfile.ZipFile(archive) as content:
            content.extractall(draft)
        if not (draft / folder.name).is_file():
            raise DataNotFoundError(f"the archive {str(archive)!r} has no {folder.name}: delete it and get it again")
        (draft / folder.name).chmod(0o755)  # zipfile forgets that it is a program
        draft.replace(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
