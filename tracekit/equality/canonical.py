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
import hashlib
import marshal
from collections.abc import Callable, Sequence
from typing import Any

from tracekit.equality.foreign import foreign_rule
from tracekit.equality.forms import (
    BOOL,
    BYTES,
    DATETIME,
    DECIMAL,
    FLOAT,
    INT,
    INTEGRAL_FLOAT,
    INTEGRAL_MARK,
    NAN_FLOAT,
    NAN_MARK,
    NONE,
    STR,
    Form,
    Forms,
    Kind,
    StandsFor,
    duration_form,
    encoded,
    is_integral,
    moment_form,
    packed_datetime,
    type_mark,
    zone_name,
)

_MICROSECOND = datetime.timedelta(microseconds=1)


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
    return Forms(Kind("timedelta", "duration"), duration_form(value // _MICROSECOND * 1000))


def _datetime(value: datetime.datetime) -> Forms:
    if value.tzinfo is None:
        return Forms(DATETIME, packed_datetime(value))
    kind = Kind(f"datetime[{zone_name(value.tzinfo)}]", "datetime")
    return Forms(kind, moment_form(value.isoformat()), b"", type_mark(kind.name))


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


def _standing_for(value: object, stands_for: StandsFor) -> Forms:
    """The forms of a value that is another representation of a plain one."""
    name, plain = stands_for
    if type(plain) is type(value) or isinstance(plain, complex):
        return _described(value)
    base = canonical(plain)
    written = encoded(value)
    json_mark = base.json_mark if written == encoded(plain) else b"j" + written
    shown = f"{name} NaN" if base.kind == NAN_FLOAT else name
    return Forms(Kind(shown, base.kind.family), base.value, json_mark, type_mark(name))


def _buffer(value: bytearray | memoryview) -> Forms:
    return _standing_for(value, StandsFor(type(value).__name__, bytes(value)))


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
    foreign = foreign_rule(kind)
    if foreign is not None:
        return lambda value: _resolved(value, foreign(value))
    for base, plain_of in _BASES:
        if issubclass(kind, base):
            name = f"{kind.__module__}.{kind.__qualname__}"
            return lambda value: _standing_for(value, StandsFor(name, plain_of(value)))
    plain_repr: object = object.__repr__
    if kind.__repr__ is plain_repr:
        raise TypeError(
            f"{kind.__module__}.{kind.__qualname__} has no canonical form: its repr names no value"
        )
    return _described


def _resolved(value: object, found: Forms | StandsFor) -> Forms:
    return found if isinstance(found, Forms) else _standing_for(value, found)
