"""What a writer of files is, and which one a format has."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from vlm_gym.collect.formats.llava import LlavaWriter
from vlm_gym.collect.formats.parquet import ParquetWriter
from vlm_gym.collect.samples import Sample
from vlm_gym.collect.settings import CollectSettings, Format


class Writer(Protocol):
    """Writes the files of a data set: shard by shard, each whole or not at all.

    `data_files` is the pattern of the shards, and `packages` are the Python packages on which their bytes depend.
    """

    data_files: str
    packages: tuple[str, ...]

    def write(self, folder: Path, number: int, samples: Sequence[Sample]) -> None:
        """Write a shard. Writing it again gives the same bytes."""

    def finish(self, folder: Path) -> None:
        """Write what belongs to the data set as a whole."""

    def usage(self) -> str:
        """Say in Markdown what the files hold and how they are read."""


WRITERS: Final[dict[Format, Callable[[CollectSettings], Writer]]] = {
    "parquet": ParquetWriter,
    "trl": ParquetWriter,
    "llava": LlavaWriter,
}


def make_writer(settings: CollectSettings) -> Writer:
    """Return the writer of a format.

    Raises:
        MissingDependencyError: if its extra is not installed.
    """
    return WRITERS[settings.format](settings)
