"""Oracle's number format models: TO_CHAR(number, model) and TO_NUMBER(text, model).

Elements: Oracle Database SQL Language Reference 19c, Format Models, table 2-16. These functions
assume an American session: decimal point, comma as group separator, dollar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cache

from tracekit.localdb.translate.build import unsupported

_MODEL = re.compile(
    r"^(?P<fm>FM)?(?P<s1>S|MI)?(?P<dollar>[$LCU])?(?P<b>B)?"
    r"(?P<whole>[09,G]*[$B]?[09,G]*)(?P<fraction>[.D][09]*|V9+)?(?P<l2>[LCU])?"
    r"(?P<eeee>EEEE)?(?P<s2>S|MI|PR)?$",
    re.IGNORECASE,
)
_HEXADECIMAL = re.compile(r"^(FM)?(0*X+|0+)$", re.IGNORECASE)
_ROMAN = re.compile(r"^(FM)?RN$", re.IGNORECASE)
_ROMAN_DIGITS = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"),
    (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_ROMAN_WIDTH = 15
_CURRENCY_WIDTH = {"$": 1, "L": 10, "C": 7, "U": 10}


@dataclass(frozen=True)
class NumberModel:
    """A parsed number format model."""

    whole: str
    """The `0`, `9` and `,` before the decimal point."""
    fraction: str
    point: bool
    sign: str
    """"" (a leading minus sign or blank), `S` (leading), `s` (trailing), `MI` or `PR`."""
    currency: str
    """The letter of a currency element, or ""."""
    currency_last: bool
    filled: bool
    """False after FM: no padding with blanks."""
    scientific: bool
    shifted: int
    """The decimal places by which V shifts the number."""
    blank_zero: bool


def is_number_model(model: str) -> bool:
    """Whether this module supports `model`."""
    if _ROMAN.match(model) or (_HEXADECIMAL.match(model) and "X" in model.upper()):
        return True
    match = _MODEL.match(model)
    return model.upper() in ("TM", "TM9") or (
        match is not None and bool(match["whole"] or match["fraction"])
    )


@cache
def parse_number_model(model: str) -> NumberModel:
    """Parse a number format model.

    Raises:
        OraError: the model is malformed or has unsupported elements.
    """
    match = _MODEL.match(model)
    if match is None or not (match["whole"] or match["fraction"]):
        raise unsupported(f"number format {model!r}")
    sign = ""
    if match["s1"]:
        sign = "S" if match["s1"].upper() == "S" else "MI"
    elif match["s2"]:
        sign = {"S": "s", "MI": "MI", "PR": "PR"}[match["s2"].upper()]
    whole = match["whole"].upper().replace("G", ",")
    fraction = (match["fraction"] or "").upper()
    shifted = len(fraction) - 1 if fraction.startswith("V") else 0
    currency = (match["dollar"] or match["l2"] or ("$" if "$" in whole else "")).upper()
    return NumberModel(
        whole=whole.replace("$", "").replace("B", "") + "9" * shifted,
        fraction="" if shifted else fraction[1:],
        point=bool(fraction) and not shifted,
        sign=sign,
        currency=currency,
        currency_last=bool(match["l2"]),
        filled=match["fm"] is None,
        scientific=match["eeee"] is not None,
        shifted=shifted,
        blank_zero=bool(match["b"]) or "B" in whole,
    )


def check_number_model(model: str) -> None:
    """Check that a model is supported.

    Raises:
        OraError: it is not supported.
    """
    if not (_ROMAN.match(model) or _HEXADECIMAL.match(model)):
        parse_number_model(model)


def format_number(value: str, model: str, currencies: str = "$|USD|$") -> str:
    """Format the decimal number `value` with `model`; `####` if it does not fit.

    Args:
        value: The number.
        model: The format model.
        currencies: What L, C and U stand for, with bars between.
    """
    number = Decimal(value)
    if _ROMAN.match(model):
        return _roman(number, model)
    if "X" in model.upper() and _HEXADECIMAL.match(model):
        return _hexadecimal(number, model)
    parsed = parse_number_model(model)
    if parsed.scientific:
        return _scientific(number, parsed)
    places = len(parsed.fraction)
    shifted = number.scaleb(parsed.shifted, _EXACT)
    rounded = shifted.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT)
    negative = number < 0  # a number that rounds to zero keeps its sign
    whole_digits, _, fraction = f"{rounded.copy_abs():f}".partition(".")
    whole_digits = whole_digits.lstrip("0")
    whole = _fill_whole(whole_digits, parsed)
    width = len(parsed.whole) + places + parsed.point + 1
    width += _CURRENCY_WIDTH.get(parsed.currency, 0) + (parsed.sign == "PR")
    if whole is None:
        return "#" * (width - (parsed.sign == "PR"))
    if parsed.blank_zero and not whole_digits and not rounded:
        return " " * width if parsed.filled else ""
    if not parsed.filled:
        fraction = _strip_nines(fraction, parsed.fraction)
    body = whole.lstrip(" ")
    shown = body + ("." if parsed.point else "") + fraction
    currency = dict(zip("LCU$", [*currencies.split("|"), "$"], strict=True)).get(
        parsed.currency, ""
    )
    shown = shown + currency if parsed.currency_last else currency + shown
    signed = _signed(shown, negative, parsed)
    if not parsed.filled:
        return signed.strip()
    return " " * (len(whole) - len(body)) + _padded(signed, currency, parsed)


_EXACT = Context(prec=300)


def _padded(signed: str, currency: str, model: NumberModel) -> str:
    """Pad with blanks if the currency is shorter than its field."""
    missing = _CURRENCY_WIDTH.get(model.currency, 0) - len(currency)
    return " " * missing + signed


def _roman(number: Decimal, model: str) -> str:
    left = int(number.to_integral_value(ROUND_HALF_UP))
    if not 1 <= left <= 3999:
        return "#" * _ROMAN_WIDTH
    written = ""
    for value, digits in _ROMAN_DIGITS:
        count, left = divmod(left, value)
        written += digits * count
    if model[-2:] == "rn":
        written = written.lower()
    return written if model[:2].upper() == "FM" else written.rjust(_ROMAN_WIDTH)


def _hexadecimal(number: Decimal, model: str) -> str:
    filled = model[:2].upper() != "FM"
    places = model if filled else model[2:]
    whole = int(number.to_integral_value(ROUND_HALF_UP))
    digits = f"{whole:x}" if "x" in places else f"{whole:X}"
    if whole < 0 or len(digits) > len(places):
        return "#" * (len(places) + 1)
    if places.startswith("0"):
        digits = digits.zfill(len(places))
    return digits.rjust(len(places) + 1) if filled else digits


def _scientific(number: Decimal, model: NumberModel) -> str:
    places = len(model.fraction)
    rounded = Context(prec=places + 1, rounding=ROUND_HALF_UP).plus(number)
    exponent = rounded.adjusted() if rounded else 0
    mantissa = rounded.scaleb(-exponent, _EXACT).copy_abs()
    digits = f"{mantissa.quantize(Decimal(1).scaleb(-places), context=_EXACT):f}"
    digits += "." if model.point and not places else ""
    signed = _signed(f"{digits}E{exponent:+03d}", rounded < 0, model)
    return signed.rjust(places + 8) if model.filled else signed.strip()


def _fill_whole(digits: str, model: NumberModel) -> str | None:
    """Place `digits` in the model's whole part, padded with blanks; None if there are too many."""
    slots = model.whole
    capacity = sum(character in "09" for character in slots)
    if len(digits) > capacity:
        return None
    first_zero = next((i for i, c in enumerate(slots) if c == "0"), None)
    padded = digits.rjust(capacity)
    result: list[str] = []
    position = 0
    shown = False
    for index, slot in enumerate(slots):
        if slot == ",":
            result.append("," if shown else " ")
            continue
        character = padded[position]
        position += 1
        if character == " " and first_zero is not None and index >= first_zero:
            character = "0"
        shown = shown or character != " "
        result.append(character)
    if not shown and not model.fraction and result:
        result[-1] = "0"
    return "".join(result)


