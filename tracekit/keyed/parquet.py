"""Write records to one Parquet file: streamed, in one schema, visible only when complete."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from tracekit.errors import ConfigError, ExportError
from tracekit.keyed.column_reader import KeyedRows
from tracekit.keyed.freed_memory import release_freed_memory
from tracekit.keyed.query import Query

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP_BYTES = 4 * 2**20
"""A row group is closed once its columns reach this size in memory. A look-up reads one row group,
so smaller ones make look-ups cheaper and writing more expensive."""
QUERY_KEY = b"tracekit:query"
"""The metadata key for the query's name."""
KEY_COLUMNS_KEY = b"tracekit:key_columns"
"""The metadata key for the list of its key columns, as JSON."""


@dataclass(frozen=True)
class ParquetExport:
    """The file that `KeyedFetcher.to_parquet` wrote."""

    path: Path | str
    """The file, or its URL in object storage without possibly secret parts."""
    rows: int
    keys: int
    """Number of keys that have records."""
    file_bytes: int


class ParquetTarget:
    """A Parquet file that appears under its name once the block ends without an error.

    Until then it is written next to it under a temporary name. On an error, including Ctrl-C, the
    temporary file is removed and an older file stays.

    Args:
        path: The file to make or replace.
        schema: The schema of every batch.
        query: Its name and key columns go into the file's metadata.

    Raises:
        ExportError: the file cannot be written.
    """

    def __init__(self, path: Path, schema: pa.Schema, query: Query) -> None:
        self._path = path
        self._key_columns = query.column_names
        self._partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        self._schema = schema.with_metadata(
            {
                QUERY_KEY: query.name.encode(),
                KEY_COLUMNS_KEY: json.dumps(self._key_columns).encode(),
            }
        )
        self._pending: list[pa.RecordBatch] = []
        self._pending_bytes = 0
        self._rows = 0
        self._keys = 0

    def __enter__(self) -> ParquetTarget:
        import pyarrow as pa
        import pyarrow.parquet as pq

        repeated = [field.name for field in self._schema if pa.types.is_dictionary(field.type)]
        with self._writing():
            try:
                self._writer = pq.ParquetWriter(
                    self._partial,
                    self._schema,
                    compression="zstd",
                    use_dictionary=repeated,
                    write_statistics=list(self._key_columns),
                )
            except BaseException:
                self._partial.unlink(missing_ok=True)
                raise
        return self

    def write(self, piece: KeyedRows) -> None:
        """Add a piece."""
        self._rows += len(piece.rows)
        self._keys += piece.new_keys
        self._pending.append(piece.rows)
        self._pending_bytes += piece.rows.nbytes
        if self._pending_bytes >= ROW_GROUP_BYTES:
            self._write_row_group()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._write_row_group()
                with self._writing():
                    self._writer.close()
                    _flush(self._partial)
                    self._partial.replace(self._path)
        finally:
            with suppress(Exception):  # the first failure is the one to report
                self._writer.close()
            self._partial.unlink(missing_ok=True)

    def export(self) -> ParquetExport:
        """The written file, after the block has ended."""
        return ParquetExport(self._path, self._rows, self._keys, self._path.stat().st_size)

    def _write_row_group(self) -> None:
        import pyarrow as pa

        if not self._pending:
            return
        columns = pa.Table.from_batches(self._pending).columns
        self._pending, self._pending_bytes = [], 0
        release_freed_memory()  # free what reading took before unifying takes as much
        for place, column in enumerate(columns):
            # If the dictionary changed within a row group, it would be written as text. Column by
            # column, so that there is never a second copy of all of them.
            columns[place] = column.unify_dictionaries()
            del column
        table = pa.Table.from_arrays(columns, schema=self._schema)
        release_freed_memory()  # free what unifying took before the writer takes as much
        with self._writing():
            self._writer.write_table(table)
        del table
        release_freed_memory()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            full = exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            advice = "Free some space" if full else "Check that its folder is writable"
            raise ExportError(
                f"{self._path} could not be written: {os.strerror(exc.errno or errno.EIO)}. "
                f"{advice}, or choose another folder. The incomplete file was removed."
            ) from exc


def parquet_path(path: str | os.PathLike[str]) -> Path:
    """`path`, if a file can be written there.

    Raises:
        ConfigError: it is a folder, or its folder does not exist.
    """
    found = Path(path)
    if found.is_dir():
        raise ConfigError(f"{found} is a folder. Name a file in it, such as records.parquet.")
    if not found.parent.is_dir():
        raise ConfigError(f"the folder {found.parent} does not exist. Create it first")
    return found


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def key_columns_of(schema: pa.Schema, path: Path) -> list[str]:
    """The key columns listed in a file's metadata.

    Raises:
        ExportError: there are none, so `to_parquet` did not write it.
    """
    written = (schema.metadata or {}).get(KEY_COLUMNS_KEY)
    if written is None:
        raise ExportError(
            f"the metadata of {path} has no key columns. Write the file with to_parquet()."
        )
    columns: list[str] = json.loads(written)
    return columns
