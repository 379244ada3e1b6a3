"""Chunks as Parquet: plain columns for any reader, and the records' exact JSON for tracekit."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from tracekit.errors import ResultIncomplete
from tracekit.jobs.chunk import ChunkEntry
from tracekit.jsonvalue import encode
from tracekit.keyed.column_decoder import ColumnDecoder
from tracekit.keyed.column_kinds import (
    KIND_KEY,
    ColumnKind,
    array_of,
    held_array,
    held_field,
    wide_enough,
)
from tracekit.keyed.record import Record

if TYPE_CHECKING:
    import pyarrow as pa

_JSON_KIND = b"json"
"""Marks a column with the JSON of its values, for types that Arrow cannot restore exactly."""
_KINDS: dict[type, ColumnKind] = {
    str: ColumnKind.TEXT,
    int: ColumnKind.WHOLE,
    float: ColumnKind.NUMBER,
    bool: ColumnKind.BOOLEAN,
    bytes: ColumnKind.BINARY,
    datetime: ColumnKind.INSTANT,
}
_ENCODED_AT_ONCE = 250
_NUMBERS = {int, float}


class ChunkColumns:
    """Writes the chunks of one domain, with the same columns in each if their values allow it.

    A column that is empty in one chunk keeps the type it had in the chunk before.
    """

    def __init__(self) -> None:
        self._fields: dict[str, pa.Field] = {}

    def pack(self, records: Sequence[Record], file: str) -> tuple[ChunkEntry, bytes]:
        """A Parquet file of `records`, to be stored as `file`.

        Raises:
            ValueError: a value has no JSON form, such as NaN.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = list(dict.fromkeys(name for record in records for name in record))
        arrays = {}
        for name in columns:
            values = [record.get(name) for record in records]
            self._fields[name], arrays[name] = self._column(name, values)
        schema = pa.schema([self._fields[name] for name in columns])
        table = pa.Table.from_arrays(list(arrays.values()), schema=schema)
        sink = pa.BufferOutputStream()
        repeated = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        pq.write_table(table, sink, compression="zstd", use_dictionary=repeated)
        stored = sink.getvalue().to_pybytes()
        return ChunkEntry(
            len(records), len(stored), hashlib.sha256(stored).hexdigest(), file
        ), stored

    def _column(self, name: str, values: list[Any]) -> tuple[pa.Field, pa.Array]:
        import pyarrow as pa

        types = set(map(type, values)) - {type(None)}
        kind = _kind(types, values)
        if kind is None:
            field = pa.field(name, pa.string(), metadata={KIND_KEY: _JSON_KIND})
            texts = [None if value is None else encode(value).decode() for value in values]
            return field, pa.array(texts, pa.string())
        field = held_field(name, kind, pa.timestamp("us"))
        if not types and name in self._fields:
            field = self._fields[name]
            return field, pa.nulls(len(values), field.type)
        return field, held_array(field, pa.chunked_array([array_of(field, kind, values)]))


def unpack_file(stored: bytes | None, entry: ChunkEntry, name: str) -> bytes:
    """The JSON array of the records in the Parquet file `stored`.

    Raises:
        ResultIncomplete: it is missing or does not match `entry`; the message has `name`.
    """
    if stored is None:
        raise ResultIncomplete(f"chunk {name} is missing: its file was deleted or expired.")
    if hashlib.sha256(stored).hexdigest() != entry.sha256:
        raise ResultIncomplete(f"chunk {name} is damaged: the checksum of its file is wrong.")
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(pa.BufferReader(stored))
    table = file.read(use_threads=False)  # another thread would use its own arena
    cells = [
        _values(field, column.combine_chunks())
        for field, column in zip(table.schema, table.columns, strict=True)
    ]
    names = table.schema.names
    rows = zip(*cells, strict=True)
    pieces = []  # the encoder holds every token of its input
    while some := list(islice(rows, _ENCODED_AT_ONCE)):
        pieces.append(encode([dict(zip(names, row, strict=True)) for row in some])[1:-1])
    return b"[" + b",".join(pieces) + b"]"


def _kind(types: set[type], values: list[Any]) -> ColumnKind | None:
    if types <= _NUMBERS and types:
        finite = all(value is None or math.isfinite(value) for value in values)
        return wide_enough(ColumnKind.WHOLE, values) if finite else None
    if len(types) > 1 or not types <= _KINDS.keys():
        return None
    if types == {datetime} and any(value and value.tzinfo for value in values):
        return None
    return _KINDS[next(iter(types))] if types else ColumnKind.TEXT


def _values(field: pa.Field, array: pa.Array | pa.ChunkedArray) -> list[Any]:
    """The cells, or values with the same JSON."""
    import pyarrow as pa

    if isinstance(array, pa.ChunkedArray):  # without rows
        return []
    values = ColumnDecoder(field).values(array)
    if (field.metadata or {}).get(KIND_KEY) == _JSON_KIND:
        return [None if value is None else json.loads(value) for value in values]
    if pa.types.is_timestamp(field.type):  # as `encode` would, but not cell by cell
        return [None if value is None else value.isoformat() for value in values]
    return values
