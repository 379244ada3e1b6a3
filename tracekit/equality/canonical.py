"""What each level of equality treats as the same, one value at a time.

A value has a value form and two marks. Two values are equal

- at level value, when their value forms are equal;
- at level json, when their JSON marks are equal too;
- at level exact, when their type marks are equal too.

A form consists only of None, bool, int, float, str, bytes and tuples, so that `marshal` (version 2)
writes equal forms as equal bytes and different forms as different bytes. A bytes object in a form
is never a value: it is the tagged form of any other type. A mark holds what the form leaves out. It
is empty for the types that forms are made of, and contains no NUL.

exact
    Same type and same value. `1`, `True`, `1.0`, `Decimal("1")` and `numpy.int64(1)` are five
    values; so are `0.0` and `-0.0`, `Decimal("1.10")` and `Decimal("1.1")`, a `datetime` and a
    `Timestamp`, a `str` and a subclass of it, two time zone objects that give the same offset.
    Text is compared by code point: no Unicode normalisation, no trimming. All NaN of one type
    are one value, whatever their bits. Arrays, columns and frames have the same types of
    elements and the same row labels. Not part of a value: `fold`, the unit of a `Timestamp`
    (`us` or `ns`), and the chunks of an Arrow array.
json
    Equal at level value, and `jsonvalue.encode` writes the same bytes, or refuses both. So
    `Timestamp` equals `datetime` and `NA` equals None, but `5352.0` does not equal `5352`, nor NaN
    (which is refused) or NaT (`"NaT"`) None. Frames and arrays, which are refused, are compared by
    their elements.
value
    Equal under these equivalences, and no others:

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
      `timedelta`, `dict`, `list`, `tuple` or set of a derived class, by the value of its base,
      if its instances add no attributes.
    - `LOB = its content`: a driver's LOB and the text or bytes that reading it gives.
    - `buffer = bytes`: `bytearray`, `memoryview`.
    - `array, column or frame = list`: an array, Series or Index of numpy, pandas, polars or Arrow
      and the list of its elements (None where masked); a frame and the list of its records, in
      which index levels are columns.
    - `row labels`: the integer labels of a frame's rows that have no name, as slices, filters and
      `concat` leave them. Those of a Series count.
    - `frozenset = set`.
different
    Anything else: `True` against 1, a date against its midnight, a date against its text, `""`
    against None, trailing spaces, another letter case, a list against a tuple. Dataclasses, enums
    and other objects that declare their fields are equal if they are of one class and their fields
    are equal.

A value whose content cannot be read raises `NotComparable`: a plain object, a generator, an array
with units. Nothing is compared by a `repr` that may be incomplete.

Records are equal when they have the same keys with equal values; at levels exact and json the
keys must also come in the same order (`key order` is the equivalence that level value adds).
Two keys are equal when their records are, in the same order; `unordered` compares them as
multisets (`record order`). The keys of a result have no order. A key without records differs
from a key that is not there.
"""

from __future__ import annotations

import datetime
import decimal
import hashlib
from collections.abc import Callable, Iterable
from functools import cache, partial
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
    REFUSED,
    STR,
    Fields,
    Form,
    Forms,
    Kind,
    StandsFor,
    duration_form,
    encoded,
    is_integral,
    moment_form,
    packed_datetime,
    written,
    zone_name,
)
from tracekit.equality.forms import type_mark as named_mark
from tracekit.equality.objects import name_of, object_rule
from tracekit.errors import NotComparable

_MICROSECOND = datetime.timedelta(microseconds=1)


def canonical(value: object) -> Forms:
    """The form and marks of `value`.

    Raises:
        TypeError: the content of values of this type cannot be read (a plain object).
    """
    kind = type(value)
    rule = _RULES.get(kind) or _cached_rule(kind)  # type: ignore[arg-type]  # a type is hashable
    return rule(value)


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
    form = b"t" + value.isoformat().encode()
    if value.tzinfo is None:
        return Forms(Kind("time", "time"), form)
    kind = Kind(f"time[{zone_name(value.tzinfo)}]", "time")
    return Forms(kind, form, b"", named_mark(kind.name))


