"""Encode rows as the bytes to send, column by column.

Each column becomes one to three Arrow arrays of bytes (length, bytes, end). One element-wise join
of all arrays, with the row-data byte before each row, gives the bytes in its data buffer and the
row boundaries in its offsets. No Python object is made per value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from tracekit.errors import LocalWireError
from tracekit.localdb.wire.column import ColumnDescription, EncodedRows, OracleType
from tracekit.localdb.wire.rows_join import join_rows
from tracekit.localdb.wire.rows_layout import fixed_binary, of_fields
from tracekit.localdb.wire.rows_number import (
    binary_double_part,
    binary_float_part,
    number_part,
)
from tracekit.localdb.wire.rows_rare import boolean_part, rowid_part, urowid_part, year_month_part
from tracekit.localdb.wire.rows_text import bytes_parts, long_parts, national_parts
from tracekit.localdb.wire.rows_time import (
    date_part,
    interval_part,
    local_part,
    timestamp_part,
    zoned_part,
)

MAX_IMAGE_BYTES = 64 << 20
"""Larger batches are split: offsets stay far below the join's 2 GiB, and memory is bounded."""
ROW_MESSAGE = 0x07
NATIONAL_FORM = 2


def _is_number(kind: pa.DataType) -> bool:
    return any(
        test(kind)
        for test in (
            pa.types.is_integer,
            pa.types.is_decimal,
            pa.types.is_floating,
            pa.types.is_boolean,
            pa.types.is_binary,
        )
    )


def _is_moment(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date32(kind))


def _is_zoned(kind: pa.DataType) -> bool:
    return _is_moment(kind) or bool(pa.types.is_struct(kind))


def _is_rowid(kind: pa.DataType) -> bool:
    return bool(pa.types.is_int64(kind) or pa.types.is_string(kind))


_FIXED: dict[OracleType, tuple[Callable[[pa.DataType], bool], Callable[[pa.Array], pa.Array]]] = {
    OracleType.NUMBER: (_is_number, number_part),
    OracleType.BINARY_INTEGER: (_is_number, number_part),
    OracleType.BINARY_DOUBLE: (pa.types.is_floating, binary_double_part),
    OracleType.BINARY_FLOAT: (pa.types.is_floating, binary_float_part),
    OracleType.DATE: (_is_moment, date_part),
    OracleType.TIMESTAMP: (_is_moment, timestamp_part),
    OracleType.TIMESTAMP_LTZ: (_is_moment, timestamp_part),
    OracleType.TIMESTAMP_TZ: (_is_zoned, zoned_part),
    OracleType.INTERVAL_DS: (pa.types.is_interval, interval_part),
    OracleType.INTERVAL_YM: (pa.types.is_interval, year_month_part),
    OracleType.BOOLEAN: (pa.types.is_boolean, boolean_part),
    OracleType.ROWID: (_is_rowid, rowid_part),
    OracleType.UROWID: (pa.types.is_string, urowid_part),
}
_BYTES = {OracleType.VARCHAR2, OracleType.CHAR, OracleType.RAW}
_LONG = {OracleType.LONG, OracleType.LONG_RAW}
_MADE_BEFORE = {OracleType.CLOB, OracleType.BLOB}
"""`rows_lob` makes their fields, which contain locators."""


def encode_rows(
    batch: pa.RecordBatch, columns: Sequence[ColumnDescription]
) -> Iterator[EncodedRows]:
    """Encode the rows of a batch, split where they would exceed `MAX_IMAGE_BYTES`.

    Args:
        batch: One Arrow column per description, of a matching type: strings for text, binary for
            RAW, integers, decimals, doubles, booleans or a NUMBER's bytes for NUMBER, timestamps
            or date32 for DATE and TIMESTAMP; an all-NULL column for any type.
        columns: The columns as described to the client.

    Raises:
        OraError: a value cannot be sent (year 10000, 1E200 as NUMBER).
        LocalWireError: a column's data cannot be sent as the described type.
    """
    if batch.num_columns != len(columns):
        raise LocalWireError(f"{len(columns)} columns are described, {batch.num_columns} given")
    pending = [batch] if batch.num_rows else []
    while pending:
        piece = pending.pop()
        if piece.num_rows > 1 and piece.nbytes > MAX_IMAGE_BYTES:
            half = piece.num_rows // 2
            pending += (piece.slice(half), piece.slice(0, half))
        else:
            yield _encode(piece, columns)


def _encode(batch: pa.RecordBatch, columns: Sequence[ColumnDescription]) -> EncodedRows:
    parts = [fixed_binary(np.full(batch.num_rows, ROW_MESSAGE, dtype=np.uint8))]
    for array, column in zip(batch.columns, columns, strict=True):
        parts += column_parts(array, column)
    return join_rows(parts)


def column_parts(array: pa.Array, column: ColumnDescription) -> list[pa.Array]:
    """Arrays whose values, joined slot by slot (see `join_rows`), are the column's fields.

    A NULL slot is a field of one zero byte.
    """
    if column.type in _LONG:
        return long_parts(_as_bytes(array, column), national=column.charset_form == NATIONAL_FORM)
    if column.buffer_bytes == 0:
        return []  # clients read no bytes for such a column
    if pa.types.is_null(array.type):
        return [of_fields([b"\0"] * len(array))]
    if column.type in _BYTES:
        return _text_parts(_as_bytes(array, column), column)
    if column.type in _MADE_BEFORE:
        return [array]
    accepts, encode = _FIXED.get(column.type, (None, None))
    if accepts is None or encode is None or not accepts(array.type):
        raise _unsuitable(array.type, column)
    if column.zone_minutes:
        return [local_part(array, column.zone_minutes)]
    return [encode(array)]


def _text_parts(array: pa.Array, column: ColumnDescription) -> list[pa.Array]:
    return national_parts(array) if column.charset_form == NATIONAL_FORM else bytes_parts(array)


def _as_bytes(array: pa.Array, column: ColumnDescription) -> pa.Array:
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _as_bytes(array.dictionary_decode(), column)
    if pa.types.is_null(kind):
        return array.cast(pa.string())
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return array
    raise _unsuitable(kind, column)


def _unsuitable(kind: pa.DataType, column: ColumnDescription) -> LocalWireError:
    return LocalWireError(f"column {column.name}: {kind} cannot be sent as {column.type.name}")
