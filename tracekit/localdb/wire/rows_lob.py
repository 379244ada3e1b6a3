"""Encode rows with LOB columns: keep each value and send a locator, or send it whole in LONG form.

The client chooses the form by defining the columns after they were described. So the first reply to
a query with LOB columns has no rows (`_process_describe_info` in `impl/thin/messages/base.pyx`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from tracekit.errors import LocalWireError
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription, EncodedRows, OracleType
from tracekit.localdb.wire.messages.binds import BindMetadata
from tracekit.localdb.wire.primitives import TtcWriter
from tracekit.localdb.wire.rowid import rowid_of, text_of_rowid
from tracekit.localdb.wire.rows import encode_rows
from tracekit.localdb.wire.rows_layout import INT32, of_fields, valid_mask

CHUNK_BYTES = 8_132
"""The chunk size reported for LOBs."""
LOB_TYPES = frozenset({OracleType.CLOB, OracleType.BLOB})
MAX_PIECE_BYTES = 4 << 20
"""The bytes of LOBs to encode together, unless a single row has more."""

_TEXT_TYPES = frozenset({OracleType.VARCHAR2, OracleType.CHAR, OracleType.LONG})
_RAW_TYPES = frozenset({OracleType.RAW, OracleType.LONG_RAW})


class KeptLob(NamedTuple):
    """A kept value and its locator."""

    locator: bytes
    units: int
    """Its length in UTF-16 units or bytes."""


class LobPlace(NamedTuple):
    """Where a LOB is stored whose row the client has locked."""

    table: str
    """As SQL writes it."""
    column: str
    rowid: str


class LockedTable(NamedTuple):
    """The table whose rows a result shows and the client has locked."""

    name: str
    """As SQL writes it."""
    columns: Sequence[str]
    """For each column of the result, the table's column; "" for an expression."""

    def places(self, index: int, numbers: pa.Array) -> list[LobPlace] | None:
        """Where the rows with these numbers keep the LOBs of a result's column."""
        if not self.columns[index]:
            return None
        rowids = (text_of_rowid(rowid_of(number)) for number in numbers.to_pylist())
        return [LobPlace(self.name, self.columns[index], rowid) for rowid in rowids]


class LobKeeper(Protocol):
    """Keeps the values behind locators."""

    def keep(
        self, value: memoryview, column: ColumnDescription, place: LobPlace | None = None
    ) -> KeptLob:
        """Keep a value: bytes, or UTF-8 text; with a place, the client may change it there."""


def has_lobs(columns: Sequence[ColumnDescription]) -> bool:
    """Whether any column is sent as locators."""
    return any(column.type in LOB_TYPES for column in columns)


def defined_columns(
    described: Sequence[ColumnDescription], defines: Sequence[BindMetadata]
) -> list[ColumnDescription]:
    """The columns in the client's form: LOBs as locators or in LONG form.

    Only LOB columns can differ from their description; clients convert all others themselves.

    Raises:
        OraError: ORA-01007 if the number of columns differs; ORA-03115 for an unsupported
            form of a LOB.
    """
    if len(described) != len(defines):
        raise OraError(1007, "variable not in select list")
    return [
        _defined(column, define) if column.type in LOB_TYPES else column
        for column, define in zip(described, defines, strict=True)
    ]


def redescribed_columns(
    sent_before: Sequence[ColumnDescription], described: Sequence[ColumnDescription]
) -> list[ColumnDescription]:
    """The columns as clients read them after a re-execution with changed columns.

    A LOB that replaces text or bytes is read in LONG form without being defined
    (`_adjust_metadata` in `impl/thin/messages/base.pyx`).
    """
    adjusted = list(described)
    for place, (before, now) in enumerate(zip(sent_before, described, strict=False)):
        if (now.type is OracleType.CLOB and before.type in _TEXT_TYPES) or (
            now.type is OracleType.BLOB and before.type in _RAW_TYPES
        ):
            adjusted[place] = _long_form(now, before.charset_form)
    return adjusted


def _defined(column: ColumnDescription, define: BindMetadata) -> ColumnDescription:
    if define.type == column.type:
        return column
    wanted = _TEXT_TYPES if column.type is OracleType.CLOB else _RAW_TYPES
    if define.type not in wanted:
        raise OraError(3115, "unsupported network datatype or representation")
    return _long_form(column, define.charset_form)


def _long_form(column: ColumnDescription, charset_form: int) -> ColumnDescription:
    if column.type is OracleType.CLOB:
        return replace(column, type=OracleType.LONG, charset_form=charset_form or 1)
    return replace(column, type=OracleType.LONG_RAW)


def encode_lob_rows(
    batch: pa.RecordBatch,
    columns: Sequence[ColumnDescription],
    keeper: LobKeeper,
    locked: LockedTable | None = None,
) -> Iterator[EncodedRows]:
    """Like `encode_rows`, but gives the values of CLOB and BLOB columns to `keeper`.

    Args:
        batch: The rows; with `locked`, their numbers are one more column.
        columns: The columns as the client reads them.
        keeper: Keeps the LOBs.
        locked: The table whose rows the client has locked.

    Raises:
        OraError: a value cannot be sent or kept.
        LocalWireError: a column's data cannot be sent as the described type.
    """
    pending = [batch] if batch.num_rows else []
    while pending:
        piece = pending.pop()
        if piece.num_rows > 1 and piece.nbytes > MAX_PIECE_BYTES:
            half = piece.num_rows // 2
            pending += (piece.slice(half), piece.slice(0, half))
        else:
            arrays = []
            for index, column in enumerate(columns):
                array = piece.column(index)
                if column.type in LOB_TYPES:
                    numbers = piece.column(len(columns)) if locked else None
                    places = locked.places(index, numbers) if locked else None
                    array = _locators(array, column, keeper, places)
                arrays.append(array)
            sent = pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])
            yield from encode_rows(sent, columns)


def _locators(
    array: pa.Array,
    column: ColumnDescription,
    keeper: LobKeeper,
    places: Sequence[LobPlace] | None,
) -> pa.Array:
    """The column's fields; that of a NULL is a single zero byte."""
    if pa.types.is_null(array.type):
        return of_fields([b"\0"] * len(array))
    if not (pa.types.is_string(array.type) or pa.types.is_binary(array.type)):
        raise LocalWireError(f"column {column.name}: {array.type} cannot be sent as a LOB")
    _, offset_buffer, data_buffer = array.buffers()
    ends = np.frombuffer(offset_buffer, INT32)[array.offset : array.offset + len(array) + 1]
    data = memoryview(data_buffer) if data_buffer else memoryview(b"")
    valid = valid_mask(array)
    fields = [b"\0"] * len(array)
    for row in range(len(array)) if valid is None else np.flatnonzero(valid).tolist():
        value = data[int(ends[row]) : int(ends[row + 1])]
        fields[row] = lob_field(keeper.keep(value, column, places[row] if places else None))
    return of_fields(fields)


def lob_field(kept: KeptLob) -> bytes:
    """A LOB's field in a row: locator length, size, chunk size, locator."""
    writer = TtcWriter()
    writer.ub(len(kept.locator), kept.units, CHUNK_BYTES)
    writer.bytes_(kept.locator)
    return bytes(writer)
