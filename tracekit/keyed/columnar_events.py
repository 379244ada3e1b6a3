"""Events in columns that read like the mapping they replace, whatever holds the columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from tracekit.keyed.cid_index import CidIndex, cid_runs
from tracekit.keyed.column_decoder import ColumnDecoder
from tracekit.keyed.column_kinds import python_values
from tracekit.keyed.domains import CID_COLUMN
from tracekit.keyed.grouping import Events, Record
from tracekit.keyed.shared_keys import record_constructor

if TYPE_CHECKING:
    import pyarrow as pa

ReadOnlyRecord = Mapping[str, Any]
"""A record that cannot be changed; `dict(record)` can."""


class CidRecords(Sequence[ReadOnlyRecord]):
    """The records of one CID, each made when it is asked for, and read-only.

    Equal to any sequence of equal mappings, such as the list of records it stands for.

    Args:
        parts: The CID's rows in columns.
        schema: The columns; their metadata name how they are held.
    """

    def __init__(self, parts: Sequence[pa.RecordBatch], schema: pa.Schema) -> None:
        self._parts = parts
        self._schema = schema

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def __iter__(self) -> Iterator[ReadOnlyRecord]:
        return map(MappingProxyType, self.to_records())

    @overload
    def __getitem__(self, place: int) -> ReadOnlyRecord: ...

    @overload
    def __getitem__(self, place: slice) -> list[ReadOnlyRecord]: ...

    def __getitem__(self, place: int | slice) -> ReadOnlyRecord | list[ReadOnlyRecord]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        index = place + len(self) if place < 0 else place
        for part in self._parts:
            if 0 <= index < len(part):
                return MappingProxyType(self._records(part.slice(index, 1))[0])
            index -= len(part)
        raise IndexError(f"record {place} of {len(self)}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(
            left == right for left, right in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"CidRecords({self.to_records()!r})"

    def to_records(self) -> list[Record]:
        """The records as dicts of their own, which may be changed."""
        return [record for part in self._parts for record in self._records(part)]

    def _records(self, part: pa.RecordBatch) -> list[Record]:
        make = record_constructor(tuple(self._schema.names))
        return list(map(make, *map(python_values, self._schema, part.columns)))


class ColumnarEvents(Mapping[str, CidRecords]):
    """Events of many CIDs in columns; what fetches a row is the subclass's.

    Args:
        schema: The columns.
        index: Where each CID's rows stand.
    """

    def __init__(self, schema: pa.Schema, index: CidIndex) -> None:
        self._schema = schema
        self._index = index

    def __getitem__(self, cid: str) -> CidRecords:
        runs = self._index.runs(cid)
        if not runs:
            raise KeyError(cid)
        return CidRecords([self._run(start, count) for start, count in runs], self._schema)

    def __contains__(self, cid: object) -> bool:
        return bool(self._index.runs(cid))

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.rows:,} rows of {len(self):,} CIDs>"

    @property
    @abstractmethod
    def rows(self) -> int:
        """Rows of all CIDs."""

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the columns."""
        return self._schema

    def to_events(self) -> Events:
        """The mapping this stands for, of lean records: what `fetch_events` returns."""
        events: Events = {}
        for piece in self.pieces():
            for cid, records in piece.items():
                if cid in events:
                    events[cid] += records
                else:
                    events[cid] = records
        return events

    def pieces(self) -> Iterator[Events]:
        """The same mapping in pieces, as `fetch_events_iter` gives it: the quick way through all.

        A CID may go on in the next piece. Looking CIDs up one by one decodes cell by cell and
        takes four times as long.
        """
        decoders = [ColumnDecoder(field) for field in self._schema]
        make = record_constructor(tuple(self._schema.names))
        for part in self._parts():
            cells = [
                decoder.values(array) for decoder, array in zip(decoders, part.columns, strict=True)
            ]
            records = list(map(make, *cells))
            cids, counts = cid_runs(part.column(CID_COLUMN))
            del part, cells
            piece: Events = {}
            start = 0
            for cid, count in zip(cids.to_pylist(), counts.tolist(), strict=True):
                run = records[start : start + count]  # a list that grew would have room to spare
                start += count
                if cid in piece:
                    piece[cid] += run
                else:
                    piece[cid] = run
            del records
            yield piece
            del piece

    @abstractmethod
    def _run(self, start: int, count: int) -> pa.RecordBatch:
        """The rows of one run of the index."""

    @abstractmethod
    def _parts(self) -> Iterator[pa.RecordBatch]:
        """All rows, in order, a part at a time."""
