"""Convert a result's columns from the driver's form to the wire's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import oracledb
import pyarrow as pa

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.rows_number import encode_number

_NATIONAL_FORM = 2
_FIXED_BYTES = {
    OracleType.NUMBER: 22,
    OracleType.DATE: 7,
    OracleType.TIMESTAMP: 11,
    OracleType.TIMESTAMP_TZ: 13,
    OracleType.TIMESTAMP_LTZ: 11,
    OracleType.INTERVAL_DS: 11,
    OracleType.INTERVAL_YM: 5,
    OracleType.BINARY_DOUBLE: 8,
    OracleType.BINARY_FLOAT: 4,
    OracleType.BOOLEAN: 4,
    OracleType.ROWID: 18,
    OracleType.UROWID: 4_000,
    OracleType.CLOB: 4_000,
    OracleType.BLOB: 4_000,
}
"""Buffer sizes of types whose size the driver does not report; 0 would mean always NULL."""
_MOST_DIGITS = 38
_BIT_PADDING = b"\0"
"""The byte before the bits in DuckDB's BIT, which is the form for the bytes of NUMBERs."""

Values = Sequence[Any]


def _texts(values: Values) -> pa.Array:
    return pa.array(values, pa.string())


def _bytes(values: Values) -> pa.Array:
    return pa.array(values, pa.binary())


def _doubles(values: Values) -> pa.Array:
    return pa.array(values, pa.float64())


def _floats(values: Values) -> pa.Array:
    return pa.array(values, pa.float32())


def _seconds(values: Values) -> pa.Array:
    return pa.array(values, pa.timestamp("s"))


def _moments(values: Values) -> pa.Array:
    return pa.array(values, pa.timestamp("us"))


def _intervals(values: Values) -> pa.Array:
    return pa.array([None if one is None else _interval(one) for one in values], _INTERVAL)


def _interval(value: timedelta) -> pa.MonthDayNano:
    nanoseconds = (value.seconds * 1_000_000 + value.microseconds) * 1000
    return pa.MonthDayNano([0, value.days, nanoseconds])


def _year_months(values: Values) -> pa.Array:
    months = [
        None if one is None else pa.MonthDayNano([one.years * 12 + one.months, 0, 0])
        for one in values
    ]
    return pa.array(months, _INTERVAL)


def _booleans(values: Values) -> pa.Array:
    return pa.array(values, pa.bool_())


_INTERVAL = pa.month_day_nano_interval()


def _numbers(texts: Values) -> pa.Array:
    """Convert the exact texts of NUMBERs to the cheapest Arrow type that holds all of them."""
    array = pa.array(texts, pa.string())
    try:
        return array.cast(pa.int64())
    except pa.ArrowInvalid:
        pass
    scale = max((len(text.partition(".")[2]) for text in texts if text is not None), default=0)
    if scale <= _MOST_DIGITS:
        try:
            return array.cast(pa.decimal128(_MOST_DIGITS, scale))
        except pa.ArrowInvalid:
            pass
    return pa.array([None if text is None else _number_bytes(text) for text in texts], pa.binary())


def _number_bytes(text: str) -> bytes:
    value = Decimal(text)
    return _BIT_PADDING + encode_number(int(value) if value == int(value) else value)


@dataclass(frozen=True)
class Described:
    """A column as the driver describes it; its `FetchInfo` changes once a fetch type is set."""

    name: str
    type_code: Any
    display_size: int | None
    internal_size: int | None
    precision: int | None
    scale: int | None
    null_ok: bool

    @classmethod
    def of(cls, info: oracledb.FetchInfo) -> Described:
        """The current content of `info`."""
        return cls(
            info.name,
            info.type_code,
            info.display_size,
            info.internal_size,
            info.precision,
            info.scale,
            bool(info.null_ok),
        )

    def variable(self, cursor: oracledb.Cursor) -> Any:
        """The variable that the driver fetches into; None for the driver's own choice."""
        kind = _KINDS.get(self.type_code)
        if kind is None or kind.fetched_as is None:
            return None
        return cursor.var(kind.fetched_as, arraysize=cursor.arraysize)


@dataclass(frozen=True)
class _Kind:
    type: OracleType
    encode: Callable[[Values], pa.Array]
    form: int = 0
    fetched_as: Any = None
    """The type that the driver fetches instead; None for the driver's own choice."""


