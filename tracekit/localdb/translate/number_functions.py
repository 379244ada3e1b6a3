"""Arithmetic of FREE numbers with Oracle's decimal digits, in Python functions for DuckDB.

Each function takes and returns the bytes of a NUMBER. It rounds its result once, half away from
zero, to the 20 base-100 digits of a NUMBER (39 or 40 decimal digits), as Oracle does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
)
from fractions import Fraction
from functools import lru_cache
from math import floor

from tracekit.errors import TracekitError
from tracekit.localdb.translate.number_series import ATAN2, SERIES
from tracekit.localdb.wire.rows_number import encode_number
from tracekit.localdb.wire.values import decode_number

WORK = Context(prec=60, rounding=ROUND_DOWN, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Truncates, so that rounding to a NUMBER's digits afterwards is the only rounding."""
WHOLE = Context(prec=1000, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Enough digits for any sum or product of NUMBERs."""
MOST_POWER_DIGITS = 4_000
LONGEST_TEXT = 64
"""Characters; a longer number is written with an exponent (format model TM9)."""
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d+)?\s*", re.IGNORECASE | re.ASCII)


class NumberError(TracekitError, ValueError):
    """An Oracle error whose message starts with its code, which DuckDB passes on."""


INVALID = "ORA-01722: invalid number"
OUT_OF_RANGE = "ORA-01428: argument is out of range"
ZERO_DIVISOR = "ORA-01476: divisor is equal to zero"


@lru_cache(maxsize=4096)
def decode(data: bytes) -> Decimal:
    """Decode the bytes of a NUMBER."""
    return Decimal(decode_number(data))


def read(text: str) -> Decimal:
    """Parse a number.

    Raises:
        NumberError: ORA-01722 if the text is not a number.
    """
    if _NUMBER.fullmatch(text) is None:
        raise NumberError(INVALID)
    return Decimal(text.strip())


def number_text(value: Decimal) -> str:
    """Format a number as TO_CHAR does without a model."""
    plain = f"{value.copy_abs():f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    if plain.startswith("0."):
        plain = plain[1:]
    if len(plain) > LONGEST_TEXT:
        digits = value.as_tuple().digits
        shown = "".join(map(str, digits)).rstrip("0") or "0"
        plain = f"{shown[0]}.{shown[1:] or '0'}E{value.adjusted():+03d}"
    return ("-" if value < 0 else "") + plain


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Return dividend / divisor.

    Raises:
        NumberError: ORA-01476 if the divisor is 0.
    """
    if not divisor:
        raise NumberError(ZERO_DIVISOR)
    return WORK.divide(dividend, divisor)


def modulus(dividend: Decimal, divisor: Decimal) -> Decimal:
    """MOD: the result has the dividend's sign; MOD(x, 0) is x."""
    return WHOLE.remainder(dividend, divisor) if divisor else dividend


def remainder(dividend: Decimal, divisor: Decimal) -> Decimal:
    """REMAINDER: like MOD, but the quotient is rounded to the nearest integer, ties to even.

    Raises:
        NumberError: ORA-01476 if the divisor is 0.
    """
    if not divisor:
        raise NumberError(ZERO_DIVISOR)
    return WHOLE.remainder_near(dividend, divisor)


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """POWER: exact if the exponent is an integer and the result has few enough digits.

    Raises:
        NumberError: ORA-01428 for a root of a negative number; ORA-01476 for 0 to a negative power.
    """
    if not base and exponent < 0:
        raise NumberError(ZERO_DIVISOR)
    if exponent == exponent.to_integral_value():
        if not base:
            return Decimal(0 if exponent else 1)
        if len(base.as_tuple().digits) * abs(exponent) <= MOST_POWER_DIGITS:
            exact = Context(prec=2 * MOST_POWER_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN)
            raised = exact.power(base, exponent.copy_abs())
            return raised if exponent >= 0 else WORK.divide(Decimal(1), raised)
    if base < 0:
        raise NumberError(OUT_OF_RANGE)
    return WORK.power(base, exponent) if base else Decimal(0)


def logarithm(base: Decimal, value: Decimal) -> Decimal:
    """LOG(base, value).

    Raises:
        NumberError: ORA-01428 if an argument is out of range.
    """
    if base <= 0 or base == 1 or value <= 0:
        raise NumberError(OUT_OF_RANGE)
    return WORK.divide(natural(value), natural(base))


def natural(value: Decimal) -> Decimal:
    """LN(value).

    Raises:
        NumberError: ORA-01428 if the value is not positive.
    """
    if value <= 0:
        raise NumberError(OUT_OF_RANGE)
    return Context(prec=WORK.prec + 20).ln(value)


def square_root(value: Decimal) -> Decimal:
    """SQRT(value).

    Raises:
        NumberError: ORA-01428 if the value is negative.
    """
    if value < 0:
        raise NumberError(OUT_OF_RANGE)
    return WORK.sqrt(value)


def rounded(value: Decimal, places: Decimal, rounding: str = ROUND_HALF_UP) -> Decimal:
    """ROUND, TRUNC, CEIL and FLOOR: round `value` to `places` decimal places."""
    last = -int(places)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= last:
        return value
    return value.quantize(Decimal((0, (1,), last)), rounding=rounding, context=WHOLE)


def _places(rounding: str) -> Callable[[Decimal, Decimal], Decimal]:
    return lambda value, places: rounded(value, places, rounding)


def _whole(rounding: str) -> Callable[[Decimal], Decimal]:
    return lambda value: rounded(value, Decimal(0), rounding)


UNARY: dict[str, Callable[[Decimal], Decimal]] = {
    "abs": Decimal.copy_abs,
    "negate": Decimal.copy_negate,
    "sign": lambda value: Decimal((value > 0) - (value < 0)),
    "ceil": _whole(ROUND_CEILING),
    "floor": _whole(ROUND_FLOOR),
    "sqrt": square_root,
    "exp": WORK.exp,
    "ln": natural,
    **SERIES,
}
BINARY: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "add": WHOLE.add,
    "subtract": WHOLE.subtract,
    "multiply": WHOLE.multiply,
    "divide": divide,
    "mod": modulus,
    "remainder": remainder,
    "power": power,
    "log": logarithm,
    "atan2": ATAN2,
    "round": rounded,
    "trunc": _places(ROUND_DOWN),
    "round_even": _places(ROUND_HALF_EVEN),
}


