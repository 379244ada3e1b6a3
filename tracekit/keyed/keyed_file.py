"""`open_parquet`: the records of a Parquet file as a mapping, with a few row groups in memory."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from tracekit.errors import ConfigError, ExportError
from tracekit.keyed.key_index import KeyIndex
from tracekit.keyed.keyed_columns import KeyedColumns
from tracekit.keyed.parquet import key_columns_of

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_ROW_GROUPS_KEPT = 4


def open_parquet(path: str | os.PathLike[str]) -> KeyedFile:
    """Open a file that `KeyedFetcher.to_parquet` wrote, to read its records key by key.

    Opening reads only the file's key columns.

    Args:
        path: The file.

    Raises:
        ConfigError: the file does not exist.
        ExportError: it is not a Parquet file that `to_parquet` wrote.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = Path(path)
    if not found.is_file():
        raise ConfigError(
            f"the file {found} does not exist. Write it with KeyedFetcher.to_parquet()"
        )
    try:
        file = pq.ParquetFile(found)
    except (pa.ArrowInvalid, OSError) as exc:
        raise ExportError(
            f"{found} cannot be read as Parquet: {exc}. Write it again with to_parquet()."
        ) from exc
    try:
        return KeyedFile(found, file)
    except BaseException:
        file.close()
        raise


class KeyedFile(KeyedColumns):
    """A file of records that reads like `{key: [records]}`; close it, or use it in a `with` block.

    Several threads may read it. The last few row groups stay in memory, so that neighbouring keys
    are read once.

    Args:
        path: The file.
        file: The opened file.
    """

    def __init__(self, path: Path, file: pq.ParquetFile) -> None:
        import numpy as np

        schema = file.schema_arrow
        key_columns = key_columns_of(schema, path)
        self.path = path
        self._file = file
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, pa.RecordBatch] = OrderedDict()
        groups = range(file.metadata.num_row_groups)
        sizes = [file.metadata.row_group(group).num_rows for group in groups]
        self._firsts = np.cumsum([0, *sizes])
        fields = list(map(schema.field, key_columns))
        index = KeyIndex(fields, self._key_parts(key_columns, sizes))
        super().__init__(schema, key_columns, index)

    def __enter__(self) -> KeyedFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; records that were read stay valid."""
        with self._lock:
            self._kept.clear()
            self._file.close()

    @property
    def rows(self) -> int:
        """Number of rows, over all keys."""
        return int(self._firsts[-1])

    def _key_parts(
        self, key_columns: Sequence[str], sizes: Sequence[int]
    ) -> Iterator[tuple[list[pa.Array], int]]:
        for group, size in enumerate(sizes):
            if not key_columns:
                yield [], size
                continue
            keys = self._file.read_row_group(group, columns=list(key_columns))
            for name in key_columns:
                if keys.column(name).null_count:
                    raise ExportError(
                        f"{self.path} has NULL in key column {name} (row group {group}). Write the "
                        "file again with to_parquet()."
                    )
            for part in keys.unify_dictionaries().combine_chunks().to_batches():
                yield [part.column(name) for name in key_columns], len(part)

    def _run(self, start: int, count: int) -> pa.RecordBatch:
        group = int(self._firsts.searchsorted(start, "right")) - 1
        return self._row_group(group).slice(start - int(self._firsts[group]), count)

    def _row_group(self, group: int) -> pa.RecordBatch:
        with self._lock:
            found = self._kept.get(group)
            if found is None:
                found = self._read(group)
                self._kept[group] = found
                if len(self._kept) > _ROW_GROUPS_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(group)
            return found

    def _read(self, group: int) -> pa.RecordBatch:
        (batch,) = self._file.read_row_group(group).combine_chunks().to_batches()
        return batch

    def _parts(self) -> Iterator[pa.RecordBatch]:
        for group in range(len(self._firsts) - 1):
            with self._lock:
                batch = self._read(group)
            yield batch
            del batch
