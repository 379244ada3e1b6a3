"""Oracle's number format models: TO_CHAR(number, model) and TO_NUMBER(text, model).

Elements: Oracle Database SQL Language Reference 19c, Format Models, table 2-16. The session is
taken to be American: decimal point, comma as group separator, dollar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache

from tracekit.localdb.translate.build import unsupported

_MODEL = re.compile(
    r"^(?P<fm>FM)?(?P<s1>S|MI)?(?P<dollar>[$L])?(?P<b>B)?"
    r"(?P<whole>[09,G]*\$?[09,G]*)(?P<fraction>[.D][09]*)?(?P<eeee>EEEE)?(?P<s2>S|MI|PR)?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class NumberModel:
    """A parsed number format model."""

    whole: str
    """`0`, `9` and `,` before the decimal point."""
    fraction: str
    point: bool
    sign: str
    """"" (a leading minus or blank), `S` first, `s` last, `MI` or `PR`."""
    dollar: bool
    filled: bool
    """False after FM: no blanks."""


def is_number_model(model: str) -> bool:
    """Whether `model` is one this module can apply."""
    match = _MODEL.match(model)
    return model.upper() in ("TM", "TM9") or (
        match is not None and match["eeee"] is None and bool(match["whole"] or match["fraction"])
    )


@cache
def parse_number_model(model: str) -> NumberModel:
    """The parts of a number format model.

    Raises:
        OraError: the model is malformed, or has elements that are not translated.
    """
    match = _MODEL.match(model)
    padded_currency = match is not None and match["dollar"] in ("L", "l") and not match["fm"]
    if match is None or match["eeee"] is not None or match["b"] or padded_currency:
        raise unsupported(f"number format {model!r}")
    sign = ""
    if match["s1"]:
        sign = "S" if match["s1"].upper() == "S" else "MI"
    elif match["s2"]:
        sign = {"S": "s", "MI": "MI", "PR": "PR"}[match["s2"].upper()]
    whole = match["whole"].upper().replace("G", ",")
    fraction = (match["fraction"] or "")[1:]
    return NumberModel(
        whole=whole.replace("$", ""),
        fraction=fraction,
        point=bool(match["fraction"]),
        sign=sign,
        dollar=bool(match["dollar"]) or "$" in whole,
        filled=match["fm"] is None,
    )


def format_number(value: str, model: str) -> str:
    """The decimal number `value` as text by `model`; `####` when it does not fit."""
    parsed = parse_number_model(model)
    places = len(parsed.fraction)
    rounded = Decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    negative = rounded < 0
    whole_digits, _, fraction = f"{abs(rounded):f}".partition(".")
    whole_digits = whole_digits.lstrip("0")
    whole = _fill_whole(whole_digits, parsed)
    if whole is None:
        width = len(parsed.whole) + places + parsed.point + 1
        return "#" * (width + parsed.dollar)
    if not parsed.filled:
        fraction = _strip_nines(fraction, parsed.fraction)
    body = whole.lstrip(" ")
    number = ("$" if parsed.dollar else "") + body + ("." if parsed.point else "") + fraction
    signed = _signed(number, negative, parsed)
    if not parsed.filled:
        return signed.strip()
    return " " * (len(whole) - len(body)) + signed


def _fill_whole(digits: str, model: NumberModel) -> str | None:
    """`digits` under the model's whole part, blank-filled; None when there are too many."""
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
    """FM drops trailing zeros that stand under a 9."""
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
    """The plain decimal text of a number written by `model`.

    Raises:
        ValueError: ORA-01722, the text is no such number.
    """
    parse_number_model(model)
    plain = re.sub(r"[\s,$+]", "", value)
    if plain.endswith("-") or (plain.startswith("<") and plain.endswith(">")):
        plain = "-" + plain.strip("<>-")
    try:
        return f"{Decimal(plain):f}"
    except InvalidOperation:
        raise ValueError("ORA-01722: invalid number") from None
