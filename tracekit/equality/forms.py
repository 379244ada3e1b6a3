"""Value forms, marks and kinds: what a canonical value is made of. `canonical` says how."""

from __future__ import annotations

import datetime
import marshal
import math
from typing import Any, NamedTuple

from tracekit.jsonvalue import encode

Form = None | bool | int | float | str | bytes | tuple["Form", ...]
"""A value form; see the module's docstring."""


class Kind(NamedTuple):
    """The kind of a value, for drift."""

    name: str
    """The displayed type: `int`, `NaN`, `NaT`, `Timestamp`, `numpy.int64`."""
    family: str
    """Kinds of one family can hold equal values: `null`, `integer`, `datetime`, ..."""


class Forms(NamedTuple):
    """The canonical form of one value, and the marks for what it leaves out."""

    kind: Kind
    value: Form
    json_mark: bytes = b""
    type_mark: bytes = b""


NONE = Kind("None", "null")
NAN_FLOAT = Kind("NaN", "null")
NAT = Kind("NaT", "null")
BOOL = Kind("bool", "boolean")
INT = Kind("int", "integer")
INTEGRAL_FLOAT = Kind("float", "integer")
FLOAT = Kind("float", "float")
STR = Kind("str", "text")
BYTES = Kind("bytes", "bytes")
DATETIME = Kind("datetime", "datetime")
TIMESTAMP = Kind("Timestamp", "datetime")
DECIMAL = Kind("Decimal", "decimal")

INTEGRAL_MARK = b"float"
"""JSON mark of an integral float: `5352.0` is written, not `5352`."""
NAN_MARK = b"NaN"
"""JSON mark of a float that JSON refuses."""
TIMESTAMP_MARK = TIMESTAMP.name.encode()


class StandsFor(NamedTuple):
    """A value that represents a plain Python value in another way."""

    name: str
    """Its displayed type."""
    plain: object
    types: object = None
    """The part that only level exact compares: the types of columns."""
    labels: object = None
    """The part that only levels exact and json compare: the labels of rows."""


class Fields(NamedTuple):
    """An object that consists of its named fields."""

    name: str
    """Its displayed type; objects of two types are never equal."""
    fields: dict[str, object]


def written(forms: Any) -> bytes:
    """A form, or a list or tuple of forms, as bytes: equal for equal forms and for no others."""
    return marshal.dumps(forms, 2)  # from version 3 on, the bytes depend on identity, too


def same_value(left: Forms, right: Forms) -> bool:
    """Whether two values are equal at level value."""
    return written(left.value) == written(right.value)


def is_integral(value: float) -> bool:
    """Whether a float equals an int without loss."""
    return value.is_integer() and (value != 0.0 or math.copysign(1.0, value) > 0)


def text_of(value: object, limit: int = 120) -> str:
    """`value` for display: on one line of at most `limit` characters, with quotes if it is text."""
    try:
        if isinstance(value, str):
            shown = repr(str.__str__(value))
        elif isinstance(value, memoryview):
            shown = repr(bytes(value))
        else:
            shown = repr(value) if isinstance(value, bytes | bytearray) else str(value)
    except Exception:  # an int of too many digits for Python, alone or inside; a faulty __repr__
        shown = (
            hex(value)
            if isinstance(value, int)
            else f"<a {type(value).__name__} that cannot be shown>"
        )
    return cut(shown if isinstance(value, str) else " ".join(shown.split()), limit)


def cut(text: str, limit: int) -> str:
    """`text`, cut off at `limit` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def type_mark(name: str) -> bytes:
    """The mark of a type that forms are not made of."""
    return name.encode("utf-8", "backslashreplace").replace(b"\0", b"\\0")


def duration_form(nanoseconds: int) -> bytes:
    """The form of a timedelta."""
    return b"i%d" % nanoseconds


def packed_datetime(value: datetime.datetime) -> tuple[bytes]:
    """The fields of a naive datetime, or of the datetime that a Timestamp is, without `fold`."""
    packed: tuple[bytes] = datetime.datetime.__reduce__(value)[1]  # type: ignore[assignment]
    return packed


def moment_form(text: str) -> bytes:
    """A time outside datetime's range or precision, as its ISO 8601 text."""
    return b"T" + text.encode()


def zone_name(zone: datetime.tzinfo) -> str:
    """A time zone by class and name."""
    return f"{type(zone).__name__} {zone}"


REFUSED = b"refused"


def encoded(value: object) -> bytes:
    """The JSON of `value` without NUL, or `REFUSED`."""
    try:
        return encode(value)
    except (TypeError, ValueError, RecursionError):
        return REFUSED
