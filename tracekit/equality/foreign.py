"""Values that pandas, numpy and drivers hand out, recognised by type without importing them."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from typing import Any

from tracekit.equality import columnar
from tracekit.equality.forms import (
    NAT,
    TIMESTAMP,
    TIMESTAMP_MARK,
    Fields,
    Form,
    Forms,
    Kind,
    StandsFor,
    duration_form,
    encoded,
    moment_form,
    packed_datetime,
    type_mark,
    zone_name,
)
from tracekit.equality.tables import room_of

Rule = Callable[[Any], Forms | StandsFor | Fields]

_NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def foreign_rule(kind: type) -> Rule | None:
    """How to read values of `kind`; None if its library is unknown."""
    for base in kind.__mro__:
        room = room_of(base)
        rule = _RULES.get(room, {}).get(base.__name__)
        if rule is not None and (base.__name__ != "ndarray" or room_of(kind) == room):
            return rule  # arrays of other libraries carry more than their numbers: units, axes
    if room_of(kind) == "numpy" and hasattr(kind, "item"):
        return _numpy_scalar
    return None


@functools.cache
def _nat(value: object) -> Forms:
    return Forms(NAT, None, b"j" + encoded(value), type_mark("NaT"))


def _na(value: object) -> Forms:
    return Forms(Kind("NA", "null"), None, b"", type_mark("NA"))


def _timestamp(value: Any) -> Forms:
    if value.tzinfo is not None:
        kind = Kind(f"Timestamp[{zone_name(value.tzinfo)}]", "datetime")
        return Forms(kind, moment_form(value.isoformat()), b"", type_mark(kind.name))
    # A Timestamp is a datetime whose base class has neither nanoseconds nor other years.
    if value.nanosecond or not datetime.MINYEAR <= value.year <= datetime.MAXYEAR:
        return Forms(TIMESTAMP, moment_form(value.isoformat()), b"", TIMESTAMP_MARK)
    return Forms(TIMESTAMP, packed_datetime(value), b"", TIMESTAMP_MARK)


def _pandas_timedelta(value: Any) -> Forms:
    nanoseconds = int(value.asm8.view("i8")) * _NANOSECONDS[value.unit]
    kind = Kind("Timedelta", "duration")
    return Forms(kind, duration_form(nanoseconds), b"", type_mark(kind.name))


def _interval(value: Any) -> Fields:
    fields = {"left": value.left, "right": value.right, "closed": value.closed}
    return Fields("pandas.Interval", fields)


def _period(value: Any) -> Fields:
    return Fields("pandas.Period", {"ordinal": value.ordinal, "unit": value.freqstr})


def _numpy_scalar(value: Any) -> Forms | StandsFor:
    name = f"numpy.{type(value).__name__}"
    plain = value.item()
    if type(plain) is type(value):  # wider than any Python number
        return Forms(Kind(name, name), (name, repr(value)))
    return StandsFor(name, plain)


def _numpy_void(value: Any) -> StandsFor:
    if value.dtype.names is None:
        return StandsFor("numpy.void", value.tobytes())
    return StandsFor("numpy.void", {name: value[name] for name in value.dtype.names})


def _numpy_time(value: Any) -> Forms | StandsFor:
    name = f"numpy.{type(value).__name__}"
    plain = value.item()
    if plain is None:
        return Forms(Kind(f"{name} NaT", "null"), None, b"", type_mark(name))
    if not isinstance(plain, int):
        return StandsFor(name, plain)
    json_mark, text = b"j" + encoded(value), str(value)
    if name == "numpy.datetime64":
        form = _numpy_moment(text)
        return Forms(Kind(name, "datetime"), form, json_mark, type_mark(name))
    count, unit = text.split()[0], value.dtype.str[4:-1]  # of "<m8[ns]"
    if unit not in _NANOSECONDS:
        return Forms(Kind(f"{name}[{unit}]", f"{name}[{unit}]"), b"n" + text.encode())
    duration = duration_form(int(count) * _NANOSECONDS[unit])
    return Forms(Kind(name, "duration"), duration, json_mark, type_mark(name))


def _numpy_moment(text: str) -> Form:
    """The form of a datetime64's text; numpy writes all nine digits of nanoseconds."""
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) <= 6:
        try:
            return packed_datetime(datetime.datetime.fromisoformat(f"{whole}.{fraction:0<6}"))
        except ValueError:  # a year outside datetime's range
            return moment_form(f"{whole}.{fraction:0<6}" if fraction else whole)
    return moment_form(f"{whole}.{fraction:0<9}")


_RULES: dict[str, dict[str, Rule]] = {
    "pandas": {
        "NaTType": _nat,
        "NAType": _na,
        "Timestamp": _timestamp,
        "Timedelta": _pandas_timedelta,
        "Interval": _interval,
        "Period": _period,
        "DataFrame": columnar.frame,
        "Series": columnar.pandas_series,
        "Index": columnar.pandas_array,
        "ExtensionArray": columnar.pandas_array,
    },
    "numpy": {
        "ndarray": columnar.numpy_array,
        "void": _numpy_void,
        "datetime64": _numpy_time,
        "timedelta64": _numpy_time,
    },
    "polars": {"DataFrame": columnar.frame, "Series": columnar.polars_series},
    "pyarrow": {
        "Table": columnar.frame,
        "RecordBatch": columnar.frame,
        "Array": columnar.arrow_array,
        "ChunkedArray": columnar.arrow_array,
        "Scalar": columnar.arrow_scalar,
        "Buffer": lambda value: StandsFor("pyarrow.Buffer", value.to_pybytes()),
    },
    "oracledb": {
        "LOB": lambda value: StandsFor("LOB", value.read()),
        "DataFrame": columnar.frame,
    },
}
