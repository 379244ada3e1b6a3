"""DuckDB's types as the columns Oracle would describe."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription, OracleType

MAX_TEXT_BYTES = 32_767
NUMBER_BYTES = 22
FLOAT_SCALE = -127
"""With precision 0, this scale says NUMBER without declared precision."""

_NUMBER_PRECISION = {
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
    "interval": (OracleType.INTERVAL_DS, 11, 6),
    "float": (OracleType.BINARY_FLOAT, 4, 0),
}


def describe_columns(
    names: Sequence[str], types: Sequence[Any], stored_doubles: Set[str] = frozenset()
) -> list[ColumnDescription]:
    """What the client is told about a result.

    A DOUBLE is BINARY_DOUBLE when its name is that of a stored DOUBLE column; else it was computed
    (a quotient, a difference of dates) and is NUMBER without precision, as Oracle's arithmetic
    gives.

    Args:
        names: of the columns, as DuckDB gives them.
        types: DuckDB types of the columns.
        stored_doubles: upper-case names of DOUBLE columns that tables hold.

    Raises:
        OraError: ORA-03001, a column has a type Oracle has none for.
    """
    return [_describe(name, kind, stored_doubles) for name, kind in zip(names, types, strict=True)]


def _describe(name: str, kind: Any, stored_doubles: Set[str]) -> ColumnDescription:
    type_id = str(kind.id).lower()
    if type_id in _NUMBER_PRECISION:
        return _number(name, _NUMBER_PRECISION[type_id], 0)
    if type_id == "decimal":
        sizes = dict(kind.children)
        return _number(name, sizes["precision"], sizes["scale"])
    if type_id == "double":
        if name.upper() in stored_doubles:
            return ColumnDescription(name, OracleType.BINARY_DOUBLE, buffer_bytes=8)
        return _number(name, 0, FLOAT_SCALE)
    if type_id in _FIXED:
        oracle_type, size, scale = _FIXED[type_id]
        return ColumnDescription(name, oracle_type, scale=scale, buffer_bytes=size)
    if type_id == "blob":
        return ColumnDescription(name, OracleType.RAW, buffer_bytes=MAX_TEXT_BYTES)
    if type_id in ("varchar", "enum", "uuid", "null"):
        return ColumnDescription(
            name,
            OracleType.VARCHAR2,
            buffer_bytes=MAX_TEXT_BYTES,
            max_chars=MAX_TEXT_BYTES,
            charset_form=1,
        )
    raise OraError(3001, f"unimplemented feature: column {name} of type {kind}")


def _number(name: str, precision: int, scale: int) -> ColumnDescription:
    return ColumnDescription(
        name, OracleType.NUMBER, precision=precision, scale=scale, buffer_bytes=NUMBER_BYTES
    )
