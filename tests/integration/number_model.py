"""NUMBER by a model of its own: Python's `decimal`, rounded to 20 base-100 digits.

The model shares no code with the local Oracle: expressions are built as pairs of Oracle's text and
the value that it has.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

_EXACT = Context(prec=900, Emax=999_999, Emin=-999_999)
_LARGEST = Decimal(10) ** 126
_SMALLEST = Decimal(10) ** -130
MOST_PLACES = 12


@dataclass(frozen=True)
class Term:
    """An expression in Oracle's dialect and its value; None is NULL, an error its ORA- number."""

    text: str
    value: Decimal | None


class ModelError(Exception):
    """The expression ends with this ORA- number."""


def stored(value: Fraction | Decimal) -> Decimal:
    """A result as NUMBER keeps it: 20 base-100 digits, half away from zero."""
    exact = value if isinstance(value, Decimal) else _quotient(value)
    if not exact:
        return Decimal(0)
    leading = exact.adjusted()
    digits = 40 if leading % 2 else 39
    place = Decimal((0, (1,), leading - digits + 1))
    rounded = exact.quantize(place, ROUND_HALF_UP, _EXACT)
    if abs(_EXACT.create_decimal(rounded)) >= _LARGEST:
        raise ModelError("1426")
    if rounded.copy_abs() < _SMALLEST:
        return Decimal(0)
    return _EXACT.normalize(rounded)


def _quotient(value: Fraction) -> Decimal:
    cut = Context(prec=200, rounding=ROUND_DOWN, Emax=999_999, Emin=-999_999)
    return cut.divide(Decimal(value.numerator), Decimal(value.denominator))


class Maker:
    """Makes random terms over the columns of one row.

    Args:
        chance: the source of everything random.
        row: the columns' values by name.
    """

    def __init__(self, chance: random.Random, row: dict[str, Decimal | None]) -> None:
        self._chance = chance
        self._row = row

    def term(self, depth: int) -> Term:
        """An expression of at most so many levels."""
        if depth == 0 or self._chance.random() < 0.15:
            return self._leaf()
        make = self._chance.choice(
            [self._arithmetic] * 6 + [self._rounding] * 2 + [self._function] * 3 + [self._choice]
        )
        return make(depth - 1)

    def _leaf(self) -> Term:
        if self._chance.random() < 0.6:
            name = self._chance.choice(list(self._row))
            return Term(name, self._row[name])
        digits = self._chance.choice([1, 2, 3, 6, 12, 20, 30])
        scale = self._chance.randint(0, digits)
        number = Decimal(self._chance.randrange(10**digits)).scaleb(-scale)
        if self._chance.random() < 0.15:
            return (
                Term(f"'{number:f}'", number)
                if scale or digits < 20
                else Term(f"{number:f}", number)
            )
        return Term(f"{number:f}", number)

    def _arithmetic(self, depth: int) -> Term:
        left, right = self.term(depth), self.term(depth)
        sign = self._chance.choice("+-*/")
        text = f"({left.text} {sign} {right.text})"
        if left.value is None or right.value is None:
            return Term(text, None)
        one, other = Fraction(left.value), Fraction(right.value)
        if sign == "/" and not other:
            raise ModelError("1476")
        operations: dict[str, Callable[[], Fraction]] = {
            "+": lambda: one + other,
            "-": lambda: one - other,
            "*": lambda: one * other,
            "/": lambda: one / other,
        }
        return Term(text, stored(operations[sign]()))

    def _rounding(self, depth: int) -> Term:
        inner = self.term(depth)
        name = self._chance.choice(["ROUND", "TRUNC"])
        places = self._chance.randint(-4, MOST_PLACES)
        text = f"{name}({inner.text}, {places})"
        if places == 0 and self._chance.random() < 0.5:
            text = f"{name}({inner.text})"
        if inner.value is None:
            return Term(text, None)
        rounding = ROUND_HALF_UP if name == "ROUND" else ROUND_DOWN
        exponent = inner.value.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= -places:
            return Term(text, inner.value)
        cut = inner.value.quantize(Decimal((0, (1,), -places)), rounding, _EXACT)
        return Term(text, stored(cut))

    def _function(self, depth: int) -> Term:
        name = self._chance.choice(["ABS", "SIGN", "CEIL", "FLOOR", "MOD", "NEG", "POWER"])
        inner = self.term(depth)
        value = inner.value
        if name == "MOD":
            other = self.term(depth)
            text = f"MOD({inner.text}, {other.text})"
            if value is None or other.value is None:
                return Term(text, None)
            rest = _EXACT.remainder(value, other.value) if other.value else value
            return Term(text, stored(rest))
        if name == "POWER":
            exponent = self._chance.randint(0, 3)
            text = f"POWER({inner.text}, {exponent})"
            return Term(text, None if value is None else stored(Fraction(value) ** exponent))
        text = f"-({inner.text})" if name == "NEG" else f"{name}({inner.text})"
        if value is None:
            return Term(f"({text})" if name == "NEG" else text, None)
        whole = Fraction(value)
        results: dict[str, Fraction] = {
            "ABS": abs(whole),
            "SIGN": Fraction((whole > 0) - (whole < 0)),
            "CEIL": Fraction(-((-whole) // 1)),
            "FLOOR": Fraction(whole // 1),
            "NEG": -whole,
        }
        return Term(f"({text})" if name == "NEG" else text, stored(results[name]))

    def _choice(self, depth: int) -> Term:
        first, second = self.term(depth), self.term(depth)
        name = self._chance.choice(["NVL", "GREATEST", "LEAST", "CASE"])
        values = (first.value, second.value)
        if name == "NVL":
            chosen = second.value if first.value is None else first.value
            return Term(f"NVL({_number(first)}, {second.text})", chosen)
        if name == "CASE":
            text = f"CASE WHEN {_number(first)} > {second.text} THEN 1 ELSE {_number(second)} END"
            greater = None not in values and values[0] > values[1]  # type: ignore[operator]
            return Term(f"({text})", Decimal(1) if greater else second.value)
        text = f"{name}({_number(first)}, {second.text})"
        if first.value is None or second.value is None:
            return Term(text, None)
        extreme = max if name == "GREATEST" else min
        return Term(text, extreme(first.value, second.value))


def _number(term: Term) -> str:
    """The term where a text would make everything text."""
    return f"TO_NUMBER({term.text})" if term.text.startswith("'") else term.text


def shown(value: Decimal | None) -> str | None:
    """What TO_CHAR gives."""
    if value is None:
        return None
    with localcontext(_EXACT):
        text = f"{abs(value):f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        text = text.removeprefix("0") if text.startswith("0.") else text
        return ("-" if value < 0 else "") + text
