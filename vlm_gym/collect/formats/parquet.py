"""Parquet files with embedded pictures, which `datasets` reads as PIL images: plain columns, or TRL's."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from vlm_gym.collect.columns import Column, Kind, columns_of
from vlm_gym.collect.files import write_whole
from vlm_gym.collect.samples import Sample
from vlm_gym.collect.settings import CollectSettings
from vlm_gym.errors import MissingDependencyError
from vlm_gym.installation import install_hint

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP: Final = 500  # rows; readers load one at a time
DICTIONARY_LIMIT: Final = 2**24  # bytes; a picture that comes often is stored once in a row group

_TEXT: Final = {"dtype": "string", "_type": "Value"}
_INT: Final = {"dtype": "int64", "_type": "Value"}
_FEATURES: Final[dict[Kind, Any]] = {
    "picture": {"_type": "Image"},
    "pictures": [{"_type": "Image"}],
    "text": _TEXT,
    "texts": [_TEXT],
    "int": _INT,
    "ints": [_INT],
    "bool": {"dtype": "bool", "_type": "Value"},
    "messages": [{"role": _TEXT, "content": [{"type": _TEXT, "text": _TEXT}]}],
}
"""The kinds as `datasets` describes them in a file's metadata."""


class ParquetWriter:
    """Writes data/train-00000.parquet and so on.

    Raises:
        MissingDependencyError: if pyarrow is not installed.
    """

    data_files = "data/*.parquet"
    packages: tuple[str, ...] = ("pyarrow",)

    def __init__(self, settings: CollectSettings) -> None:
        try:
            import pyarrow.parquet  # noqa: F401
        except ImportError as error:
            raise MissingDependencyError(f"parquet files need pyarrow: {install_hint('data')}") from error
        self._columns = columns_of(settings)
        self._settings = settings

    def write(self, folder: Path, number: int, samples: Sequence[Sample]) -> None:
        """Write a shard."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = _schema(self._columns)
        arrays = [
            pa.array([_cell(column, sample) for sample in samples], schema.field(column.name).type)
            for column in self._columns
        ]
        table = pa.Table.from_arrays(arrays, schema=schema)

        def write_table(path: Path) -> None:
            with path.open("wb") as file:  # pyarrow itself opens no path that is not UTF-8
                pq.write_table(
                    table,
                    file,
                    row_group_size=ROW_GROUP,
                    compression="zstd",
                    dictionary_pagesize_limit=DICTIONARY_LIMIT,
                )

        write_whole(folder / f"data/train-{number:05d}.parquet", write_table)

    def finish(self, folder: Path) -> None:
        """Write nothing: the shards are complete without it."""

    def usage(self) -> str:
        """Say what the columns hold and how they are read."""
        rows = "\n".join(f"| `{column.name}` | {_TOLD[column.kind]} | {column.meaning} |" for column in self._columns)
        trl = f"\n{_TRL[self._settings.unit]}\n" if self._settings.format == "trl" else ""
        return f"{_USAGE}{trl}\n| column | type | meaning |\n|---|---|---|\n{rows}\n"


def _schema(columns: Sequence[Column]) -> "pa.Schema":
    import pyarrow as pa

    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    block = pa.struct([("type", pa.string()), ("text", pa.string())])
    message = pa.struct([("role", pa.string()), ("content", pa.list_(block))])
    types: dict[Kind, pa.DataType] = {
        "picture": picture,
        "pictures": pa.list_(picture),
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "int": pa.int64(),
        "ints": pa.list_(pa.int64()),
        "bool": pa.bool_(),
        "messages": pa.list_(message),
    }
    features = {column.name: _FEATURES[column.kind] for column in columns}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([(column.name, types[column.kind]) for column in columns], metadata=metadata)


def _cell(column: Column, sample: Sample) -> Any:
    value = column.value(sample)
    if column.kind == "picture":
        return value if value is None else {"bytes": value, "path": None}
    return [{"bytes": png, "path": None} for png in value] if column.kind == "pictures" else value


_TOLD: Final[dict[Kind, str]] = {
    "picture": "image",
    "pictures": "list of images",
    "text": "string",
    "texts": "list of strings",
    "int": "int",
    "ints": "list of ints",
    "bool": "bool",
    "messages": "list of messages with content blocks",
}
_USAGE: Final = """\
```python
from datasets import load_dataset

rows = load_dataset("parquet", data_files="data/*.parquet", split="train")  # in this folder
```
"""
_TRL: Final = {
    "step": "TRL's `SFTTrainer` takes them as they are; with `prompt` and `completion` its loss covers the answer "
    "only.",
    "conversation": "TRL's `SFTTrainer` takes them as they are; with `assistant_only_loss=True` its loss covers the "
    "answers only.",
}
