"""Fetching an archive: a broken download goes on where it broke, and what came is checked.

With the standard library alone, so that no extra is needed to play ALFWorld's games with the engine of this package.
"""

import hashlib
import http.client
import sys
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from vlm_gym.errors import ConfigError, DataNotFoundError
from vlm_gym.files import write_whole

TIMEOUT_S: Final = 30.0  # without a byte
MAX_ATTEMPTS: Final = 5  # in a row without a byte received
RETRY_WAIT_S: Final = 1.0
MEGABYTE: Final = 10**6

_CHUNK_BYTES: Final = 1 << 16


def fetch(root: Path, url: str, sha256: str | None, progress: bool, command: str) -> Path:
    """Return the archive of a URL in the folder `root`, downloaded if it is not there, and checked.

    Without `sha256`, it must have the checksum of the first download, which is written beside it. `command` is what the
    user runs, and takes an archive of this machine with `--file PATH`. Raises ConfigError for a URL that is none,
    DataNotFoundError for an archive that cannot be reached or is not the expected one.
    """
    name = PurePosixPath(urlsplit(url).path).name
    if urlsplit(url).scheme not in ("http", "https") or not name:
        raise ConfigError(f"url must be the http or https address of an archive, got {url!r}")
    archive, record = root / name, root / f"{name}.sha256"
    recorded = _recorded(record)
    expected = sha256 or recorded
    if archive.is_file():
        digest = verify(archive, expected, f"delete it (and {record.name}, if there) to download it again")
    else:
        digest = _get(url, archive, expected, progress, _offline_hint(command))
    if digest != recorded:
        write_whole(record, lambda draft: draft.write_text(f"{digest}  {name}\n", encoding="ascii"))
    return archive


def _offline_hint(command: str) -> str:
    return f"or fetch that file on another machine and run `{command} --file PATH` here"


def _recorded(record: Path) -> str | None:
    return record.read_text(encoding="ascii", errors="replace").partition(" ")[0] if record.is_file() else None


def verify(archive: Path, expected: str | None, remedy: str) -> str:
    """Return the checksum of an archive, which must be the expected one if there is one."""
    with archive.open("rb") as content:
        digest = hashlib.sha256()
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
    if expected is not None and expected.lower() != digest.hexdigest():
        raise DataNotFoundError(
            f"the archive {str(archive)!r} should have the SHA-256 {expected}, but has {digest.hexdigest()}: {remedy}"
        )
    return digest.hexdigest()


def _get(url: str, archive: Path, expected: str | None, progress: bool, hint: str) -> str:
    """Download an archive, continuing its `.part`, and return its checksum. A part that turns out bad is removed."""
    part = archive.with_name(f"{archive.name}.part")
    try:
        _receive_all(url, part, Progress(archive.name, " MB", progress), hint)
    finally:
        if part.exists() and not _size(part):
            part.unlink()  # not a byte came, and nothing is there to be continued
    try:
        digest = verify(
            part, expected, f"it is damaged, or was changed at {url}: run this again. sha256= accepts another one"
        )
        if not zipfile.is_zipfile(part):
            raise DataNotFoundError(f"{url} gave no zip archive (a login page, perhaps): run this again, {hint}")
    except DataNotFoundError:
        part.unlink()
        raise
    part.replace(archive)
    return digest


def _receive_all(url: str, part: Path, progress: "Progress", hint: str) -> None:
    """Download to `part`, from where it ends, and again if the connection breaks."""
    num_failures = 0
    while num_failures < MAX_ATTEMPTS:
        before = _size(part)
        try:
            if _receive(url, part, before, progress):
                return
        except urllib.error.HTTPError as error:
            raise _unreachable(url, part, f"the server says {error.code} {error.reason}", hint) from error
        except urllib.error.URLError as error:
            raise _unreachable(url, part, str(error.reason), hint) from error
        except http.client.InvalidURL as error:
            raise ConfigError(f"url must be the http or https address of an archive, got {url!r}") from error
        except (ConnectionError, TimeoutError, http.client.HTTPException):
            pass  # a broken connection: what came is in the part
        num_failures = num_failures + 1 if _size(part) <= before else 0
        time.sleep(RETRY_WAIT_S * num_failures)
    raise _unreachable(url, part, f"the connection broke {MAX_ATTEMPTS} times in a row", hint)


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _unreachable(url: str, part: Path, reason: str, hint: str) -> DataNotFoundError:
    kept = f" ({_size(part) / MEGABYTE:.1f} MB are kept and will be continued)" if part.exists() else ""
    archive = part.with_suffix("")
    return DataNotFoundError(
        f"cannot download {url}: {reason}{kept}. Run this again when the network is there, {hint}, "
        f"or put it at {str(archive)!r}"
    )


def _receive(url: str, part: Path, offset: int, progress: "Progress") -> bool:
    """Append what the server sends from `offset` on; return whether that was the rest."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={offset}-"} if offset else {})  # noqa: S310
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - http or https, see _fetch
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not offset:
            raise
        if error.headers.get("Content-Range", "").endswith(f"/{offset}"):
            return True  # there is no more: the last run ended just before its check
        part.unlink()  # the part is of another archive
        return _receive(url, part, 0, progress)
    with response:
        is_continued = response.status == http.HTTPStatus.PARTIAL_CONTENT
        return _save(response, part, offset if is_continued else 0, progress)


def _save(response: Any, part: Path, offset: int, progress: "Progress") -> bool:
    length = response.headers.get("Content-Length")
    total = offset + int(length) if length else None
    done = offset
    with part.open("ab" if offset else "wb") as out:
        while chunk := _read(response):
            out.write(chunk)
            done += len(chunk)
            progress.show(done / MEGABYTE, None if total is None else total / MEGABYTE)
    return total is None or done >= total


def _read(response: Any) -> bytes:
    try:
        chunk: bytes = response.read(_CHUNK_BYTES)
    except OSError as error:  # not to be taken for one of the disk
        raise ConnectionError(str(error)) from error
    return chunk


class Progress:
    """One line on stderr that says how far it is: rewritten in a terminal, a new one per tenth elsewhere."""

    def __init__(self, label: str, unit: str, is_shown: bool) -> None:
        self._label, self._unit, self._is_shown = label, unit, is_shown
        self._step = -1

    def show(self, done: float, total: float | None) -> None:
        """Show that `done` of `total` are done, if that is news."""
        is_terminal = sys.stderr.isatty()
        step = int(done) if total is None else int((100 if is_terminal else 10) * done / total)
        if not self._is_shown or step == self._step:
            return
        self._step = step
        amount = f"{done:.0f}" if total is None else f"{done:.0f} of {total:.0f}"
        line = f"{chr(13) * is_terminal}{self._label}: {amount}{self._unit}"
        is_last = total is not None and done >= total
        sys.stderr.write(line if is_terminal and not is_last else f"{line}\n")
        sys.stderr.flush()
