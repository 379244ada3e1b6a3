"""What each level of equality treats as the same, one value at a time.

A value has a value form and two marks. Two values are equal

- at level value, when their value forms are equal;
- at level json, when their JSON marks are equal too;
- at level exact, when their type marks are equal too.

A form is built of None, bool, int, float, str, bytes and tuples alone, so that `marshal`
(version 2) writes equal forms as equal bytes and others as others. bytes never stands for
itself: it holds the tagged form of what is not one of the others. A mark says what the form
leaves out; it is empty for the types that forms are made of, and holds no NUL.

exact
    Same type and same value. `1`, `True`, `1.0`, `Decimal("1")` and `numpy.int64(1)` are five
    values; so are `0.0` and `-0.0`, `Decimal("1.10")` and `Decimal("1.1")`, a `datetime` and a
    `Timestamp`, a `str` and a subclass of it, two time zone objects that give the same offset.
    Text is compared by code point: no Unicode normalisation, no trimming. All NaN of one type
    are one value, whatever their bits. Not part of a value: `fold`, the unit of a `Timestamp`
    (`us` or `ns`) and attributes a subclass adds.
json
    Equal at level value, and `jsonvalue.encode` writes the same bytes, or refuses both. So
    `Timestamp` passes for `datetime` and `NA` for None; `5352.0` for `5352`, NaN for None (NaN
    is refused) and NaT (`"NaT"`) for None do not.
value
    Equal after these equivalences, and no others:

    - `NaN/NaT/NA = None`: float NaN, numpy NaN, NaT (pandas or numpy), `pandas.NA`, None.
    - `integral float = int`: a finite float without a fraction is the int of exactly that
      value. `-0.0` is not: its sign would be lost. 2**53 + 1 differs from every float.
    - `Timestamp = datetime`: with the same wall time and the same UTC offset, if its
      nanoseconds are a whole number of microseconds; otherwise no datetime equals it.
    - `Timedelta = timedelta`: likewise.
    - `numpy scalar = Python scalar`: the scalar that `.item()` gives; a `datetime64` or
      `timedelta64` finer than microseconds by the rules for Timestamp and Timedelta.
    - `time zone = its UTC offset`: aware datetimes of the same wall time and offset. The same
      instant under another offset, and aware against naive, are different.
    - `Decimal scale`: `Decimal("1.10")` and `Decimal("1.1")`. A Decimal equals no int or float.
    - `subclass = base type`: a `str`, `int`, `float`, `bytes`, `Decimal`, `date`, `datetime` or
      `timedelta` of a derived class, by the value of its base.
    - `LOB = its content`: a driver's LOB and the text or bytes that reading it gives.
    - `buffer = bytes`: `bytearray`, `memoryview`.
    - `array = list`: a numpy array and the list of its elements.
different
    Anything else: `True` against 1, a date against its midnight, a date against its text, `""`
    against None, trailing spaces, another letter case.

Records are equal when they have the same keys with equal values; at levels exact and json the
keys must also come in the same order (`key order` is the equivalence that level value adds).
Two CIDs are equal when their records are, in the same order; `unordered` compares them as
multisets (`record order`). The CIDs of a result have no order. A CID without records differs
from a CID that is not there.
"""

from __future__ import annotations

import datetime
import decimal
import functools
import hashlib
import marshal
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tracekit.jsonvalue import encode

Form = None | bool | int | float | str | bytes | tuple["Form", ...]
"""A value form; see the module's docstring."""


class Kind(NamedTuple):
    """What a value is, as far as drift is concerned."""

    name: str
    """Type as shown to people: `int`, `NaN`, `NaT`, `Timestamp`, `numpy.int64`."""
    family: str
    """Kinds of one family can hold equal values: `null`, `integer`, `datetime`, ..."""


class Forms(NamedTuple):
    """The canonical form of one value, and what it leaves out."""

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

