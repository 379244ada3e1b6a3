"""How DuckDB holds a column of a shape, so that the local Oracle describes it as it was."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from tracekit.errors import WorkloadError
from tracekit.records.shape import ColumnShape

MOST_DIGITS = 38
FREE_DIGITS, FREE_SCALE = 38, 18
"""DuckDB's DECIMAL that the local Oracle describes as NUMBER without a precision."""
_FREE_WHOLE = ("90", "120", "more")
"""Numbers too large for that DECIMAL."""


@dataclass(frozen=True)
class Stored:
    """A column's type in DuckDB and in Arrow, and what Oracle's DDL would have declared."""

    duckdb_type: str
    arrow_type: pa.DataType
    declared: tuple[str, int | None, int | None, int | None] | None = None
    """Name, precision, scale, length; None if the DuckDB type says all."""
    digits: tuple[int, int] | None = None
    """Precision and scale of a DECIMAL."""


def stored(column: ColumnShape) -> Stored:
    """How `column` is held.

    Raises:
        WorkloadError: it is of an unknown type.
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
    if kind in ("BINARY_DOUBLE", "FLOAT"):  # the driver gives a float for either
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
        # Described as NUMBER(38), which no reader of whole numbers can tell from it.
        precision, scale = MOST_DIGITS, 0
    if precision is None:
        precision, scale = FREE_DIGITS, FREE_SCALE
    if scale < 0:  # NUMBER(5,-2) holds whole numbers of up to 7 digits
        precision, scale = min(MOST_DIGITS, precision - scale), 0
    precision = min(MOST_DIGITS, max(precision, scale))
    return Stored(
        f"DECIMAL({precision},{scale})",
        pa.decimal128(precision, scale),
        digits=(precision, scale),
    )
