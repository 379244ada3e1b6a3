"""Describe result columns as Oracle would, from DuckDB's types and the declared ones."""

from __future__ import annotations

from typing import Any

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import DeclaredType
from tracekit.localdb.translate.types import ZONED_TYPE
from tracekit.localdb.wire.column import ColumnDescription, OracleType

MAX_TEXT_BYTES = 32_767
NUMBER_BYTES = 22
FREE_SCALE = -127
"""With precision 0, this scale means a NUMBER without declared precision."""
FREE_NUMBER = (38, 18)
"""The precision and scale of the DECIMAL for a NUMBER without declared precision."""
FLOAT_BITS = 126
BYTES_PER_CHAR = 4
NATIONAL_FORM = 2
LOB_BUFFER_BYTES = 4_000
"""The buffer size reported for LOB columns; 0 would mean that they are not sent."""

ROWID_BYTES = 18
UROWID_BYTES = 4_000
BOOLEAN_BYTES = 4

_INTEGER_PRECISION = {
    "boolean": 1,
    "tinyint": 3,
    "utinyint": 3,
    "smallint": 5,
    "usmallint": 5,
    "integer": 10,
    "uinteger": 10,
    "bigint": 18,
    "ubigint": 20,
    "hugeint": 38,
    "uhugeint": 38,
}
_FIXED: dict[str, tuple[OracleType, int, int]] = {
    "date": (OracleType.DATE, 7, 0),
    "timestamp_s": (OracleType.DATE, 7, 0),
    "timestamp_ms": (OracleType.TIMESTAMP, 11, 3),
    "timestamp": (OracleType.TIMESTAMP, 11, 6),
    "timestamp_ns": (OracleType.TIMESTAMP, 11, 9),
    "timestamp with time zone": (OracleType.TIMESTAMP_TZ, 13, 6),
    ZONED_TYPE: (OracleType.TIMESTAMP_TZ, 13, 6),
    "interval": (OracleType.INTERVAL_DS, 11, 6),
    "float": (OracleType.BINARY_FLOAT, 4, 0),
    "double": (OracleType.BINARY_DOUBLE, 8, 0),
}
_NUMBERS = {*_INTEGER_PRECISION, "decimal", "bit", "double", "float"}
_TEXTS = {"varchar", "enum", "uuid", "null"}
_DECLARED_TEXTS = {
    "VARCHAR2": (OracleType.VARCHAR2, 1),
    "CHAR": (OracleType.CHAR, 1),
    "NVARCHAR2": (OracleType.VARCHAR2, NATIONAL_FORM),
    "NCHAR": (OracleType.CHAR, NATIONAL_FORM),
}
_ZONED = {
    "TIMESTAMP WITH TIME ZONE": (OracleType.TIMESTAMP_TZ, 13),
    "TIMESTAMP WITH LOCAL TIME ZONE": (OracleType.TIMESTAMP_LTZ, 11),
}
_DECLARED_LOBS = {
    "CLOB": (OracleType.CLOB, 1, "varchar"),
    "NCLOB": (OracleType.CLOB, NATIONAL_FORM, "varchar"),
    "BLOB": (OracleType.BLOB, 0, "blob"),
}


def describe_computed(name: str, kind: Any, *, is_binary: bool) -> ColumnDescription:
    """Describe an expression; a computed NUMBER has no precision.

    Args:
        name: The column's name.
        kind: Its DuckDB type.
        is_binary: Whether it is a BINARY_DOUBLE or BINARY_FLOAT.

    Raises:
        OraError: ORA-03001 if Oracle has no such type.
    """
    if _type_id(kind) == "boolean":
        return ColumnDescription(name, OracleType.BOOLEAN, buffer_bytes=BOOLEAN_BYTES)
    if _type_id(kind) in _NUMBERS and not is_binary:
        return _number(name, 0, FREE_SCALE)
    return describe_stored(name, kind, None)


