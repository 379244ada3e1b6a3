"""Rows in columns that read like the mapping they replace, in memory or in a file."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, overload

from tracekit.keyed.column_decoder import ColumnDecoder
from tracekit.keyed.column_kinds import python_values
from tracekit.keyed.key_index import KeyIndex, key_runs, keys_of
from tracekit.keyed.query import Key
from tracekit.keyed.record import Record, RecordsByKey
from tracekit.keyed.shared_keys import record_maker

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

ReadOnlyRecord = Mapping[str, Any]
"""A read-only record; `dict(record)` makes a copy that can be changed."""


class KeyRecords(Sequence[ReadOnlyRecord]):
    """The records of one key, read-only, each made on access.

    Equal to any sequence of equal mappings, such as the list of records it represents.

    Args:
        parts: The key's rows in columns.
        schema: The columns; their metadata says how they are held.
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
        return f"KeyRecords({self.to_records()!r})"

    def to_records(self) -> list[Record]:
        """The records as separate dicts, which may be changed."""
        return [record for part in self._parts for record in self._records(part)]

    def _records(self, part: pa.RecordBatch) -> list[Record]:
        make = record_maker(tuple(self._schema.names))
        return make(list(map(python_values, self._schema, part.columns)))


class KeyedColumns(Mapping[Key, KeyRecords]):
    """Records of many keys in columns; the subclass fetches the rows.

    Args:
        schema: The columns.
        key_columns: The columns that form the key.
        index: Finds the rows of each key.
    """

    def __init__(self, schema: pa.Schema, key_columns: Sequence[str], index: KeyIndex) -> None:
        self._schema = schema
        self.key_columns = tuple(key_columns)
        self._index = index

    def __getitem__(self, key: Key) -> KeyRecords:
        runs = self._index.runs(key)
        if not runs:
            raise KeyError(key)
        return KeyRecords([self._run(start, count) for start, count in runs], self._schema)

    def __contains__(self, key: object) -> bool:
        return bool(self._index.runs(key))

    def __iter__(self) -> Iterator[Key]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.rows:,} rows of {len(self):,} keys>"

    @property
    @abstractmethod
    def rows(self) -> int:
        """Number of rows, over all keys."""

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the columns."""
        return self._schema

    def to_records(self) -> RecordsByKey:
        """The same mapping with lean records, as `KeyedFetcher.records` returns it."""
        found: RecordsByKey = {}
        for piece in self.pieces():
            for key, records in piece.items():
                if key in found:
                    found[key] += records
                else:
                    found[key] = records
        return found

    def pieces(self) -> Iterator[RecordsByKey]:
        """The same mapping in pieces, like `KeyedFetcher.stream`: the fastest way to read it all.

        A key may continue in the next piece. Looking up keys one by one decodes cell by cell, which
        is several times slower.
        """
        decoders = [ColumnDecoder(field) for field in self._schema]
        make = record_maker(tuple(self._schema.names))
        for part in self._parts():
            cells = [
                decoder.values(array) for decoder, array in zip(decoders, part.columns, strict=True)
            ]
            records = make(cells)
            keys, counts = self._runs(part)
            del part, cells
            piece: RecordsByKey = {}
            start = 0
            for key, count in zip(keys, counts.tolist(), strict=True):
                run = records[start : start + count]  # a list that grew would over-allocate
                start += count
                if key in piece:
                    piece[key] += run
                else:
                    piece[key] = run
            del records
            yield piece
            del piece

    def _runs(self, part: pa.RecordBatch) -> tuple[Sequence[Key], npt.NDArray[np.int64]]:
        arrays = [part.column(name) for name in self.key_columns]
        keys, counts = key_runs(arrays, len(part))
        fields = map(self._schema.field, self.key_columns)
        return keys_of(list(map(python_values, fields, keys)), len(counts)), counts

    @abstractmethod
    def _run(self, start: int, count: int) -> pa.RecordBatch:
        """The rows of one run of the index."""

    @abstractmethod
    def _parts(self) -> Iterator[pa.RecordBatch]:
        """All rows, in order, a part at a time."""
