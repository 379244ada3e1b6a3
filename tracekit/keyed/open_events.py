"""`open_events`: the events of a Parquet file as a mapping, a few row groups in memory at most."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from tracekit.errors import ConfigError, ExportError
from tracekit.keyed.cid_index import CidIndex
from tracekit.keyed.columnar_events import ColumnarEvents
from tracekit.keyed.domains import CID_COLUMN

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_ROW_GROUPS_KEPT = 4


def open_events(path: str | os.PathLike[str]) -> EventsFile:
    """The events that `EventFetcher.to_parquet` wrote, read CID by CID.

    Opening reads the file's CID column and nothing else.

    Args:
        path: The file.

    Raises:
        ConfigError: there is no such file.
        ExportError: it is no Parquet file of events.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = Path(path)
    if not found.is_file():
        raise ConfigError(f"{found} is no file: make it with EventFetcher.to_parquet().")
    try:
        file = pq.ParquetFile(found)
    except (pa.ArrowInvalid, OSError) as exc:
        raise ExportError(
            f"{found} cannot be read as Parquet: {exc}. Write it again with to_parquet()."
        ) from exc
    try:
        return EventsFile(found, file)
    except BaseException:
        file.close()
        raise


class EventsFile(ColumnarEvents):
    """A file of events that reads like `{CID: [records]}`; close it, or use it in a `with` block.

    May be read by several threads. The last few row groups stay in memory, so that neighbouring
    CIDs are read once.

    Args:
        path: The file.
        file: It, opened.
    """

    def __init__(self, path: Path, file: pq.ParquetFile) -> None:
        import numpy as np

        schema = file.schema_arrow
        if CID_COLUMN not in schema.names:
            raise ExportError(f"{path} has no column {CID_COLUMN}, so it holds no events.")
        self.path = path
        self._file = file
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, pa.RecordBatch] = OrderedDict()
        groups = range(file.metadata.num_row_groups)
        sizes = [file.metadata.row_group(group).num_rows for group in groups]
        self._firsts = np.cumsum([0, *sizes])
        super().__init__(schema, CidIndex(self._cid_columns(len(sizes))))

    def __enter__(self) -> EventsFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; records that were taken stay."""
        with self._lock:
            self._kept.clear()
            self._file.close()

    @property
    def rows(self) -> int:
        """Rows of all CIDs."""
        return int(self._firsts[-1])

    def _cid_columns(self, groups: int) -> Iterator[pa.Array]:
        for group in range(groups):
            column = self._file.read_row_group(group, columns=[CID_COLUMN]).column(0)
            if column.null_count:
                raise ExportError(
                    f"{self.path} has {column.null_count:,} rows without {CID_COLUMN} in row group "
                    f"{group}, so it holds no events. Write it with to_parquet()."
                )
            yield from column.chunks

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
