"""Keys and column names of any type as sortable text, equal for equal values.

Text is its own label. Any other value, and text with a lone surrogate, is a NUL, its type and sort
key, a NUL, and its `repr`.
Labels are equal if the values are equal at level value: 28, 28.0 and `numpy.int64(28)`.
"""

from __future__ import annotations

import datetime
import decimal
from hashlib import blake2b
from typing import Final

from tracekit.equality.canonical import canonical
from tracekit.equality.forms import text_of, written


class _Whole:
    """The key of a result that is not divided by keys."""


WHOLE: Final = _Whole()
_WHOLE_LABEL = "\0whole"


def label(value: object) -> str:
    """The label of `value`.

    Raises:
        NotComparable: its content cannot be read.
    """
    if isinstance(value, str):
        text = str.__str__(value)
        if not _is_unicode(text):
            return f"\0str {text!r}\0{text!r}"
        return f"\0\0{text}" if text.startswith("\0") else text
    if value is WHOLE:
        return _WHOLE_LABEL
    plain = _plain(value)
    if isinstance(plain, str):
        return label(plain)
    return f"\0{type(plain).__name__}{_sorted_as(plain)}\0{_repr(plain)}"


def type_of(value: object) -> str:
    """The displayed type of a key, which is not part of its label."""
    if isinstance(value, tuple):
        return f"({', '.join(map(type_of, value))})"
    return canonical(value).kind.name


def shown(label: str) -> str:
    """A label for display: text as it is, other values as `repr`; empty for a whole result."""
    if not label.startswith("\0"):
        return label
    return label[1:].partition("\0")[2]


def type_shown(label: str) -> str | None:
    """The type of the labelled value; None for text."""
    if not label.startswith("\0") or label.startswith("\0\0"):
        return None
    return label[1:].partition(" ")[0]


def quoted(label: str) -> str:
    """A label as Python code."""
    return shown(label) if type_shown(label) else repr(shown(label))


def _is_unicode(text: str) -> bool:
    """Whether `text` has no lone surrogate, which files and JSON cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _repr(plain: object) -> str:
    try:
        text = repr(plain)
        return text if _is_unicode(text) else ascii(plain)
    except ValueError:  # an int with more digits than Python converts to decimal
        return text_of(plain)


def _sorted_as(plain: object) -> str:
    if isinstance(plain, int):
        digits = f"{abs(plain):x}"
        size = len(digits) if plain >= 0 else 0xFFFF_FFFF - len(digits)
        turned = digits if plain >= 0 else digits.translate(_TURNED)
        return f" {int(plain >= 0)}{size:08x}{turned}"
    if isinstance(plain, datetime.date | datetime.time):
        return f" {plain.isoformat()}"
    form = written(canonical(plain).value)
    return f" {blake2b(form, digest_size=8).hexdigest()}"


_TURNED = str.maketrans("0123456789abcdef", "fedcba9876543210")
"""Negative numbers sort the other way round."""


def _plain(value: object) -> object:
    """The plain value that `value` equals at level value, so that equal values share a `repr`."""
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    form = canonical(value).value
    if form is None or isinstance(form, int | float | str):
        return form
    if isinstance(form, tuple) and isinstance(form[0], bytes):
        return datetime.datetime(form[0])  # type: ignore[call-arg, arg-type]  # as pickle does
    if isinstance(value, decimal.Decimal) and value.is_finite():
        sign, digits, exponent = value.as_tuple()
        kept = len("".join(map(str, digits)).rstrip("0"))
        power = int(exponent) + len(digits) - kept
        return decimal.Decimal((sign, digits[:kept], power if any(digits) else 0))
    if isinstance(form, bytes) and form.startswith(b"b"):
        return form[1:]
    if isinstance(form, bytes):
        return _time_of(form, value)
    return value


def _time_of(form: bytes, value: object) -> object:
    """The plain time that `form` stands for; `value` if there is none, as with nanoseconds."""
    tag, text = form[:1], form[1:].decode()
    try:
        if tag == b"i":
            whole, rest = divmod(int(text), 1000)
            return value if rest else datetime.timedelta(microseconds=whole)
        kind = _TIMES.get(tag)
        plain = None if kind is None else kind.fromisoformat(text)
    except (ValueError, OverflowError):
        return value
    # Python reads nanoseconds, but drops them.
    return value if plain is None or plain.isoformat() != text else plain


_TIMES: dict[bytes, type[datetime.date | datetime.time]] = {
    b"d": datetime.date,
    b"t": datetime.time,
    b"T": datetime.datetime,
}