_MICROSECOND = datetime.timedelta(microseconds=1)
_NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def canonical(value: object) -> Forms:
    """The form and marks of `value`.

    Raises:
        TypeError: the value's type says nothing about its content (a plain object).
    """
    kind = type(value)
    rule = _RULES.get(kind)
    if rule is None:
        rule = _RULES[kind] = _rule_of(kind)
    return rule(value)


def is_integral(value: float) -> bool:
    """Whether a float is the int of the same value and nothing is lost by saying so."""
    return value.is_integer() and (value != 0.0 or math.copysign(1.0, value) > 0)


def text_of(value: object, limit: int = 120) -> str:
    """`value` as shown to people: quoted where it is text, at most `limit` characters."""
    try:
        if isinstance(value, str):
            shown = repr(str.__str__(value))
        else:
            shown = repr(value) if isinstance(value, bytes | bytearray) else str(value)
    except ValueError:  # an int of more digits than Python writes in decimal
        shown = hex(value) if isinstance(value, int) else repr(value)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def type_mark(name: str) -> bytes:
    """The mark of a type that forms are not made of."""
    return name.encode("utf-8", "backslashreplace").replace(b"\0", b"\\0")


def _itself(kind: Kind) -> Callable[[Any], Forms]:
    return lambda value: Forms(kind, value)


def _float(value: float) -> Forms:
    if value != value:
        return Forms(NAN_FLOAT, None, NAN_MARK)
    if is_integral(value):
        return Forms(INTEGRAL_FLOAT, int(value), INTEGRAL_MARK)
    return Forms(FLOAT, value)


def _bytes(value: bytes) -> Forms:
    return Forms(BYTES, b"b" + value)


def _date(value: datetime.date) -> Forms:
    return Forms(Kind("date", "date"), b"d" + value.isoformat().encode())


def _time(value: datetime.time) -> Forms:
    return Forms(Kind("time", "time"), b"t" + value.isoformat().encode())