_KINDS: dict[Any, _Kind] = {
    oracledb.DB_TYPE_NUMBER: _Kind(OracleType.NUMBER, _numbers, fetched_as=str),
    oracledb.DB_TYPE_VARCHAR: _Kind(OracleType.VARCHAR2, _texts, 1),
    oracledb.DB_TYPE_NVARCHAR: _Kind(OracleType.VARCHAR2, _texts, _NATIONAL_FORM),
    oracledb.DB_TYPE_CHAR: _Kind(OracleType.CHAR, _texts, 1),
    oracledb.DB_TYPE_NCHAR: _Kind(OracleType.CHAR, _texts, _NATIONAL_FORM),
    oracledb.DB_TYPE_LONG: _Kind(OracleType.LONG, _texts, 1),
    oracledb.DB_TYPE_RAW: _Kind(OracleType.RAW, _bytes),
    oracledb.DB_TYPE_LONG_RAW: _Kind(OracleType.LONG_RAW, _bytes),
    oracledb.DB_TYPE_CLOB: _Kind(OracleType.CLOB, _texts, 1, oracledb.DB_TYPE_LONG),
    oracledb.DB_TYPE_NCLOB: _Kind(
        OracleType.CLOB, _texts, _NATIONAL_FORM, oracledb.DB_TYPE_LONG_NVARCHAR
    ),
    oracledb.DB_TYPE_BLOB: _Kind(OracleType.BLOB, _bytes, 0, oracledb.DB_TYPE_LONG_RAW),
    oracledb.DB_TYPE_DATE: _Kind(OracleType.DATE, _seconds),
    oracledb.DB_TYPE_TIMESTAMP: _Kind(OracleType.TIMESTAMP, _moments),
    oracledb.DB_TYPE_TIMESTAMP_TZ: _Kind(OracleType.TIMESTAMP_TZ, _moments),
    oracledb.DB_TYPE_TIMESTAMP_LTZ: _Kind(OracleType.TIMESTAMP_LTZ, _moments),
    oracledb.DB_TYPE_INTERVAL_DS: _Kind(OracleType.INTERVAL_DS, _intervals),
    oracledb.DB_TYPE_INTERVAL_YM: _Kind(OracleType.INTERVAL_YM, _year_months),
    oracledb.DB_TYPE_BINARY_INTEGER: _Kind(OracleType.BINARY_INTEGER, _numbers),
    oracledb.DB_TYPE_BINARY_DOUBLE: _Kind(OracleType.BINARY_DOUBLE, _doubles),
    oracledb.DB_TYPE_BINARY_FLOAT: _Kind(OracleType.BINARY_FLOAT, _floats),
    oracledb.DB_TYPE_BOOLEAN: _Kind(OracleType.BOOLEAN, _booleans),
    oracledb.DB_TYPE_ROWID: _Kind(OracleType.ROWID, _texts),
    oracledb.DB_TYPE_UROWID: _Kind(OracleType.UROWID, _texts),
}
_LOBS = (OracleType.CLOB, OracleType.BLOB)


class PassedColumn:
    """A column of a result that the relay passes on.

    Args:
        info: The driver's description.

    Raises:
        OraError: ORA-03001 if the relay cannot pass its type on.
    """

    def __init__(self, info: Described) -> None:
        kind = _KINDS.get(info.type_code)
        if kind is None:
            name = info.type_code.name.removeprefix("DB_TYPE_")
            raise OraError(
                3001,
                f"unimplemented feature: column {info.name} is of type {name}, which the relay "
                "cannot pass on. Leave it out, or CAST it to text",
            )
        self.info = info
        self._kind = kind
        is_lob = kind.type in _LOBS
        told_bytes = int(info.internal_size or 0)
        self.description = ColumnDescription(
            info.name,
            kind.type,
            precision=info.precision or 0,
            scale=info.scale or 0,
            buffer_bytes=_FIXED_BYTES.get(kind.type, told_bytes),
            max_chars=int(info.display_size or 0) if kind.form and not is_lob else 0,
            charset_form=kind.form,
            nullable=info.null_ok,
        )

    @property
    def is_lob(self) -> bool:
        """Whether its values can be large."""
        return self._kind.type in (*_LOBS, OracleType.LONG, OracleType.LONG_RAW)

    def array(self, values: Values) -> pa.Array:
        """Convert values for the wire's encoder."""
        return self._kind.encode(values)

    def values(self, fetched: Values) -> Values:
        """The values as a Python client gets them."""
        if self._kind.type is not OracleType.NUMBER:
            return fetched
        return [None if text is None else _number(text) for text in fetched]


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def arrow_of(kind: Any, fetched: Values) -> pa.Array:
    """Convert values of a driver's type for the wire's encoder; NUMBERs are texts."""
    return _KINDS[kind].encode(fetched)
