"""Rows as Arrow record batches of one fixed schema, decoded by the driver without Python objects.

Column types are decided once, from the describe information, and are the same in every batch:

| Oracle | Arrow |
|---|---|
| NUMBER(p, 0), p <= 18 | int64 |
| NUMBER(p, 0), p > 18 | decimal128(38, 0) |
| NUMBER(p, s), s > 0, FLOAT, BINARY_DOUBLE | float64, the value the row path gives as float |
| NUMBER without precision | float64; a value of 2**53 or more is a FetchError |
| DATE, TIMESTAMP(n) | timestamp in s, ms or us, whichever holds n digits; us where n > 6 |
| CHAR, VARCHAR2, NCHAR, NVARCHAR2, CLOB, LONG | large_string |
| RAW, BLOB, LONG RAW | large_binary |

The driver converts every TIMESTAMP to a datetime, for Arrow as for rows, so digits past the sixth
are dropped in both; TO_CHAR keeps them. Nanoseconds would add no digits and end in 2262, where the
driver wraps around.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import oracledb

from tracekit.errors import FetchError
from tracekit.oracle.rows import describe_query, exact_binds

if TYPE_CHECKING:
    import pyarrow as pa

_NO_DECIMAL = "DPY-4042"
"""The driver's code for a NUMBER that does not fit the requested decimal type."""

_EXACT_LIMIT = float(2**53)
"""From here on, several whole numbers share one float64."""

_TEXT = {
    oracledb.DB_TYPE_CHAR,
    oracledb.DB_TYPE_NCHAR,
    oracledb.DB_TYPE_VARCHAR,
    oracledb.DB_TYPE_NVARCHAR,
    oracledb.DB_TYPE_CLOB,
    oracledb.DB_TYPE_NCLOB,
    oracledb.DB_TYPE_LONG,
}
_LARGE_OBJECTS = {oracledb.DB_TYPE_CLOB, oracledb.DB_TYPE_NCLOB, oracledb.DB_TYPE_LONG}
_BINARY = {oracledb.DB_TYPE_RAW, oracledb.DB_TYPE_LONG_RAW, oracledb.DB_TYPE_BLOB}
_INSTANT = {
    oracledb.DB_TYPE_DATE,
    oracledb.DB_TYPE_TIMESTAMP,
    oracledb.DB_TYPE_TIMESTAMP_LTZ,
    oracledb.DB_TYPE_TIMESTAMP_TZ,
}


class NotWholeNumber(FetchError):
    """A column read as whole numbers holds a fraction."""


class NoArrowType(FetchError):
    """A column has a type that cannot be read as Arrow."""


@dataclass(frozen=True)
class ArrowShape:
    """The Arrow types of the columns of one query."""

    schema: pa.Schema
    unbounded: tuple[int, ...]
    """Positions of the columns that are NUMBER without precision."""
    same_as_rows: bool
    """Whether every value can be converted to exactly what the row path gives, if columns without
    precision are read as whole numbers."""

    def with_whole_numbers(self) -> ArrowShape:
        """This shape, with columns without precision read as decimal128(38, 0).

        Reading a value with a fraction then raises NotWholeNumber.
        """
        import pyarrow as pa

        fields = [
            field.with_type(pa.decimal128(38)) if place in self.unbounded else field
            for place, field in enumerate(self.schema)
        ]
        return ArrowShape(pa.schema(fields), (), self.same_as_rows)


def iter_arrow_batches(
    connection: oracledb.Connection,
    sql: str,
    params: Any,
    batch_size: int,
    shape: ArrowShape | None = None,
) -> Generator[pa.RecordBatch, None, None]:
    """The result of `sql` in record batches of `batch_size` rows; one empty batch if it has none.

    Args:
        connection: An open connection.
        sql: A query.
        params: The values bound to it.
        batch_size: Maximum number of rows in a record batch.
        shape: The result of `describe`, if known.

    Raises:
        FetchError: not a query, a column has no Arrow type, or a number would lose digits.
        oracledb.Error: the driver failed; the caller translates.
    """
    import pyarrow as pa  # imported here, so that other reads never load it

    shape = shape or describe(connection, sql)
    with connection.cursor() as cursor:
        binds = exact_binds(cursor, params)
    frames = connection.fetch_df_batches(sql, binds, batch_size, requested_schema=shape.schema)
    for frame in _whole_numbers_only(frames):
        batch = pa.RecordBatchReader.from_stream(frame).read_next_batch()
        del frame
        _check_exact(batch, shape.unbounded)
        yield batch
        del batch


