"""The JSON of a value, everywhere in tracekit: equality, NDJSON and the service share it.

date, datetime and Timestamp are written as `isoformat()`, NaT as `"NaT"`, Decimal as a string,
bytes as base64; NaN and infinities are refused; keys keep record order; text is UTF-8 without
ASCII escapes. numpy scalars are written as the Python scalar they wrap.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import json
from typing import Any


def _default(value: Any) -> Any:
    # pandas' Timestamp and NaT are datetimes, so pandas need not be imported to write them.
    if isinstance(value, datetime.date | datetime.datetime | datetime.time):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        return value.item()
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