def describe_stored(name: str, kind: Any, declared: DeclaredType | None) -> ColumnDescription:
    """Describe a table's column from its Oracle DDL or, without one, from its DuckDB type.

    Raises:
        OraError: ORA-03001 if Oracle has no such type.
    """
    type_id = _type_id(kind)
    if declared is not None and (column := _by_declaration(name, declared, type_id)) is not None:
        return column
    if type_id == "bit":
        return _number(name, 0, FREE_SCALE)
    if type_id in _INTEGER_PRECISION:
        return _number(name, _INTEGER_PRECISION[type_id], 0)
    if type_id == "decimal":
        sizes = dict(kind.children)
        precision, scale = sizes["precision"], sizes["scale"]
        free = (precision, scale) == FREE_NUMBER
        return _number(name, 0, FREE_SCALE) if free else _number(name, precision, scale)
    if type_id in _FIXED:
        oracle_type, size, scale = _FIXED[type_id]
        return ColumnDescription(name, oracle_type, scale=scale, buffer_bytes=size)
    if type_id == "blob":
        return ColumnDescription(name, OracleType.RAW, buffer_bytes=MAX_TEXT_BYTES)
    if type_id in _TEXTS:
        return _text(name, OracleType.VARCHAR2, None, 1)
    raise OraError(3001, f"unimplemented feature: column {name} of type {kind}")


def _by_declaration(name: str, declared: DeclaredType, type_id: str) -> ColumnDescription | None:
    """The description that follows from the declaration; None if the DuckDB type suffices."""
    if declared.name in _DECLARED_TEXTS and type_id == "varchar":
        oracle_type, form = _DECLARED_TEXTS[declared.name]
        return _text(name, oracle_type, declared.length, form)
    if declared.name in _DECLARED_LOBS and type_id == _DECLARED_LOBS[declared.name][2]:
        oracle_type, form, _ = _DECLARED_LOBS[declared.name]
        return ColumnDescription(
            name, oracle_type, buffer_bytes=LOB_BUFFER_BYTES, charset_form=form
        )
    if declared.name == "RAW" and type_id == "blob" and declared.length:
        return ColumnDescription(name, OracleType.RAW, buffer_bytes=declared.length)
    if declared.name == "ROWID" and type_id in ("bigint", "varchar"):
        return ColumnDescription(name, OracleType.ROWID, buffer_bytes=ROWID_BYTES)
    if declared.name == "UROWID" and type_id == "varchar":
        return ColumnDescription(
            name, OracleType.UROWID, buffer_bytes=declared.length or UROWID_BYTES
        )
    if declared.name == "BOOLEAN" and type_id == "boolean":
        return ColumnDescription(name, OracleType.BOOLEAN, buffer_bytes=BOOLEAN_BYTES)
    if declared.name == "INTERVAL YEAR TO MONTH" and type_id == "interval":
        digits = declared.precision or 2
        return ColumnDescription(name, OracleType.INTERVAL_YM, precision=digits, buffer_bytes=5)
    if declared.name == "INTERVAL DAY TO SECOND" and type_id == "interval":
        digits = 2 if declared.precision is None else declared.precision
        scale = 6 if declared.scale is None else declared.scale
        return ColumnDescription(
            name, OracleType.INTERVAL_DS, precision=digits, scale=scale, buffer_bytes=11
        )
    if declared.name == "LONG" and type_id == "varchar":
        return ColumnDescription(name, OracleType.LONG, charset_form=1)
    if declared == DeclaredType("NUMBER") and type_id in _NUMBERS:
        return _number(name, 0, FREE_SCALE)
    if declared.name == "FLOAT" and type_id == "bit":
        return _number(name, declared.precision or FLOAT_BITS, FREE_SCALE)
    if declared.name == "TIMESTAMP" and type_id in ("timestamp", "timestamp_ns"):
        scale = 6 if declared.scale is None else declared.scale
        return ColumnDescription(name, OracleType.TIMESTAMP, scale=scale, buffer_bytes=11)
    if declared.name in _ZONED and type_id in ("timestamp with time zone", ZONED_TYPE):
        oracle_type, size = _ZONED[declared.name]
        scale = 6 if declared.scale is None else declared.scale
        return ColumnDescription(name, oracle_type, scale=scale, buffer_bytes=size)
    return None


def _text(
    name: str, oracle_type: OracleType, length_chars: int | None, form: int
) -> ColumnDescription:
    chars = length_chars or MAX_TEXT_BYTES
    return ColumnDescription(
        name,
        oracle_type,
        buffer_bytes=min(chars * BYTES_PER_CHAR, MAX_TEXT_BYTES),
        max_chars=chars,
        charset_form=form,
    )


def _number(name: str, precision: int, scale: int) -> ColumnDescription:
    return ColumnDescription(
        name, OracleType.NUMBER, precision=precision, scale=scale, buffer_bytes=NUMBER_BYTES
    )


def _type_id(kind: Any) -> str:
    return ZONED_TYPE if str(kind) == ZONED_TYPE else str(kind.id).lower()