def _timedelta(value: datetime.timedelta) -> Forms:
    return Forms(Kind("timedelta", "duration"), duration_form(value // _MICROSECOND * 1000))


def _datetime(value: datetime.datetime) -> Forms:
    if value.tzinfo is None:
        return Forms(DATETIME, packed_datetime(value))
    kind = Kind(f"datetime[{zone_name(value.tzinfo)}]", "datetime")
    return Forms(kind, moment_form(value.isoformat()), b"", named_mark(kind.name))


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


def _sequence(kind: Kind, value: Iterable[object]) -> Forms:
    forms = _inner(value)
    return Forms(
        kind,
        (kind.family, *(form.value for form in forms)),
        _inner_mark([form.json_mark for form in forms]),
        _inner_mark([form.type_mark for form in forms]),
    )


def _inner(items: Iterable[object]) -> list[Forms]:
    try:
        return [canonical(item) for item in items]
    except RecursionError:
        raise NotComparable("a value is nested too deeply, or contains itself") from None


def _set(value: Iterable[object]) -> Forms:
    forms = sorted(_inner(value), key=_place)
    kind = Kind(type(value).__name__, "set")
    return Forms(
        kind,
        ("set", *(form.value for form in forms)),
        _inner_mark([form.json_mark for form in forms]),
        _inner_mark([b"" if kind.name == "set" else b"frozenset", *(f.type_mark for f in forms)]),
    )


def _place(form: Forms) -> tuple[bytes, ...]:
    """Sort key for forms of unordered items: None comes before NaN, although they are equal."""
    return written(form.value), form.json_mark, form.type_mark


def _dict(value: dict[Any, object]) -> Forms:
    pairs = list(zip(_inner(value), _inner(value.values()), strict=True))
    by_key = sorted(pairs, key=lambda pair: _place(pair[0]))
    in_order = () if pairs == by_key else tuple(key.value for key, _ in pairs)
    cells = [form for pair in by_key for form in pair]
    refused = [REFUSED for key in value if not isinstance(key, str | int | float | None)]
    return Forms(
        Kind("dict", "dict"),
        ("dict", *(form.value for form in cells)),
        _inner_mark([form.json_mark for form in cells] + refused, in_order),
        _inner_mark([form.type_mark for form in cells]),
    )


def _inner_mark(marks: list[bytes], order: tuple[Form, ...] = ()) -> bytes:
    """Combine the marks of a nested value's items into one."""
    if not any(marks) and not order:
        return b""
    return hashlib.blake2b(written((marks, order)), digest_size=16).hexdigest().encode()


def _standing_for(value: object, found: StandsFor) -> Forms:
    """The forms of a value that represents a plain value in another way."""
    base = canonical(found.plain)
    json = encoded(value)
    json_mark = base.json_mark
    if json == REFUSED and base.kind.family in _CONTAINERS:
        json_mark = _inner_mark([REFUSED, json_mark])
    elif json != encoded(found.plain):
        json_mark = b"j" + json
    type_mark = named_mark(found.name)
    if found.types is not None or base.type_mark:
        types = written(canonical(found.types).value)
        type_mark = _inner_mark([type_mark, types, base.type_mark])
    if found.labels is not None:
        labels = written(canonical(found.labels).value)
        json_mark = _inner_mark([json_mark, labels])
    shown = f"{found.name} NaN" if base.kind == NAN_FLOAT else found.name
    return Forms(Kind(shown, base.kind.family), base.value, json_mark, type_mark)


_CONTAINERS = ("list", "dict", "set")


def _object(found: Fields) -> Forms:
    inner = _dict(found.fields)
    kind = Kind(found.name, found.name)
    return Forms(kind, (found.name, inner.value), inner.json_mark, inner.type_mark)


def _buffer(value: bytearray | memoryview) -> Forms:
    layout = (value.format, value.shape) if isinstance(value, memoryview) else None
    types = None if layout in (None, ("B", (len(value),))) else layout
    return _standing_for(value, StandsFor(type(value).__name__, bytes(value), types))


_RULES: dict[type, Callable[[Any], Forms]] = {
    type(None): partial(Forms, NONE),
    bool: partial(Forms, BOOL),
    int: partial(Forms, INT),
    str: partial(Forms, STR),
    float: _float,
    bytes: _bytes,
    bytearray: _buffer,
    memoryview: _buffer,
    datetime.datetime: _datetime,
    datetime.date: _date,
    datetime.time: _time,
    datetime.timedelta: _timedelta,
    decimal.Decimal: _decimal,
    list: partial(_sequence, Kind("list", "list")),
    tuple: partial(_sequence, Kind("tuple", "tuple")),
    set: _set,
    frozenset: _set,
    dict: _dict,
}


def _rule_of(kind: type) -> Callable[[Any], Forms]:
    found = foreign_rule(kind) or object_rule(kind)
    if found is None:
        raise NotComparable(
            f"values of type {name_of(kind)} cannot be compared, because their content cannot be "
            "read. Compare a dataclass, a dict or its text instead"
        )
    return lambda value: _resolved(value, found(value))


_cached_rule = cache(_rule_of)


def _resolved(value: object, found: Forms | StandsFor | Fields) -> Forms:
    if isinstance(found, Forms):
        return found
    return _object(found) if isinstance(found, Fields) else _standing_for(value, found)
