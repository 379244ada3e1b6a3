"""Aggregates of FREE numbers that need all values together; only the last step rounds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction

from tracekit.localdb.translate.number_functions import WHOLE, WORK, decode
from tracekit.localdb.wire.rows_number import encode_number

_ROOT = Context(prec=100, rounding=ROUND_DOWN)


def total(added: Decimal | None, others: Sequence[bytes] | None) -> bytes | None:
    """SUM of a partial sum and the numbers not yet added; None if there are none."""
    if added is None and not others:
        return None
    result = added if added is not None else Decimal(0)
    for other in others or ():
        result = WHOLE.add(result, decode(other))
    return encode_number(result)


def statistic(name: str, listed: Sequence[bytes | None] | None) -> bytes | None:
    """Apply one of `_STATISTICS`; None where Oracle returns NULL."""
    values = [decode(value) for value in listed or () if value is not None]
    if name == "MEDIAN":
        return _percentile(values, Decimal("0.5"))
    count = len(values)
    population = name.endswith("_POP")
    if count < (1 if population or name in ("STDDEV", "VARIANCE") else 2):
        return None
    squares = _spread(values, values)
    degrees = count if population or count == 1 else count - 1
    variance = squares / degrees
    return encode_number(_root(variance) if name.startswith("STDDEV") else _decimal(variance))


def percentile(listed: Sequence[bytes | None] | None, share: bytes) -> bytes | None:
    """PERCENTILE_CONT: interpolate between the two values around the percentile."""
    return _percentile([decode(one) for one in listed or () if one is not None], decode(share))


def _percentile(values: list[Decimal], share: Decimal) -> bytes | None:
    if not values:
        return None
    values.sort()
    place = WHOLE.multiply(share, Decimal(len(values) - 1))
    index = int(place)
    low = values[index]
    if index + 1 == len(values) or place == index:
        return encode_number(low)
    step = WHOLE.multiply(WHOLE.subtract(values[index + 1], low), WHOLE.subtract(place, index))
    return encode_number(WHOLE.add(low, step))


def paired(
    name: str, first: Sequence[bytes] | None, second: Sequence[bytes] | None
) -> bytes | None:
    """Apply a function of pairs (y, x); None where Oracle returns NULL."""
    ys, xs = ([decode(one) for one in listed or ()] for listed in (first, second))
    count = len(xs)
    if name == "REGR_COUNT":
        return encode_number(count)
    if not count:
        return None
    if name in ("REGR_AVGX", "REGR_AVGY"):
        return encode_number(_decimal(_mean(xs if name[-1] == "X" else ys)))
    products, of_x, of_y = _spread(xs, ys), _spread(xs, xs), _spread(ys, ys)
    plain = {"REGR_SXX": of_x, "REGR_SYY": of_y, "REGR_SXY": products}
    if name in plain:
        return encode_number(_decimal(plain[name]))
    return _regression(name, count, products, of_x, of_y, _mean(xs), _mean(ys))


def _regression(
    name: str,
    count: int,
    products: Fraction,
    of_x: Fraction,
    of_y: Fraction,
    mean_x: Fraction,
    mean_y: Fraction,
) -> bytes | None:
    if name == "COVAR_POP":
        return encode_number(_decimal(products / count))
    if name == "COVAR_SAMP":
        return encode_number(_decimal(products / (count - 1))) if count > 1 else None
    if not of_x:
        return None
    if name == "REGR_SLOPE":
        return encode_number(_decimal(products / of_x))
    if name == "REGR_INTERCEPT":
        return encode_number(_decimal(mean_y - products / of_x * mean_x))
    if not of_y:
        return encode_number(1) if name == "REGR_R2" else None
    square = products * products / (of_x * of_y)
    if name == "REGR_R2":
        return encode_number(_decimal(square))
    return encode_number(_root(square).copy_sign(_decimal(products)))


def _mean(values: Sequence[Decimal]) -> Fraction:
    return sum(map(Fraction, values), Fraction(0)) / len(values)


def _spread(first: Sequence[Decimal], second: Sequence[Decimal]) -> Fraction:
    """The sum of the products of both values' deviations from their means."""
    pairs = zip(map(Fraction, first), map(Fraction, second), strict=True)
    products = sum((x * y for x, y in pairs), Fraction(0))
    return products - _mean(first) * _mean(second) * len(first)


def _decimal(value: Fraction) -> Decimal:
    return WORK.divide(Decimal(value.numerator), Decimal(value.denominator))


def _root(value: Fraction) -> Decimal:
    square = _ROOT.divide(Decimal(value.numerator), Decimal(value.denominator))
    return WORK.sqrt(square)
