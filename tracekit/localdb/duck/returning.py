"""Convert what RETURNING ... INTO returns to the types of the client's binds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pyarrow as pa

from tracekit.localdb.backend import BindType, ReturnedLob
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import number_text
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.primitives import TtcWriter
from tracekit.localdb.wire.rows import encode_rows
from tracekit.localdb.wire.rows_lob import LOB_TYPES
from tracekit.localdb.wire.rows_rare import NULL_FIELD
from tracekit.localdb.wire.values import decode_number

ROW_MESSAGE_BYTES = 1
_LONG_FORMS = {
    OracleType.LONG: OracleType.VARCHAR2,
    OracleType.LONG_RAW: OracleType.RAW,
}
"""Types for long binds (more than 32,767 bytes), and the types that they are sent like."""
_TEXTS = {OracleType.VARCHAR2, OracleType.CHAR, OracleType.LONG}
_NATIONAL_FORM = 2
NUMBER_TYPE = "BIT"
"""DuckDB's name for the type that stores a NUMBER's bytes."""


def encode_returned(
    table: pa.Table, types: Sequence[str], kinds: Sequence[BindType]
) -> list[Sequence[bytes | ReturnedLob]]:
    """Encode the fields of all rows, for each bind.

    Args:
        table: The returned rows.
        types: DuckDB's names of its columns' types.
        kinds: The bind types that the client declared.

    Raises:
        OraError: ORA-00913 or ORA-00947 if there are more or fewer columns than binds; ORA-00932
            if a column is no LOB and its bind is one; or if a value cannot be sent.
    """
    if table.num_columns != len(kinds):
        few = table.num_columns < len(kinds)
        raise OraError(947, "not enough values") if few else OraError(913, "too many values")
    columns = (table.select([index]) for index in range(len(kinds)))
    return [_fields(*one) for one in zip(columns, types, kinds, strict=True)]


def _fields(column: pa.Table, held_as: str, kind: BindType) -> Sequence[bytes | ReturnedLob]:
    if kind.type in LOB_TYPES:
        return _lobs(column, kind)
    held = column.schema.types[0]
    if kind.type in _TEXTS and held_as == NUMBER_TYPE:
        values = column.column(0).to_pylist()
        numbers = [None if value is None else decode_number(value[1:]) for value in values]
        return [_number_text(number, kind) for number in numbers]
    if kind.type in _TEXTS and (pa.types.is_decimal(held) or pa.types.is_integer(held)):
        return [_number_text(row, kind) for row in column.column(0).to_pylist()]
    described = ColumnDescription(
        column.column_names[0],
        _LONG_FORMS.get(kind.type, kind.type),
        buffer_bytes=max(kind.size_bytes, 1),
        charset_form=kind.charset_form,
    )
    fields: list[bytes] = []
    for batch in column.to_batches():
        for rows in encode_rows(batch, [described]):
            ends = rows.offsets.tolist()
            fields += [
                bytes(rows.data[start + ROW_MESSAGE_BYTES : end]) for start, end in pairwise(ends)
            ]
    return fields


def _lobs(column: pa.Table, kind: BindType) -> list[bytes | ReturnedLob]:
    is_text = kind.type is OracleType.CLOB
    form = (kind.charset_form or 1) if is_text else 0
    described = ColumnDescription(column.column_names[0], kind.type, charset_form=form)
    held = column.schema.types[0]
    values = column.column(0).to_pylist()
    if held != (pa.string() if is_text else pa.binary()) and any(v is not None for v in values):
        raise OraError(932, f"inconsistent datatypes: expected {kind.type.name} got {held}")
    return [
        NULL_FIELD if value is None else ReturnedLob(_encoded(value), described) for value in values
    ]


def _encoded(value: str | bytes) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else value


def _number_text(value: Decimal | int | None, kind: BindType) -> bytes:
    """Convert a number for a text bind, as Oracle does."""
    writer = TtcWriter()
    text = "" if value is None else number_text(Decimal(value))
    national = kind.charset_form == _NATIONAL_FORM
    writer.bytes_(text.encode("utf-16-be" if national else "utf-8"))
    return bytes(writer)