def _timedelta(value: datetime.timedelta) -> Forms:
    return Forms(Kind("timedelta", "duration"), _duration_form(value // _MICROSECOND * 1000))


def _duration_form(nanoseconds: int) -> bytes:
    return b"i%d" % nanoseconds


def _datetime(value: datetime.datetime) -> Forms:
    if value.tzinfo is None:
        return Forms(DATETIME, packed_datetime(value))
    kind = Kind(f"datetime[{_zone(value.tzinfo)}]", "datetime")
    return Forms(kind, _moment_form(value.isoformat()), b"", type_mark(kind.name))


def packed_datetime(value: datetime.datetime) -> tuple[bytes]:
    """The fields of a naive datetime, or of the datetime that a Timestamp is, without `fold`."""
    packed: tuple[bytes] = datetime.datetime.__reduce__(value)[1]  # type: ignore[assignment]
    return packed


def _moment_form(text: str) -> bytes:
    """A moment that no naive datetime holds, by its ISO 8601 text."""
    return b"T" + text.encode()


def _zone(zone: datetime.tzinfo) -> str:
    return f"{type(zone).__name__} {zone}"


def _decimal(value: decimal.Decimal) -> Forms:
    text = str(value).encode()
    if not value.is_finite():
        return Forms(DECIMAL, b"D" + text)
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int), "finite"
    all_digits = "".join(map(str, digits))
    stripped = all_digits.rstrip("0") or "0"
    power = 0 if stripped == "0" else exponent + len(all_digits) - len(stripped)
    form = b"D%d:%s:%d" % (sign, stripped.encode(), power)
    if exponent > 0:
        return Forms(Kind("Decimal with exponent", "decimal"), form, text)
    if exponent < 0 and all_digits.endswith("0"):
        return Forms(Kind("Decimal with trailing zeros", "decimal"), form, text)
    return Forms(DECIMAL, form)


def _list(value: list[object]) -> Forms:
    return _sequence(Kind("list", "list"), value)


def _tuple(value: tuple[object, ...]) -> Forms:
    return _sequence(Kind("tuple", "tuple"), value)


def _sequence(kind: Kind, items: Sequence[object]) -> Forms:
    forms = [canonical(item) for item in items]
    return Forms(
        kind,
        (kind.name, *(form.value for form in forms)),
        _inner_mark([form.json_mark for form in forms]),
        _inner_mark([form.type_mark for form in forms]),
    )


def _dict(value: dict[object, object]) -> Forms:
    forms = [(canonical(key), canonical(item)) for key, item in value.items()]
    by_key = sorted(forms, key=lambda pair: marshal.dumps(pair[0].value, 2))
    in_order = () if forms == by_key else tuple(key.value for key, _ in forms)
    cells = [form for pair in by_key for form in pair]
    return Forms(
        Kind("dict", "dict"),
        ("dict", *(form.value for form in cells)),
        _inner_mark([form.json_mark for form in cells], in_order),
        _inner_mark([form.type_mark for form in cells]),
    )


def _inner_mark(marks: list[bytes], order: tuple[Form, ...] = ()) -> bytes:
    """One mark for the marks of a nested value's items."""
    if not any(marks) and not order:
        return b""
    return hashlib.blake2b(marshal.dumps((marks, order), 2), digest_size=16).hexdigest().encode()


def _standing_for(kind_name: str, value: object, plain: object) -> Forms:
    """The forms of `value`, which is another representation of `plain`."""
    base = canonical(plain)
    written = _encoded(value)
    json_mark = base.json_mark if written == _encoded(plain) else b"j" + written
    return Forms(Kind(kind_name, base.kind.family), base.value, json_mark, type_mark(kind_name))


def _encoded(value: object) -> bytes:
    """The JSON of `value` without NUL, or `refused`."""
    try:
        return encode(value)
    except (TypeError, ValueError):
        return b"refused"


@functools.cache
def _nat(value: object) -> Forms:
    return Forms(NAT, None, b"j" + _encoded(value), type_mark("NaT"))


def _na(value: object) -> Forms:
    return Forms(Kind("NA", "null"), None, b"", type_mark("NA"))


def _timestamp(value: Any) -> Forms:
    if value.tzinfo is not None:
        kind = Kind(f"Timestamp[{_zone(value.tzinfo)}]", "datetime")
        return Forms(kind, _moment_form(value.isoformat()), b"", type_mark(kind.name))
    # A Timestamp is a datetime whose base class knows neither nanoseconds nor other years.
    if value.nanosecond or not datetime.MINYEAR <= value.year <= datetime.MAXYEAR:
        return Forms(TIMESTAMP, _moment_form(value.isoformat()), b"", TIMESTAMP_MARK)
    return Forms(TIMESTAMP, packed_datetime(value), b"", TIMESTAMP_MARK)


TIMESTAMP_MARK = type_mark(TIMESTAMP.name)


def _pandas_timedelta(value: Any) -> Forms:
    nanoseconds = int(value.as_unit("ns").value)
    plain = datetime.timedelta(microseconds=nanoseconds // 1000)
    written = _encoded(value)
    json_mark = b"" if written == _encoded(plain) else b"j" + written
    kind = Kind("Timedelta", "duration")
    return Forms(kind, _duration_form(nanoseconds), json_mark, type_mark(kind.name))


def _numpy_scalar(value: Any) -> Forms:
    name = f"numpy.{type(value).__name__}"
    if type(value).__name__ in ("datetime64", "timedelta64"):
        return _numpy_time(name, value)
    plain = value.item()
    if isinstance(plain, complex) or type(plain) is type(value):
        return _described(value)
    if isinstance(plain, float):
        base = _float(plain)
        shown = f"{name} NaN" if base.kind is NAN_FLOAT else name
        return base._replace(kind=Kind(shown, base.kind.family), type_mark=type_mark(name))
    return _standing_for(name, value, plain)


def _numpy_time(name: str, value: Any) -> Forms:
    plain = value.item()
    if plain is None:
        json_mark = b"" if _encoded(value) == b"null" else b"j" + _encoded(value)
        return Forms(Kind(f"{name} NaT", "null"), None, json_mark, type_mark(name))
    if not isinstance(plain, int):
        return _standing_for(name, value, plain)
    json_mark, text = b"j" + _encoded(value), str(value)
    if name == "numpy.datetime64":
        form = _numpy_moment(text)
        return Forms(Kind(name, "datetime"), form, json_mark, type_mark(name))
    count, unit = text.split()[0], value.dtype.str.partition("[")[2].rstrip("]")
    if unit not in _NANOSECONDS:
        return Forms(Kind(f"{name}[{unit}]", f"{name}[{unit}]"), b"n" + text.encode())
    duration = _duration_form(int(count) * _NANOSECONDS[unit])
    return Forms(Kind(name, "duration"), duration, json_mark, type_mark(name))


def _numpy_moment(text: str) -> Form:
    """The form of a datetime64's text; numpy writes all nine digits of nanoseconds."""
    whole, _, fraction = text.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) <= 6:
        try:
            return packed_datetime(datetime.datetime.fromisoformat(f"{whole}.{fraction:0<6}"))
        except ValueError:  # a year that no datetime has
            return _moment_form(f"{whole}.{fraction:0<6}" if fraction else whole)
    return _moment_form(f"{whole}.{fraction:0<9}")


def _array(value: Any) -> Forms:
    base = canonical(value.tolist())
    name = f"numpy.ndarray[{value.dtype}]"
    mark = type_mark(f"{name}{value.shape} ") + base.type_mark
    json_mark = b"j" + _encoded(value) + base.json_mark
    return Forms(Kind(name, base.kind.family), base.value, json_mark, mark)


def _lob(value: Any) -> Forms:
    return _standing_for("LOB", value, value.read())


def _buffer(value: bytearray | memoryview) -> Forms:
    return _standing_for(type(value).__name__, value, bytes(value))


def _described(value: object) -> Forms:
    """A value of a type unknown here, by what its own `repr` says."""
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    return Forms(Kind(name, name), ("repr", name, repr(value)))


_RULES: dict[type, Callable[[Any], Forms]] = {
    type(None): _itself(NONE),
    bool: _itself(BOOL),
    int: _itself(INT),
    str: _itself(STR),
    float: _float,
    bytes: _bytes,
    bytearray: _buffer,
    memoryview: _buffer,
    datetime.datetime: _datetime,
    datetime.date: _date,
    datetime.time: _time,
    datetime.timedelta: _timedelta,
    decimal.Decimal: _decimal,
    list: _list,
    tuple: _tuple,
    dict: _dict,
}

_PANDAS: dict[str, Callable[[Any], Forms]] = {
    "NaTType": _nat,
    "NAType": _na,
    "Timestamp": _timestamp,
    "Timedelta": _pandas_timedelta,
}


def _plain_datetime(value: datetime.datetime) -> datetime.datetime:
    return datetime.datetime.combine(
        datetime.date(value.year, value.month, value.day), value.timetz()
    )


_BASES: tuple[tuple[type, Callable[[Any], object]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
    (bytes, lambda value: bytes(memoryview(value))),
    (decimal.Decimal, decimal.Decimal),
    (datetime.datetime, _plain_datetime),
    (datetime.date, lambda value: datetime.date(value.year, value.month, value.day)),
    (datetime.timedelta, lambda value: datetime.timedelta(0) + value),
)


def _rule_of(kind: type) -> Callable[[Any], Forms]:
    room = kind.__module__.partition(".")[0]
    if room == "pandas" and kind.__name__ in _PANDAS:
        return _PANDAS[kind.__name__]
    if room == "numpy":
        return _array if kind.__name__ == "ndarray" else _numpy_scalar
    if room == "oracledb" and kind.__name__ == "LOB":
        return _lob
    for base, plain_of in _BASES:
        if issubclass(kind, base):
            name = f"{kind.__module__}.{kind.__qualname__}"
            return lambda value: _standing_for(name, value, plain_of(value))
    plain_repr: object = object.__repr__
    if kind.__repr__ is plain_repr:
        raise TypeError(
            f"{kind.__module__}.{kind.__qualname__} has no canonical form: its repr names no value"
        )
    return _described
