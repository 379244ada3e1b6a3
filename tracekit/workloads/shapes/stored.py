"""The DuckDB type for a column of a shape, which the local Oracle describes as recorded."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from tracekit.errors import WorkloadError
from tracekit.records.shape import ColumnShape

MOST_DIGITS = 38
FREE_DIGITS, FREE_SCALE = 38, 18
"""DuckDB's DECIMAL that the local Oracle describes as NUMBER without a precision."""
_FREE_WHOLE = ("90", "120", "more")
"""The classes of numbers that are too large for that DECIMAL."""


@dataclass(frozen=True)
class Stored:
    """A column's type in DuckDB and in Arrow, and its type in Oracle DDL."""

    duckdb_type: str
    arrow_type: pa.DataType
    declared: tuple[str, int | None, int | None, int | None] | None = None
    """Name, precision, scale and length; None if the DuckDB type suffices."""
    digits: tuple[int, int] | None = None
    """The precision and scale of a DECIMAL."""


def stored(column: ColumnShape) -> Stored:
    """The types for `column`.

    Raises:
        WorkloadError: its type is unknown.
    """
    kind, size, scale = column.type, column.size, column.scale
    if kind in ("VARCHAR2", "NVARCHAR2", "CHAR", "NCHAR"):
        declared = (kind, None, None, size) if size else None
        return Stored("VARCHAR", pa.large_string(), declared)
    if kind in ("CLOB", "NCLOB", "LONG", "ROWID", "UROWID"):
        return Stored("VARCHAR", pa.large_string(), (kind, None, None, None))
    if kind in ("BLOB", "LONG RAW"):
        return Stored("BLOB", pa.large_binary(), ("BLOB", None, None, None))
    if kind == "RAW":
        declared = ("RAW", None, None, size) if size else None
        return Stored("BLOB", pa.large_binary(), declared)
    if kind == "NUMBER":
        return _number(column)
    if kind in ("BINARY_DOUBLE", "FLOAT"):  # the driver returns a float for both
        return Stored("DOUBLE", pa.float64())
    if kind == "BINARY_FLOAT":
        return Stored("FLOAT", pa.float64())
    if kind == "DATE":
        return Stored("TIMESTAMP_S", pa.timestamp("s"))
    if kind == "TIMESTAMP":
        return Stored("TIMESTAMP", pa.timestamp("us"), (kind, None, scale, None))
    if kind.startswith("TIMESTAMP WITH"):
        return Stored("TIMESTAMPTZ", pa.timestamp("us", "UTC"), (kind, None, scale, None))
    if kind == "BOOLEAN":
        return Stored("BOOLEAN", pa.bool_(), (kind, None, None, None))
    if kind == "INTERVAL DAY TO SECOND":
        return Stored("INTERVAL", pa.duration("us"), (kind, None, None, None))
    raise WorkloadError(f"column {column.name} of the shape is of the unknown type {kind!r}")


def _number(column: ColumnShape) -> Stored:
    precision, scale = column.precision, column.scale or 0
    if precision is None and any(kind in column.numbers for kind in _FREE_WHOLE):
        # Described as NUMBER(38), which makes no difference to a reader of whole numbers.
        precision, scale = MOST_DIGITS, 0
    if precision is None:
        precision, scale = FREE_DIGITS, FREE_SCALE
    if scale < 0:  # NUMBER(5,-2) has integers of up to 7 digits
        precision, scale = min(MOST_DIGITS, precision - scale), 0
    precision = min(MOST_DIGITS, max(precision, scale))
    return Stored(
        f"DECIMAL({precision},{scale})",
        pa.decimal128(precision, scale),
        digits=(precision, scale),
    )
