"""Convert python-oracledb's description of columns to a shape's."""

from __future__ import annotations

from typing import Any

from tracekit.errors import WorkloadError
from tracekit.records.shape import ColumnShape

_FREE_SCALE = -127
_TEXTS = {
    "DB_TYPE_VARCHAR": "VARCHAR2",
    "DB_TYPE_NVARCHAR": "NVARCHAR2",
    "DB_TYPE_CHAR": "CHAR",
    "DB_TYPE_NCHAR": "NCHAR",
}
_OTHERS = {
    "DB_TYPE_CLOB": "CLOB",
    "DB_TYPE_NCLOB": "NCLOB",
    "DB_TYPE_LONG": "LONG",
    "DB_TYPE_BLOB": "BLOB",
    "DB_TYPE_LONG_RAW": "LONG RAW",
    "DB_TYPE_DATE": "DATE",
    "DB_TYPE_BINARY_DOUBLE": "BINARY_DOUBLE",
    "DB_TYPE_BINARY_FLOAT": "BINARY_FLOAT",
    "DB_TYPE_BOOLEAN": "BOOLEAN",
    "DB_TYPE_INTERVAL_DS": "INTERVAL DAY TO SECOND",
    "DB_TYPE_ROWID": "ROWID",
    "DB_TYPE_UROWID": "UROWID",
}
_MOMENTS = {
    "DB_TYPE_TIMESTAMP": "TIMESTAMP",
    "DB_TYPE_TIMESTAMP_TZ": "TIMESTAMP WITH TIME ZONE",
    "DB_TYPE_TIMESTAMP_LTZ": "TIMESTAMP WITH LOCAL TIME ZONE",
}
_UNSIZED_CHARS = 32_767
"""The length that the local Oracle reports for a text of undeclared length."""


def described_column(info: Any) -> ColumnShape:
    """Convert an item of `cursor.description` to a column without statistics.

    Args:
        info: python-oracledb's FetchInfo. Describe with `cursor.parse`, before fetching: with
            `fetch_lobs=False` a CLOB is described as LONG afterwards.

    Raises:
        WorkloadError: a shape cannot hold its type.
    """
    name, code = info.name.upper(), info.type_code.name
    nullable = bool(info.null_ok)
    if code in _TEXTS:
        size = info.display_size if info.display_size != _UNSIZED_CHARS else None
        return ColumnShape(name, _TEXTS[code], size=size, nullable=nullable)
    if code == "DB_TYPE_RAW":
        size = info.internal_size if info.internal_size != _UNSIZED_CHARS else None
        return ColumnShape(name, "RAW", size=size, nullable=nullable)
    if code == "DB_TYPE_NUMBER":
        if info.scale == _FREE_SCALE and info.precision:
            return ColumnShape(name, "FLOAT", precision=info.precision, nullable=nullable)
        free = not info.precision
        return ColumnShape(
            name,
            "NUMBER",
            precision=None if free else info.precision,
            scale=None if free else info.scale,
            nullable=nullable,
        )
    if code in _MOMENTS:
        return ColumnShape(name, _MOMENTS[code], scale=info.scale, nullable=nullable)
    if code in _OTHERS:
        return ColumnShape(name, _OTHERS[code], nullable=nullable)
    raise WorkloadError(
        f"column {name} is {code.removeprefix('DB_TYPE_')}, which a shape cannot hold. Leave it "
        "out of the query, or CAST it to text, a number or a date"
    )
