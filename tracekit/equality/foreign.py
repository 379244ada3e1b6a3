"""Values that pandas, numpy and drivers hand out, recognised by type without importing them."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from typing import Any

from tracekit.equality.forms import (
    NAT,
    TIMESTAMP,
    TIMESTAMP_MARK,
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

Rule = Callable[[Any], Forms | StandsFor]

_NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def foreign_rule(kind: type) -> Rule | None:
    """How to read values of `kind`; None for a type of no library known here."""
    room, name = kind.__module__.partition(".")[0], kind.__name__
    if room == "pandas":
        return _PANDAS.get(name)
    if room == "numpy" and hasattr(kind, "item"):
        return _NUMPY.get(name) or _numpy_scalar
    if room == "oracledb" and name == "LOB":
        return lambda lob: StandsFor("LOB", lob.read())
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
    # A Timestamp is a datetime whose base class knows neither nanoseconds nor other years.
    if value.nanosecond or not datetime.MINYEAR <= value.year <= datetime.MAXYEAR:
        return Forms(TIMESTAMP, moment_form(value.isoformat()), b"", TIMESTAMP_MARK)
    return Forms(TIMESTAMP, packed_datetime(value), b"", TIMESTAMP_MARK)


def _pandas_timedelta(value: Any) -> Forms:
    nanoseconds = int(value.as_unit("ns").value)
    plain = datetime.timedelta(microseconds=nanoseconds // 1000)
    written = encoded(value)
    json_mark = b"" if written == encoded(plain) else b"j" + written
    kind = Kind("Timedelta", "duration")
    return Forms(kind, duration_form(nanoseconds), json_mark, type_mark(kind.name))


def _numpy_scalar(value: Any) -> StandsFor:
    return StandsFor(f"numpy.{type(value).__name__}", value.item())


def _numpy_array(value: Any) -> StandsFor:
    shape = "" if value.ndim == 1 else f", {value.shape}"
    return StandsFor(f"numpy.ndarray[{value.dtype}{shape}]", value.tolist())


def _numpy_time(value: Any) -> Forms | StandsFor:
    name = f"numpy.{type(value).__name__}"
    plain = value.item()
    if plain is None:
        json_mark = b"" if encoded(value) == b"null" else b"j" + encoded(value)
        return Forms(Kind(f"{name} NaT", "null"), None, json_mark, type_mark(name))
    if not isinstance(plain, int):
        return StandsFor(name, plain)
    json_mark, text = b"j" + encoded(value), str(value)
    if name == "numpy.datetime64":
        form = _numpy_moment(text)
        return Forms(Kind(name, "datetime"), form, json_mark, type_mark(name))
    count, unit = text.split()[0], value.dtype.str.partition("[")[2].rstrip("]")
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
        except ValueError:  # a year that no datetime has
            return moment_form(f"{whole}.{fraction:0<6}" if fraction else whole)
    return moment_form(f"{whole}.{fraction:0<9}")


_PANDAS: dict[str, Rule] = {
    "NaTType": _nat,
    "NAType": _na,
    "Timestamp": _timestamp,
    "Timedelta": _pandas_timedelta,
}
_NUMPY: dict[str, Rule] = {
    "ndarray": _numpy_array,
    "datetime64": _numpy_time,
    "timedelta64": _numpy_time,
}
