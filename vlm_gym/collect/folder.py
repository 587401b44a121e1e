"""A data set's folder: its files, what determines them, and how far it has come.

    README.md     the data card
    data.json     what determines the data set, and when it is complete, its counts
    data/ or conversations/ and pictures/    the samples, shard by shard
    .progress/    one file a shard, until the data set is complete: what it takes to go on

A shard is there before the file that says so. One without such a file is written again, with the same bytes.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from vlm_gym.collect.files import write_whole
from vlm_gym.collect.samples import Sample
from vlm_gym.collect.tally import Tally, read_tally
from vlm_gym.errors import ConfigError, RunError
from vlm_gym.evaluation.runs.plan import differences
from vlm_gym.files import DRAFT

FORMAT: Final = 2  # 1 did not name games
DATA_FILE: Final = "data.json"
CARD_FILE: Final = "README.md"
PROGRESS: Final = ".progress"
RESULTS: Final = ("is_complete", "counts")
"""The parts of data.json that only its end knows."""
CIRCUMSTANCES: Final = (*RESULTS, "command")


class DataFolder:
    """A data set on its way.

    Args:
        path: Is made if it is not there.
        described: What determines the data set, plain values.
        is_resumed: Whether to go on with what is there.

    Raises:
        ConfigError: if there is something already, and it is not to be gone on with.
        RunError: if it is not a data set, or one of other settings, or cannot be written.
    """

    def __init__(self, path: Path, described: Mapping[str, Any], *, is_resumed: bool) -> None:
        self.path = path
        self.described = json.loads(json.dumps({"format": FORMAT, **described}))
        there = None if _is_empty(path) else self._read(is_resumed)
        self.is_complete = there is not None and bool(there["is_complete"])
        for draft in path.rglob(f"*{DRAFT}"):
            draft.unlink()
        if there is None:
            self._write_data({"is_complete": False})

    def read_tally(self) -> Tally | None:
        """Return how far the data set has come; None if not a shard is written."""
        parts: list[dict[str, Any]] = []
        for number in count():
            path = self.path / PROGRESS / f"{number:05d}.json"
            if not path.exists():
                return read_tally(parts) if parts else None
            parts.append(_read_json(path))
        raise AssertionError  # count() has no end

    def write_progress(self, tally: Tally, samples: Sequence[Sample]) -> None:
        """Say that the shard with these samples, the last one, is written."""
        text = json.dumps(tally.to_json(samples))
        path = self.path / PROGRESS / f"{tally.num_shards - 1:05d}.json"
        write_whole(path, lambda draft: draft.write_text(text, encoding="ascii"))

    def finish(self, card: str, counts: Mapping[str, Any]) -> None:
        """Write the data card and the counts, and leave out what it took to go on."""
        write_whole(self.path / CARD_FILE, lambda draft: draft.write_text(card, encoding="utf-8", errors="replace"))
        self._write_data({"is_complete": True, "counts": counts})
        shutil.rmtree(self.path / PROGRESS, ignore_errors=True)
        self.is_complete = True

    def counts(self) -> dict[str, Any]:
        """Return the counts of a complete data set."""
        counts: dict[str, Any] = _read_json(self.path / DATA_FILE)["counts"]
        return counts

    def _read(self, is_resumed: bool) -> dict[str, Any]:
        if not is_resumed:
            raise ConfigError(f"{self.path} holds something already: choose another folder, or go on with --resume")
        there = _read_json(self.path / DATA_FILE)
        if there.get("format") != FORMAT:
            raise RunError(f"{self.path / DATA_FILE} must have the format {FORMAT}: another version wrote it")
        changed = differences(there, self.described, CIRCUMSTANCES)
        if changed:
            raise RunError(f"{self.path} is a data set of other settings: {'; '.join(changed)}")
        return there

    def _write_data(self, results: Mapping[str, Any]) -> None:
        text = json.dumps({**self.described, **results}, indent=1) + "\n"
        write_whole(self.path / DATA_FILE, lambda draft: draft.write_text(text, encoding="ascii"))


def _is_empty(path: Path) -> bool:
    """Whether a folder is not there or holds only a draft."""
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{path} must be a folder, but it is a file")
    return not path.exists() or all(file.suffix == DRAFT for file in path.iterdir())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path.parent} is not a data set of `vlm-gym collect`: cannot read {path} ({error})") from error
    if not isinstance(values, dict):
        raise RunError(f"{path} must hold a JSON object, got {values!r:.80}")
    return values
