"""A run's batches on disk, so that a run that was killed waits for them instead of paying again.

NUMBER.json            a batch: what it asks, and, once it has begun, its name at the provider
NUMBER.results.jsonl   its results as they came, once it is over
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from vlm_gym.errors import RunError
from vlm_gym.evaluation.models.batches.service import Batch, result_lines
from vlm_gym.files import write_whole

RESULTS: Final = ".results.jsonl"

logger = logging.getLogger(__name__)


class BatchStore:
    """A folder of batches, which is made when there is one.

    Raises:
        RunError: if it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        paths = sorted(path for path in folder.glob("*.json") if path.stem.isdecimal())
        self.batches = {int(path.stem): _read(path) for path in paths}

    @property
    def names(self) -> list[str]:
        """The names of all batches that have begun."""
        return [batch.name for batch in self.batches.values() if batch.name is not None]

    def add(self, keys: Sequence[str], file: str) -> int:
        """Keep a batch that is about to begin; return its number."""
        number = max(self.batches, default=0) + 1
        self._write(number, Batch(tuple(keys), file))
        return number

    def begun(self, number: int, name: str) -> None:
        """Keep the name of a batch."""
        self._write(number, replace(self.batches[number], name=name))

    def forget(self, number: int) -> None:
        """Delete a batch that never began."""
        del self.batches[number]
        self._path(number).unlink(missing_ok=True)

    def results(self, number: int) -> dict[str, dict[str, Any]] | None:
        """Return the results of a batch by their requests' keys; None if they are not there."""
        try:
            data = self._results_path(number).read_bytes()
        except FileNotFoundError:
            return None
        wanted = set(self.batches[number].keys)
        found: dict[str, dict[str, Any]] = {}
        for key, result in result_lines(data):
            if key in wanted:
                found.setdefault(key, result)
        return found

    def keep_results(self, number: int, data: bytes) -> None:
        """Keep the results of a batch as they came."""
        self._put(self._results_path(number), data)

    def _write(self, number: int, batch: Batch) -> None:
        self._put(self._path(number), json.dumps(asdict(batch)).encode("ascii"))
        self.batches[number] = batch

    def _put(self, path: Path, data: bytes) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_whole(path, lambda draft: draft.write_bytes(data))
        except OSError as error:
            raise RunError(
                f"cannot keep {path}: {error.strerror or error}. Make room, then go on with --resume"
            ) from error

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.json"

    def _results_path(self, number: int) -> Path:
        return self.folder / f"{number:06d}{RESULTS}"


def _read(path: Path) -> Batch:
    try:
        values: Mapping[str, Any] = json.loads(path.read_text(encoding="ascii"))
        return Batch(tuple(values["keys"]), values["file"], values["name"], float(values["since_s"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(
            f"cannot read the batch {path}: {error}. Delete it to ask, and pay, for its requests again"
        ) from error
