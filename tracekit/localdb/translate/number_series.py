"""Trigonometric and hyperbolic functions with all the digits of a NUMBER.

The series follow the recipes in Python's `decimal` documentation. Signs are changed with
`copy_negate`, because the minus operator rounds to the thread's context.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from functools import cache

from tracekit.errors import TracekitError

_DIGITS = Context(prec=110, Emax=MAX_EMAX, Emin=MIN_EMIN)
_KEPT = Context(prec=60, Emax=MAX_EMAX, Emin=MIN_EMIN)
_TINY = Decimal(10) ** -105
_LARGEST_ANGLE = Decimal(10) ** 40


class RangeError(TracekitError, ValueError):
    """The argument is out of range."""


def _kept(function: Callable[..., Decimal]) -> Callable[..., Decimal]:
    """Round the last digits of a function's result, which contain its errors."""
    return lambda *args: _KEPT.plus(function(*args))


@cache
def _pi() -> Decimal:
    """Pi by Machin's formula."""
    return _DIGITS.multiply(
        Decimal(4),
        _DIGITS.subtract(
            _DIGITS.multiply(Decimal(4), _arctan_series(_DIGITS.divide(Decimal(1), Decimal(5)))),
            _arctan_series(_DIGITS.divide(Decimal(1), Decimal(239))),
        ),
    )


def _arctan_series(value: Decimal) -> Decimal:
    """The arctangent for |value| well below 1."""
    total, term, square = value, value, _DIGITS.multiply(value, value)
    index = 1
    while abs(term) > _TINY * max(abs(total), _TINY):
        term = _DIGITS.multiply(term, square).copy_negate()
        index += 2
        total = _DIGITS.add(total, _DIGITS.divide(term, Decimal(index)))
    return total


def _sine(value: Decimal) -> Decimal:
    if abs(value) > _LARGEST_ANGLE:
        raise RangeError("ORA-01428: argument is out of range")
    reduced = _DIGITS.remainder_near(value, _DIGITS.multiply(Decimal(2), _pi()))
    total = term = reduced
    square, index = _DIGITS.multiply(reduced, reduced), 1
    while term and abs(term) > _TINY * _TINY:
        below = Decimal((index + 1) * (index + 2))
        term = _DIGITS.divide(_DIGITS.multiply(term, square), below).copy_negate()
        index += 2
        total = _DIGITS.add(total, term)
    return total


def _cosine(value: Decimal) -> Decimal:
    return _sine(_DIGITS.add(value, _DIGITS.divide(_pi(), Decimal(2))))


def _tangent(value: Decimal) -> Decimal:
    return _DIGITS.divide(_sine(value), _cosine(value))


def _arctan(value: Decimal) -> Decimal:
    """Halve the angle until the series is short: atan(x) = 2 atan(x / (1 + sqrt(1 + x*x)))."""
    if abs(value) > 1:
        half = _DIGITS.divide(_pi(), Decimal(2))
        rest = _arctan(_DIGITS.divide(Decimal(1), value))
        return _DIGITS.subtract(half.copy_sign(value), rest)
    doublings = 0
    while abs(value) > Decimal("0.05"):
        root = _DIGITS.sqrt(_DIGITS.add(Decimal(1), _DIGITS.multiply(value, value)))
        value = _DIGITS.divide(value, _DIGITS.add(Decimal(1), root))
        doublings += 1
    return _DIGITS.multiply(_arctan_series(value), Decimal(2**doublings))


def _arctan2(first: Decimal, second: Decimal) -> Decimal:
    if not second:
        if not first:
            raise RangeError("ORA-01428: argument '0' is out of range")
        return _DIGITS.divide(_pi(), Decimal(2)).copy_sign(first)
    angle = _arctan(_DIGITS.divide(first, second))
    if second > 0:
        return angle
    return _DIGITS.add(angle, _pi() if first >= 0 else _pi().copy_negate())


def _arcsine(value: Decimal) -> Decimal:
    if abs(value) > 1:
        raise RangeError(f"ORA-01428: argument '{value}' is out of range")
    rest = _DIGITS.sqrt(_DIGITS.subtract(Decimal(1), _DIGITS.multiply(value, value)))
    return _arctan2(value, rest)


def _arccosine(value: Decimal) -> Decimal:
    return _DIGITS.subtract(_DIGITS.divide(_pi(), Decimal(2)), _arcsine(value))


def _hyperbolic(value: Decimal) -> tuple[Decimal, Decimal]:
    """The hyperbolic sine and cosine."""
    grown = _DIGITS.exp(value)
    shrunk = _DIGITS.divide(Decimal(1), grown)
    half = Decimal("0.5")
    sine = _DIGITS.multiply(half, _DIGITS.subtract(grown, shrunk))
    return sine, _DIGITS.multiply(half, _DIGITS.add(grown, shrunk))


SERIES: dict[str, Callable[[Decimal], Decimal]] = {
    "sin": _kept(_sine),
    "cos": _kept(_cosine),
    "tan": _kept(_tangent),
    "asin": _kept(_arcsine),
    "acos": _kept(_arccosine),
    "atan": _kept(_arctan),
    "sinh": _kept(lambda value: _hyperbolic(value)[0]),
    "cosh": _kept(lambda value: _hyperbolic(value)[1]),
    "tanh": _kept(lambda value: _DIGITS.divide(*_hyperbolic(value))),
}
ATAN2: Callable[[Decimal, Decimal], Decimal] = _kept(_arctan2)
