"""Convert bind values for the real database, and output binds for the client."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import oracledb
import pyarrow as pa

from tracekit.localdb.backend import BindType, EmptyLob, ReturnedLob
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.rows import encode_rows
from tracekit.localdb.wire.rows_rare import NULL_FIELD
from tracekit.localdb.wire.values import YearMonthInterval
from tracekit.testbed.relay.columns import arrow_of

_NATIONAL_FORM = 2
_MOST_TEXT_BYTES = 32_767
_ROW_MESSAGE_BYTES = 1
_LOBS = (OracleType.CLOB, OracleType.BLOB)
_TYPES: dict[OracleType, tuple[Any, Any]] = {
    OracleType.VARCHAR2: (oracledb.DB_TYPE_VARCHAR, oracledb.DB_TYPE_NVARCHAR),
    OracleType.CHAR: (oracledb.DB_TYPE_CHAR, oracledb.DB_TYPE_NCHAR),
    OracleType.LONG: (oracledb.DB_TYPE_LONG, oracledb.DB_TYPE_LONG_NVARCHAR),
    OracleType.CLOB: (oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB),
    OracleType.BLOB: (oracledb.DB_TYPE_BLOB, oracledb.DB_TYPE_BLOB),
    OracleType.NUMBER: (oracledb.DB_TYPE_NUMBER, oracledb.DB_TYPE_NUMBER),
    OracleType.BINARY_INTEGER: (oracledb.DB_TYPE_BINARY_INTEGER,) * 2,
    OracleType.BINARY_DOUBLE: (oracledb.DB_TYPE_BINARY_DOUBLE,) * 2,
    OracleType.BINARY_FLOAT: (oracledb.DB_TYPE_BINARY_FLOAT,) * 2,
    OracleType.DATE: (oracledb.DB_TYPE_DATE,) * 2,
    OracleType.TIMESTAMP: (oracledb.DB_TYPE_TIMESTAMP,) * 2,
    OracleType.TIMESTAMP_TZ: (oracledb.DB_TYPE_TIMESTAMP_TZ,) * 2,
    OracleType.TIMESTAMP_LTZ: (oracledb.DB_TYPE_TIMESTAMP_LTZ,) * 2,
    OracleType.INTERVAL_DS: (oracledb.DB_TYPE_INTERVAL_DS,) * 2,
    OracleType.INTERVAL_YM: (oracledb.DB_TYPE_INTERVAL_YM,) * 2,
    OracleType.RAW: (oracledb.DB_TYPE_RAW,) * 2,
    OracleType.LONG_RAW: (oracledb.DB_TYPE_LONG_RAW,) * 2,
    OracleType.BOOLEAN: (oracledb.DB_TYPE_BOOLEAN,) * 2,
    OracleType.ROWID: (oracledb.DB_TYPE_ROWID,) * 2,
    OracleType.UROWID: (oracledb.DB_TYPE_UROWID,) * 2,
    OracleType.CURSOR: (oracledb.DB_TYPE_CURSOR,) * 2,
}


def driver_type(kind: BindType) -> Any:
    """The driver's type of a bind.

    Raises:
        OraError: ORA-03115 if there is none.
    """
    plain, national = _TYPES.get(kind.type, (None, None))
    if plain is None:
        raise OraError(3115, "unsupported network datatype or representation")
    return national if kind.charset_form == _NATIONAL_FORM else plain


def driver_value(connection: oracledb.Connection, value: Any) -> Any:
    """Convert a bind value for the driver."""
    if isinstance(value, EmptyLob):
        is_text = isinstance(value.value, str)
        return connection.createlob(oracledb.DB_TYPE_CLOB if is_text else oracledb.DB_TYPE_BLOB)
    if isinstance(value, YearMonthInterval):
        sign = -1 if value.months < 0 else 1
        years, months = divmod(abs(value.months), 12)
        return oracledb.IntervalYM(sign * years, sign * months)
    return value


def sizes(
    cursor: oracledb.Cursor, rows: Sequence[Sequence[Any]], kinds: Sequence[BindType]
) -> list[Any]:
    """Arguments of `cursor.setinputsizes` that give the database the client's types."""
    return [
        _size(cursor, kind, [row[place] for row in rows if place < len(row)])
        for place, kind in enumerate(kinds)
    ]


def _size(cursor: oracledb.Cursor, kind: BindType, values: Sequence[Any]) -> Any:
    if kind.type in (OracleType.VARCHAR2, OracleType.CHAR):
        longest = max((len(one) for one in values if isinstance(one, str)), default=1)
        return cursor.var(driver_type(kind), max(longest, 1), arraysize=max(1, len(values)))
    return driver_type(kind)


def variable(cursor: oracledb.Cursor, kind: BindType, value: Any = None, rows: int = 1) -> Any:
    """A variable for a bind that the database can fill."""
    exact = Decimal if kind.type is OracleType.NUMBER else driver_type(kind)
    if isinstance(value, list):
        return cursor.arrayvar(exact, value)
    size = 0
    if kind.type in (OracleType.VARCHAR2, OracleType.CHAR, OracleType.RAW):
        size = min(max(kind.size_bytes, 1), _MOST_TEXT_BYTES)
    made = cursor.var(exact, size, arraysize=rows)
    if value is not None:
        made.setvalue(0, value)
    return made


def field(value: Any, kind: BindType) -> bytes | ReturnedLob:
    """Encode an output bind for the client."""
    if isinstance(value, oracledb.LOB):
        value = value.read()
    if kind.type in _LOBS:
        is_text = kind.type is OracleType.CLOB
        described = ColumnDescription(
            "", kind.type, charset_form=(kind.charset_form or 1) if is_text else 0
        )
        if value is None:
            return NULL_FIELD
        held = value.encode("utf-8") if isinstance(value, str) else value
        return ReturnedLob(held, described)
    described = ColumnDescription(
        "",
        {OracleType.LONG: OracleType.VARCHAR2, OracleType.LONG_RAW: OracleType.RAW}.get(
            kind.type, kind.type
        ),
        buffer_bytes=max(kind.size_bytes, 1),
        charset_form=kind.charset_form,
    )
    array = arrow_of(driver_type(kind), [_as_fetched(value)])
    (rows,) = encode_rows(pa.RecordBatch.from_arrays([array], names=["0"]), [described])
    ((start, end),) = pairwise(rows.offsets.tolist())
    return bytes(rows.data[start + _ROW_MESSAGE_BYTES : end])


def _as_fetched(value: Any) -> Any:
    """NUMBERs are fetched as text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
