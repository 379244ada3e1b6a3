"""JSON encoding of values, shared by equality, NDJSON and the service.

date, datetime and Timestamp are written as `isoformat()`, NaT as `"NaT"`, Decimal as a string,
bytes as base64; NaN and infinities are refused; keys keep record order; text is UTF-8 without
ASCII escapes. numpy scalars are written as the Python scalar they wrap; arrays have no JSON form,
not even of one element.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import json
import math
import sys
from collections.abc import Callable
from typing import Any


def _default(value: Any) -> Any:
    # pandas' Timestamp and NaT are datetimes, so pandas does not have to be imported for them.
    if isinstance(value, datetime.date | datetime.datetime | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    numpy = sys.modules.get("numpy")  # loaded, if one of its values is here
    if numpy is not None and isinstance(value, numpy.generic):
        plain = value.item()
        if type(plain) is not type(value):  # a longdouble is wider than any Python number
            return plain
    if type(value).__name__ == "NAType":
        return None
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} has no JSON form")


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_default
)


def encode(value: Any) -> bytes:
    """The compact UTF-8 JSON of `value`.

    Raises:
        ValueError: a float is NaN or infinite.
        TypeError: a value has no JSON form.
    """
    return _ENCODER.encode(value).encode("utf-8")


_TYPED: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "$datetime": (
        datetime.datetime,
        datetime.datetime.isoformat,
        datetime.datetime.fromisoformat,
    ),
    "$date": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "$seconds": (
        datetime.timedelta,
        lambda value: str(value / datetime.timedelta(microseconds=1)),
        lambda text: datetime.timedelta(microseconds=float(text)),
    ),
    "$decimal": (decimal.Decimal, str, decimal.Decimal),
    "$bytes": (bytes, lambda value: base64.b64encode(value).decode("ascii"), base64.b64decode),
    "$float": (float, repr, float),
}
"""Types that JSON does not have, by the tag that marks them; the first match counts."""


def encode_typed(value: Any, *, sort_keys: bool = False) -> bytes:
    """JSON from which `decode_typed` restores the same Python values: keys, binds, definitions.

    Dates, times, Decimals, bytes, tuples, NaN and infinities keep their type.

    Raises:
        TypeError: a value cannot be encoded.
    """
    return json.dumps(
        _tagged(value), ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys
    ).encode("utf-8")


def decode_typed(text: str | bytes) -> Any:
    """The value that `encode_typed` wrote.

    Raises:
        ValueError: the text is not JSON, or a tagged value is malformed.
    """
    return json.loads(text, object_hook=_untagged)


def _tagged(value: Any) -> Any:
    if value is None or type(value) in (str, int, bool) or _is_finite(value):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, tuple):
        return {"$tuple": [_tagged(part) for part in value]}
    if isinstance(value, list):
        return [_tagged(part) for part in value]
    if isinstance(value, dict):
        return {str(name): _tagged(part) for name, part in value.items()}
    for tag, (kind, write, _) in _TYPED.items():
        if isinstance(value, kind):
            return {tag: write(value)}
    raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} has no typed JSON form")


def _is_finite(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)


def _untagged(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        ((tag, value),) = found.items()
        if tag == "$tuple":
            return tuple(value)
        if tag in _TYPED:
            return _TYPED[tag][2](value)
    return found
