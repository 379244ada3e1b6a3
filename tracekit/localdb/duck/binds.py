"""Convert the client's bind values to the parameters of a DuckDB statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from tracekit.localdb.backend import BindType, EmptyLob
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import Translated
from tracekit.localdb.translate.types import ZONED_TYPE
from tracekit.localdb.wire.column import OracleType
from tracekit.localdb.wire.values import YearMonthInterval


def parameter_values(
    translated: Translated, row: Sequence[Any], bind_types: Sequence[BindType] = ()
) -> dict[str, Any]:
    """The values by parameter name, for one row of binds.

    Args:
        translated: The statement.
        row: A value for each placeholder.
        bind_types: The types that the client declared; a CHAR is padded for its comparison.

    Raises:
        OraError: ORA-01008 or ORA-01036 if the row has too few or too many values.
    """
    expected = len(translated.bind_names)
    if len(row) < expected:
        raise OraError(1008, "not all variables bound")
    if len(row) > expected:
        raise OraError(1036, "illegal variable name/number")
    values: dict[str, Any] = {}
    for parameter in translated.parameters:
        length = translated.char_binds.get(parameter.name)
        taken = [
            parameter.form.parameter(
                _padded(_value(row[one]), length)
                if length is not None and _is_char(one, bind_types)
                else _value(row[one])
            )
            for one in parameter.bind_indexes
        ]
        values[parameter.name] = taken if parameter.is_list else taken[0]
    return values


def unknown_values(translated: Translated) -> dict[str, Any]:
    """NULL for every parameter, which suffices to describe a statement's columns."""
    return {
        parameter.name: [None] if parameter.is_list else None for parameter in translated.parameters
    }


def _is_char(index: int, bind_types: Sequence[BindType]) -> bool:
    return index < len(bind_types) and bind_types[index].type is OracleType.CHAR


def _padded(value: Any, length: int) -> Any:
    return value.rstrip(" ").ljust(length) if isinstance(value, str) else value


def _value(value: Any) -> Any:
    if isinstance(value, YearMonthInterval):
        return duckdb.IntervalValue(f"{value.months} months")
    if isinstance(value, EmptyLob):
        return value.value
    if isinstance(value, datetime) and value.tzinfo is not None:
        return _zoned(value)
    return None if value in ("", b"") else value


def _zoned(value: datetime) -> duckdb.Value:
    """A moment with its offset, in the form described in `moments.sql`."""
    offset = value.utcoffset() or timedelta()
    minutes = offset // timedelta(minutes=1)
    passed = value - datetime(1970, 1, 1, tzinfo=UTC)
    microseconds = passed.seconds * 1_000_000 + passed.microseconds
    interval = f"{minutes} months {passed.days - 30 * minutes} days {microseconds} microseconds"
    return duckdb.Value({"instant": interval, "nanos": 0}, duckdb.sqltype(ZONED_TYPE))
