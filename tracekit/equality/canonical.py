"""What each level of equality treats as the same, one value at a time.

A value has three canonical forms, one a level. Two values are equal at a level exactly when
their forms of that level are equal. Every form is built of None, bool, int, float, str and bytes
alone, so that `marshal` (version 2) writes equal forms as equal bytes and others as others.
`bytes` never stands for itself: it holds the tagged form of everything that is not one of the
other five.

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
import marshal
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from tracekit.jsonvalue import encode

Form = None | bool | int | float | str | bytes
"""A canonical form; see the module's docstring."""

NAN = math.nan
"""The one NaN that forms hold, so that its bits are always the same."""


class Kind(NamedTuple):
    """What a value is, as far as drift is concerned."""

    name: str
    """Type as shown to people: `int`, `NaN`, `NaT`, `Timestamp`, `numpy.int64`."""
    family: str
    """Kinds of one family can hold equal values: `null`, `integer`, `datetime`, ..."""


class Forms(NamedTuple):
    """The canonical forms of one value."""

    kind: Kind
    exact: Form
    json: Form
    value: Form


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

_MICROSECOND = datetime.timedelta(microseconds=1)
_NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}


def canonical(value: object) -> Forms:
    """The forms of `value`.

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
        shown = repr(value) if isinstance(value, str | bytes | bytearray) else str(value)
    except ValueError:  # an int of more digits than Python writes in decimal
        shown = hex(value) if isinstance(value, int) else repr(value)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def tagged(kind_name: str, json_form: Form) -> bytes:
    """The exact form of a value whose type is not one the other forms are made of."""
    body = json_form if type(json_form) is bytes else b"m" + marshal.dumps(json_form, 2)
    return b"x" + kind_name.encode("utf-8", "surrogatepass") + b"\0" + body


def _itself(kind: Kind) -> Callable[[Any], Forms]:
    return lambda value: Forms(kind, value, value, value)


def _float(value: float) -> Forms:
    if value != value:
        return Forms(NAN_FLOAT, NAN, NAN, None)
    if is_integral(value):
        return Forms(INTEGRAL_FLOAT, value, value, int(value))
    return Forms(FLOAT, value, value, value)


def _one(kind: Kind, form: bytes) -> Forms:
    return Forms(kind, form, form, form)


def _bytes(value: bytes) -> Forms:
    return _one(BYTES, b"b" + value)


def _date(value: datetime.date) -> Forms:
    return _one(Kind("date", "date"), b"d" + value.isoformat().encode())


def _time(value: datetime.time) -> Forms:
    return _one(Kind("time", "time"), b"t" + value.isoformat().encode())


def _timedelta(value: datetime.timedelta) -> Forms:
    return _one(Kind("timedelta", "duration"), _duration_form(value // _MICROSECOND * 1000))


def _duration_form(nanoseconds: int) -> bytes:
    return b"i%d" % nanoseconds


def _datetime(value: datetime.datetime) -> Forms:
    form = value.isoformat().encode()
    if value.tzinfo is None:
        return _one(DATETIME, form)
    kind = Kind(f"datetime[{_zone(value.tzinfo)}]", "datetime")
    return Forms(kind, tagged(kind.name, form), form, form)


def _zone(zone: datetime.tzinfo) -> str:
    return f"{type(zone).__name__} {zone}"


def _decimal(value: decimal.Decimal) -> Forms:
    form = b"D" + str(value).encode()
    if not value.is_finite():
        return _one(DECIMAL, form)
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int), "finite"
    text = "".join(map(str, digits))
    stripped = text.rstrip("0") or "0"
    power = 0 if stripped == "0" else exponent + len(text) - len(stripped)
    kind = DECIMAL
    if exponent > 0:
        kind = Kind("Decimal with exponent", "decimal")
    elif exponent < 0 and text.endswith("0"):
        kind = Kind("Decimal with trailing zeros", "decimal")
    return Forms(kind, form, form, b"D%d:%s:%d" % (sign, stripped.encode(), power))


def _list(value: list[object]) -> Forms:
    return _sequence("list", "list", [canonical(item) for item in value])


def _tuple(value: tuple[object, ...]) -> Forms:
    return _sequence("tuple", "tuple", [canonical(item) for item in value])


def _sequence(name: str, family: str, items: list[Forms]) -> Forms:
    tag = b"l" if family == "list" else b"u"
    exact, json, value = (
        tag + marshal.dumps(tuple(item[level] for item in items), 2) for level in (1, 2, 3)
    )
    return Forms(Kind(name, family), exact, json, value)


def _dict(value: dict[object, object]) -> Forms:
    pairs = [(canonical(key), canonical(item)) for key, item in value.items()]
    exact, json = (
        b"o" + marshal.dumps(tuple((key[level], item[level]) for key, item in pairs), 2)
        for level in (1, 2)
    )
    by_key = sorted(marshal.dumps((key.value, item.value), 2) for key, item in pairs)
    return Forms(Kind("dict", "dict"), exact, json, b"o" + marshal.dumps(tuple(by_key), 2))


def _standing_for(kind_name: str, value: object, plain: object) -> Forms:
    """Forms of `value`, which is another representation of `plain`."""
    base = canonical(plain)
    written = _encoded(value)
    same_json = written == _encoded(plain)
    json = base.json if same_json else _json_tagged(written, base.value)
    return Forms(Kind(kind_name, base.kind.family), tagged(kind_name, json), json, base.value)


def _json_tagged(written: bytes | None, value_form: Form) -> bytes:
    return b"j" + (b"" if written is None else written) + b"\0" + marshal.dumps(value_form, 2)


def _encoded(value: object) -> bytes | None:
    """The JSON of `value`, or None where it is refused."""
    try:
        return encode(value)
    except (TypeError, ValueError):
        return None


def _nat(value: object) -> Forms:
    json = _json_tagged(_encoded(value), None)
    return Forms(NAT, tagged("NaT", json), json, None)


def _na(value: object) -> Forms:
    return Forms(Kind("NA", "null"), tagged("NA", None), None, None)


def _timestamp(value: Any) -> Forms:
    name = "Timestamp" if value.tzinfo is None else f"Timestamp[{_zone(value.tzinfo)}]"
    form = value.isoformat().encode()
    return Forms(Kind(name, "datetime"), tagged(name, form), form, form)


def _pandas_timedelta(value: Any) -> Forms:
    nanoseconds = int(value.as_unit("ns").value)
    base = _duration_form(nanoseconds)
    json: Form = base
    if _encoded(value) != _encoded(datetime.timedelta(microseconds=nanoseconds // 1000)):
        json = _json_tagged(_encoded(value), base)
    return Forms(Kind("Timedelta", "duration"), tagged("Timedelta", json), json, base)


def _numpy_scalar(value: Any) -> Forms:
    name = f"numpy.{type(value).__name__}"
    if type(value).__name__ in ("datetime64", "timedelta64"):
        return _numpy_time(name, value)
    plain = value.item()
    if isinstance(plain, complex) or type(plain) is type(value):
        return _described(value)
    if isinstance(plain, float) and plain != plain:
        return Forms(Kind(f"{name} NaN", "null"), tagged(name, NAN), NAN, None)
    if isinstance(plain, float):
        base = _float(plain)
        return base._replace(kind=Kind(name, base.kind.family), exact=tagged(name, base.json))
    return _standing_for(name, value, plain)


def _numpy_time(name: str, value: Any) -> Forms:
    plain = value.item()
    if plain is None:
        return Forms(Kind(f"{name} NaT", "null"), tagged(name, None), None, None)
    if not isinstance(plain, int):
        return _standing_for(name, value, plain)
    moment = str(value)
    if name == "numpy.timedelta64":
        count, unit = moment.split()[0], value.dtype.str.partition("[")[2].rstrip("]")
        if unit not in _NANOSECONDS:
            return _one(Kind(f"{name}[{unit}]", f"{name}[{unit}]"), b"n" + moment.encode())
        form: Form = _duration_form(int(count) * _NANOSECONDS[unit])
        family = "duration"
    else:
        whole, _, fraction = moment.partition(".")
        fraction = fraction.rstrip("0")
        digits = 6 if len(fraction) <= 6 else 9
        form = (f"{whole}.{fraction.ljust(digits, '0')}" if fraction else whole).encode()
        family = "datetime"
    json = _json_tagged(_encoded(value), form)
    return Forms(Kind(name, family), tagged(name, json), json, form)


def _array(value: Any) -> Forms:
    base = canonical(value.tolist())
    name = f"numpy.ndarray[{value.dtype}]"
    json = _json_tagged(_encoded(value), base.value)
    exact = tagged(f"{name}{value.shape}", base.exact)
    return Forms(Kind(name, base.kind.family), exact, json, base.value)


def _lob(value: Any) -> Forms:
    return _standing_for("LOB", value, value.read())


def _buffer(value: bytearray | memoryview) -> Forms:
    return _standing_for(type(value).__name__, value, bytes(value))


def _described(value: object) -> Forms:
    """A value of a type unknown here, by what its own `repr` says."""
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    return _one(Kind(name, name), b"r" + tagged(name, repr(value)))


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