def _strip_nines(fraction: str, model: str) -> str:
    """FM: remove trailing zeros in positions of a 9."""
    keep = len(fraction)
    while keep and fraction[keep - 1] == "0" and model[keep - 1] == "9":
        keep -= 1
    return fraction[:keep]


def _signed(number: str, negative: bool, model: NumberModel) -> str:
    if model.sign == "S":
        return ("-" if negative else "+") + number
    if model.sign == "s":
        return number + ("-" if negative else "+")
    if model.sign == "MI":
        return number + ("-" if negative else " ")
    if model.sign == "PR":
        return f"<{number}>" if negative else f" {number} "
    return ("-" if negative else " ") + number


def read_number(value: str, model: str) -> str:
    """Parse a number formatted with `model`, and return it as plain decimal text.

    Raises:
        ValueError: ORA-01722 if the text does not match the model.
    """
    if _HEXADECIMAL.match(model) and "X" in model.upper():
        if not re.fullmatch(r"\s*[0-9A-Fa-f]+\s*", value):
            raise ValueError("ORA-01722: invalid number")
        return str(int(value, 16))
    parsed = parse_number_model(model)
    plain = re.sub(r"USD|[\s,$]|(?<!E)[+]", "", value.upper())
    if not plain.isascii():
        raise ValueError("ORA-01722: invalid number")
    if plain.endswith("-") or (plain.startswith("<") and plain.endswith(">")):
        plain = "-" + plain.strip("<>-")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise ValueError("ORA-01722: invalid number") from None
    whole, _, fraction = f"{abs(number):f}".partition(".")
    places = sum(slot in "09" for slot in parsed.whole)
    if not parsed.scientific and (
        len(whole.lstrip("0")) > places or len(fraction) > len(parsed.fraction)
    ):
        raise ValueError("ORA-01722: invalid number")
    return f"{number:f}"