def as_bytes(function: Callable[..., Decimal]) -> Callable[..., bytes]:
    """Wrap a function so that it takes and returns the bytes of NUMBERs."""

    def unary(value: bytes) -> bytes:
        return encode_number(function(decode(value)))

    def binary(left: bytes, right: bytes) -> bytes:
        return encode_number(function(decode(left), decode(right)))

    return binary if function in BINARY.values() else unary


def significant(value: bytes, digits: int) -> bytes:
    """Round a number to `digits` significant digits, as FLOAT(n) does."""
    return encode_number(Context(prec=digits, rounding=ROUND_HALF_UP).plus(decode(value)))


def width_bucket(value: bytes, low: bytes, high: bytes, count: bytes) -> int:
    """WIDTH_BUCKET: the number of the bucket that a value falls in; 0 below, count + 1 above.

    Raises:
        NumberError: ORA-30494 if the count is not positive; ORA-30493 if the range is empty.
    """
    buckets = int(decode(count))
    number, start, end = decode(value), decode(low), decode(high)
    if buckets < 1:
        raise NumberError("ORA-30494: The argument of WIDTH_BUCKET function is NULL or invalid")
    if start == end:
        raise NumberError("ORA-30493: percentile value should be a number between 0 and 1")
    place = Fraction(number) - Fraction(start)
    part = place * buckets / (Fraction(end) - Fraction(start))
    return max(0, min(buckets, floor(part)) + 1)