def _whole_numbers_only(frames: Iterator[Any]) -> Iterator[Any]:
    try:
        yield from frames
    except oracledb.Error as exc:
        if getattr(exc.args[0], "full_code", "") != _NO_DECIMAL:
            raise
        raise NotWholeNumber(
            "a NUMBER column read as whole numbers holds a fraction. Read it as float64, or read "
            "rows with read_sql_df_slow_iter()."
        ) from exc


def describe(connection: oracledb.Connection, sql: str) -> ArrowShape:
    """The Arrow types of the columns of `sql`, without running it.

    Raises:
        NoArrowType: a column's type has no counterpart here.
        FetchError: not a query.
        oracledb.Error: the driver failed; the caller translates.
    """
    import pyarrow as pa

    columns = describe_query(connection, sql)
    fields = [pa.field(column.name.upper(), _arrow_type(column)) for column in columns]
    unbounded = [place for place, column in enumerate(columns) if _is_unbounded(column)]
    return ArrowShape(
        pa.schema(fields), tuple(unbounded), same_as_rows=all(map(_same_as_rows, columns))
    )


def _same_as_rows(column: oracledb.FetchInfo) -> bool:
    kind = column.type_code
    return kind in _TEXT - _LARGE_OBJECTS or kind in (
        oracledb.DB_TYPE_NUMBER,
        oracledb.DB_TYPE_DATE,
        oracledb.DB_TYPE_TIMESTAMP,
        oracledb.DB_TYPE_BINARY_DOUBLE,
    )


def _is_unbounded(column: oracledb.FetchInfo) -> bool:
    return column.type_code is oracledb.DB_TYPE_NUMBER and not column.precision


def _arrow_type(column: oracledb.FetchInfo) -> pa.DataType:
    import pyarrow as pa

    kind = column.type_code
    if kind is oracledb.DB_TYPE_NUMBER:
        return _number_type(column)
    if kind in _TEXT:
        return pa.large_string()
    if kind in _INSTANT:
        return pa.timestamp(_unit(column))
    if kind in _BINARY:
        return pa.large_binary()
    if kind is oracledb.DB_TYPE_BINARY_DOUBLE:
        return pa.float64()
    if kind is oracledb.DB_TYPE_BINARY_FLOAT:
        return pa.float32()
    if kind is oracledb.DB_TYPE_BOOLEAN:
        return pa.bool_()
    raise NoArrowType(
        f"column {column.name} is {kind.name}, which has no Arrow type. "
        "CAST it in the query, or read rows with read_sql_df_slow_iter()."
    )


def _number_type(column: oracledb.FetchInfo) -> pa.DataType:
    import pyarrow as pa

    if column.scale == 0 and column.precision:
        return pa.int64() if column.precision <= 18 else pa.decimal128(38)
    return pa.float64()


def _unit(column: oracledb.FetchInfo) -> str:
    digits = column.scale or 0  # a DATE has none
    return ("s", "ms", "us")[min(digits + 2, 8) // 3]


def _check_exact(batch: pa.RecordBatch, unbounded: tuple[int, ...]) -> None:
    if not unbounded:
        return
    import pyarrow.compute as pc

    for place in unbounded:
        largest = pc.max(pc.abs(batch.column(place))).as_py()
        if largest is not None and largest >= _EXACT_LIMIT:
            raise FetchError(
                f"column {batch.schema.names[place]} is NUMBER without precision and holds a "
                "value of 2**53 or more, which Arrow's float64 may round. CAST it to NUMBER(38) "
                "or NUMBER(p, s) in the query."
            )
