"""How each Oracle function is translated: a table of names, argument counts and rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import (
    code_functions,
    dates,
    implicit,
    intervals,
    lob_functions,
    number_aggregates,
    numbers,
    regular_expressions,
    text_functions,
    zones,
)
from tracekit.localdb.translate.build import (
    as_text,
    call,
    case,
    cast,
    literal_text,
    number,
    paren,
    text,
    unsupported,
)
from tracekit.localdb.translate.column_types import lob_name
from tracekit.localdb.translate.date_models import is_date_model
from tracekit.localdb.translate.dialect import DATE_LITERAL, TIMESTAMP_LITERAL, TRUNCATED
from tracekit.localdb.translate.kinds import (
    MOMENTS,
    Kind,
    fraction_digits,
    kind_of,
    with_kind,
)
from tracekit.localdb.translate.number_models import (
    check_number_model,
    is_number_model,
)
from tracekit.localdb.translate.number_types import (
    FLOAT,
    FREE,
    INTEGER,
    Exact,
    as_double,
    as_free,
    as_integer,
    like_one_of,
    number_type,
    with_number,
)
from tracekit.localdb.translate.oracle_functions import ORACLE_FUNCTIONS

Rule = Callable[[Sequence[exp.Expr]], exp.Expr]


@dataclass(frozen=True)
class Function:
    """The rule of one Oracle function and how many arguments it takes."""

    least: int
    most: int
    rule: Rule


def _renamed(name: str, kind: Kind = Kind.NUMBER) -> Rule:
    return lambda args: call(name, *args, kind=kind)


def _decode(args: Sequence[exp.Expr]) -> exp.Expr:
    """DECODE: NULL equals NULL, and all results get the type of the first."""
    subject, rest = args[0], list(args[1:])
    default = [rest.pop()] if len(rest) % 2 else []
    results = [*rest[1::2], *default]
    if kind_of(results[0]) is Kind.NULL:
        results = [as_text(one) for one in results]
    results = implicit.like_first(results)
    default = [results.pop()] if default else []
    searches = _decode_searches(subject, rest[::2])
    branches: list[tuple[exp.Expr, exp.Expr]] = []
    for (left, search), result in zip(searches, results, strict=True):
        comparison: type[exp.Expr] = exp.EQ if isinstance(search, exp.Literal) else exp.NullSafeEQ
        condition = comparison(this=paren(left.copy()), expression=paren(search))
        branches.append((condition, result))
    node = case(*branches, default=default[0] if default else None)
    return like_one_of(node, [*results, *default])


def _decode_searches(
    subject: exp.Expr, searches: Sequence[exp.Expr]
) -> list[tuple[exp.Expr, exp.Expr]]:
    """The subject and the search values, all converted to the type of the first search value."""
    kind = implicit.first_kind(searches)
    subject = implicit.as_kind(subject, kind)
    alike = [implicit.as_kind(search, kind) for search in searches]
    return [implicit.compared(subject, search) for search in alike]


def _nvl(args: Sequence[exp.Expr]) -> exp.Expr:
    values = implicit.like_first(args)
    return like_one_of(call("coalesce", *values), values)


def _nvl2(args: Sequence[exp.Expr]) -> exp.Expr:
    value, *rest = args
    present, absent = implicit.like_first(rest)
    condition = exp.Not(this=exp.Is(this=paren(value), expression=exp.Null()))
    return like_one_of(case((condition, present), default=absent), [present, absent])


def _coalesce(args: Sequence[exp.Expr]) -> exp.Expr:
    values = implicit.alike(args)
    return like_one_of(call("coalesce", *values), values)


def _nullif(args: Sequence[exp.Expr]) -> exp.Expr:
    if kind_of(args[0]) is Kind.NULL:
        raise OraError(932, "inconsistent datatypes: expected - got CHAR")
    values = list(implicit.alike(args))
    return like_one_of(call("nullif", *values), values[:1])


def _extreme_of(name: str, args: Sequence[exp.Expr]) -> exp.Expr:
    """DuckDB's greatest() compares months, days and the rest apart; its aggregates do not."""
    if any(kind_of(arg) in (Kind.INTERVAL, Kind.ZONED) for arg in args):
        listed = exp.Array(expressions=list(args))
        return call("list_max" if name == "greatest" else "list_min", listed)
    return call(name, *args)


def _extreme(name: str) -> Rule:
    """GREATEST and LEAST: NULL if any argument is NULL."""

    def rule(given: Sequence[exp.Expr]) -> exp.Expr:
        args = implicit.like_first(given)
        values = like_one_of(_extreme_of(name, args), args)
        unknown: list[exp.Expr] = [
            exp.Is(this=paren(arg.copy()), expression=exp.Null())
            for arg in args
            if not isinstance(arg, exp.Literal)
        ]
        if not unknown:
            return values
        any_null = unknown[0]
        for condition in unknown[1:]:
            any_null = exp.Or(this=any_null, expression=condition)
        return like_one_of(case((any_null, exp.Null()), default=values), [values])

    return rule


def _like_one(name: str) -> Rule:
    """A function that returns its first argument's type; a second argument is a count."""

    def rule(args: Sequence[exp.Expr]) -> exp.Expr:
        value, *rest = args
        counts = [as_integer(rest[0])] if rest else []
        values = implicit.like_first([value, *rest[1:]])
        return like_one_of(call(name, values[0], *counts, *values[1:]), values)

    return rule


def _trunc(args: Sequence[exp.Expr]) -> exp.Expr:
    if len(args) == 1:
        kind = kind_of(args[0])
        if kind in (Kind.NUMBER, Kind.TEXT):
            return numbers.cut("trunc", args)
        known = Kind.DATE if kind in MOMENTS else Kind.UNKNOWN
        return call("ora_trunc", args[0], kind=known)
    if kind_of(args[1]) is Kind.TEXT and kind_of(args[0]) is not Kind.NUMBER:
        return dates.truncate(args[0], literal_text(args[1], "TRUNC to a unit"))
    return numbers.cut("trunc", args)


def _round(args: Sequence[exp.Expr]) -> exp.Expr:
    kind = kind_of(args[0])
    if len(args) == 1:
        if kind in (Kind.NUMBER, Kind.TEXT):
            return numbers.cut("round", args)
        known = Kind.DATE if kind in MOMENTS else Kind.UNKNOWN
        return call("ora_round", args[0], kind=known)
    if kind_of(args[1]) is Kind.TEXT and kind is not Kind.NUMBER:
        return dates.round_date(args[0], literal_text(args[1], "ROUND to a unit"))
    return numbers.cut("round", args)


def _to_char(args: Sequence[exp.Expr]) -> exp.Expr:
    if len(args) == 1 and lob_name(args[0]):
        return with_kind(cast(args[0], exp.DType.TEXT), Kind.TEXT)  # a value that can be compared
    if len(args) == 1:
        return as_text(args[0])
    kind = kind_of(args[0])
    if len(args) == 2 and not isinstance(args[1], exp.Literal):
        return _to_char_by(args[0], kind, as_text(args[1]))
    model = literal_text(args[1], "TO_CHAR with a format")
    is_date = kind in MOMENTS or (is_date_model(model) and kind is not Kind.NUMBER)
    if len(args) == 3:
        if not is_date:
            check_number_model(model)
            characters, currencies = _nls_parameters(args[2])
            written = _formatted(_plain_number(args[0]), text(model), currencies)
            return call("translate", written, text(".,"), text(characters), kind=Kind.TEXT)
        return dates.to_char_in(args[0], model, dates.language_of(args[2]))
    if is_number_model(model) and not is_date:
        if model.upper() in ("TM", "TM9"):
            return as_text(args[0])
        check_number_model(model)
        written = _formatted(_plain_number(args[0]), text(model), None)
        return _of_session(written, model, "ora_with_characters")
    if is_date:
        return dates.to_char(args[0], model)
    if model.upper() == "TME":
        raise unsupported("TO_CHAR in format TME")
    raise OraError(1481, f"invalid number format model: {model!r}")


def _to_char_by(value: exp.Expr, kind: Kind, model: exp.Expr) -> exp.Expr:
    """TO_CHAR with a format model that is only known when the statement runs."""
    if kind in MOMENTS:
        return call("ora_written", value, model, number(fraction_digits(value)), kind=Kind.TEXT)
    if kind is Kind.NUMBER:
        return _formatted(_plain_number(value), model, None)
    raise unsupported(
        "TO_CHAR of what may be a date or a number, with a format that is not a literal"
    )


def _plain_number(value: exp.Expr) -> exp.Expr:
    """A number as text without an exponent."""
    number = implicit.as_number(value)
    form = number_type(number)
    if isinstance(form, Exact):
        return cast(number, exp.DType.VARCHAR, Kind.TEXT)
    return with_kind(call("ora_number_plain", as_free(number)), Kind.TEXT)


def _of_session(written: exp.Expr, model: str, convert: str) -> exp.Expr:
    """A formatted text whose D and G are replaced with the session's characters."""
    has_names = any(element in model.upper() for element in "DG")
    return call(convert, written, kind=Kind.TEXT) if has_names else written


def _formatted(plain: exp.Expr, model: exp.Expr, currencies: str | None) -> exp.Expr:
    """A number in a format model; None as currencies are the session's."""
    shown = call("ora_currencies") if currencies is None else text(currencies)
    return call("ora_format_number", plain, model, shown, kind=Kind.TEXT)


_PARAMETER = re.compile(r"\s*(NLS_\w+)\s*=\s*(?:'([^']*)'|(\S+))\s*", re.IGNORECASE)


def _nls_parameters(parameter: exp.Expr) -> tuple[str, str | None]:
    """The numeric characters, and the currencies, that the last argument states.

    Raises:
        OraError: ORA-12702 if it is not a list of NLS parameters.
    """
    written = literal_text(parameter, "an NLS parameter")
    found = {one[1].upper(): one[2] or one[3] or "" for one in _PARAMETER.finditer(written)}
    known = {"NLS_NUMERIC_CHARACTERS", "NLS_CURRENCY", "NLS_ISO_CURRENCY"}
    characters = found.get("NLS_NUMERIC_CHARACTERS", ".,")
    if _PARAMETER.sub("", written) or not found.keys() <= known or len(characters) != 2:
        raise OraError(12702, "invalid NLS parameter string used in SQL function")
    if "NLS_ISO_CURRENCY" in found:
        raise unsupported("NLS_ISO_CURRENCY as an argument")
    currency = found.get("NLS_CURRENCY")
    return characters, None if currency is None else f"{currency}|USD|{currency}"


def _to_binary_float(args: Sequence[exp.Expr]) -> exp.Expr:
    return with_number(cast(as_double(args[0]), exp.DType.FLOAT), FLOAT)


def as_known_text(value: exp.Expr) -> exp.Expr:
    """Read a value as text unless it is known to be a number."""
    return value if kind_of(value) in (Kind.NUMBER, Kind.TEXT) else as_text(value)


def _to_number(args: Sequence[exp.Expr]) -> exp.Expr:
    if len(args) == 1:
        return as_free(implicit.as_number(as_known_text(args[0])))
    model = literal_text(args[1], "TO_NUMBER with a format")
    check_number_model(model)
    written = _of_session(as_text(args[0]), model, "ora_without_characters")
    if len(args) == 3:
        characters = text(_nls_parameters(args[2])[0])
        written = call("translate", as_text(args[0]), characters, text(".,"), kind=Kind.TEXT)
    read = call("ora_read_number", written, text(model), kind=Kind.TEXT)
    return with_number(call("ora_number", read), FREE)


def _with_model(convert: Callable[[exp.Expr, str | None], exp.Expr], name: str) -> Rule:
    def rule(args: Sequence[exp.Expr]) -> exp.Expr:
        if len(args) == 3 and name == "TO_DATE":
            written = literal_text(args[1], "TO_DATE with a format")
            return dates.to_date_in(args[0], written, dates.language_of(args[2]))
        if len(args) == 3:
            raise unsupported(f"{name} with NLS parameters")
        if len(args) == 2 and name == "TO_DATE" and not isinstance(args[1], exp.Literal):
            read = call("ora_text_date", as_text(args[0]), as_text(args[1]))
            return with_kind(read, Kind.DATE)
        model = literal_text(args[1], f"{name} with a format") if len(args) == 2 else None
        return convert(args[0], model)

    return rule


def _literal_of(build: Callable[[str, int], exp.Expr]) -> Rule:
    return lambda args: build(literal_text(args[0], "a date"), 0)


def _lnnvl(args: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Not(this=call("coalesce", args[0], exp.false()))


def _add_months(args: Sequence[exp.Expr]) -> exp.Expr:
    months = as_integer(args[1]) if kind_of(args[1]) is not Kind.UNKNOWN else args[1]
    return call("ora_add_months", implicit.as_kind(args[0], Kind.DATE), months, kind=Kind.DATE)


def _months_between(args: Sequence[exp.Expr]) -> exp.Expr:
    """The number of months; the fraction is in months of 31 days, counted in seconds."""
    moments = [cast(implicit.as_kind(arg, Kind.DATE), exp.DType.TIMESTAMP) for arg in args]
    seconds = with_number(call("ora_months_seconds", *moments), Exact(INTEGER))
    return numbers.ratio(seconds, number(31 * 86_400))


_ANY = 10_000
_COMPUTED = {
    "SQRT": 1, "EXP": 1, "LN": 1, "SIN": 1, "COS": 1, "TAN": 1, "ASIN": 1, "ACOS": 1, "ATAN": 1,
    "SINH": 1, "COSH": 1, "TANH": 1, "ATAN2": 2, "POWER": 2, "LOG": 2, "REMAINDER": 2,
}  # fmt: skip
_ANALYTIC = {
    "MIN": ("min", 1, 1),
    "MAX": ("max", 1, 1),
    "LAG": ("lag", 1, 3),
    "LEAD": ("lead", 1, 3),
    "FIRST_VALUE": ("first_value", 1, 1),
    "LAST_VALUE": ("last_value", 1, 1),
    "NTH_VALUE": ("nth_value", 2, 2),
    "ANY_VALUE": ("any_value", 1, 1),
}
FUNCTIONS: dict[str, Function] = {
    **{
        name: Function(n, n, partial(numbers.computed, name.lower()))
        for name, n in _COMPUTED.items()
    },
    "ABS": Function(1, 1, numbers.absolute),
    "CEIL": Function(1, 1, partial(numbers.whole, "ceil")),
    "FLOOR": Function(1, 1, partial(numbers.whole, "floor")),
    "SIGN": Function(1, 1, numbers.sign),
    "MOD": Function(2, 2, numbers.modulo),
    "BITAND": Function(2, 2, numbers.bits),
    "MONTHS_BETWEEN": Function(2, 2, _months_between),
    **{name: Function(*entry) for name, entry in number_aggregates.RULES.items()},
    **{name: Function(lo, hi, _like_one(to)) for name, (to, lo, hi) in _ANALYTIC.items()},
    **{name: Function(*entry) for name, entry in text_functions.RULES.items()},
    **{name: Function(*entry) for name, entry in regular_expressions.RULES.items()},
    **{name: Function(*entry) for name, entry in lob_functions.RULES.items()},
    **{name: Function(*entry) for name, entry in code_functions.RULES.items()},
    "DECODE": Function(3, 255, _decode),
    "NVL": Function(2, 2, _nvl),
    "NVL2": Function(3, 3, _nvl2),
    "COALESCE": Function(2, _ANY, _coalesce),
    "NULLIF": Function(2, 2, _nullif),
    "LNNVL": Function(1, 1, _lnnvl),
    "GREATEST": Function(1, _ANY, _extreme("greatest")),
    "LEAST": Function(1, _ANY, _extreme("least")),
    "TRUNC": Function(1, 2, _trunc),
    "ROUND": Function(1, 2, _round),
    "TO_CHAR": Function(1, 3, _to_char),
    "TO_NCHAR": Function(1, 3, _to_char),
    "TO_NUMBER": Function(1, 3, _to_number),
    "TO_BINARY_DOUBLE": Function(1, 1, lambda args: as_double(args[0])),
    "TO_BINARY_FLOAT": Function(1, 1, _to_binary_float),
    "TO_DATE": Function(1, 3, _with_model(dates.to_date, "TO_DATE")),
    "TO_TIMESTAMP": Function(1, 3, _with_model(dates.to_timestamp, "TO_TIMESTAMP")),
    "CURRENT_TIMESTAMP": Function(1, 1, zones.clock("ora_current_timestamp", Kind.ZONED)),
    "LOCALTIMESTAMP": Function(1, 1, zones.clock("ora_localtimestamp", Kind.TIMESTAMP)),
    "SYSTIMESTAMP": Function(1, 1, zones.clock("ora_systimestamp", Kind.ZONED)),
    "TO_TIMESTAMP_TZ": Function(1, 3, _with_model(dates.to_zoned, "TO_TIMESTAMP_TZ")),
    "ADD_MONTHS": Function(2, 2, _add_months),
    "LAST_DAY": Function(1, 1, _renamed("ora_last_day", Kind.DATE)),
    "NEXT_DAY": Function(2, 2, dates.next_day),
    "NUMTODSINTERVAL": Function(2, 2, intervals.number_to_days),
    "NUMTOYMINTERVAL": Function(2, 2, intervals.number_to_months),
    "TO_DSINTERVAL": Function(1, 1, intervals.text_to_days),
    "TO_YMINTERVAL": Function(1, 1, intervals.text_to_months),
    "FROM_TZ": Function(2, 2, zones.from_tz),
    "TZ_OFFSET": Function(1, 1, zones.tz_offset),
    "SYS_EXTRACT_UTC": Function(1, 1, zones.extract_utc),
    TRUNCATED: Function(0, 0, _renamed("ora_truncates", Kind.NULL)),
    DATE_LITERAL: Function(1, 1, _literal_of(dates.date_literal)),
    TIMESTAMP_LITERAL: Function(1, 1, _literal_of(dates.timestamp_literal)),
}


def rewrite_call(node: exp.Anonymous, position: int) -> exp.Expr:
    """Return the DuckDB expression for a function call with rewritten arguments.

    Raises:
        OraError: the function is unknown (ORA-00904), has the wrong number of arguments
            (ORA-00909) or cannot be translated (ORA-03001).
    """
    name = str(node.this).upper()
    function = FUNCTIONS.get(name)
    if function is None and name in ORACLE_FUNCTIONS:
        raise unsupported(f"function {name}", position)
    if function is None:
        raise OraError(904, f'"{name}": invalid identifier', position=position)
    args = node.expressions
    starred = len(args) == 1 and isinstance(args[0], exp.Star) and name != "COUNT"
    check_count([] if starred else args, function.least, function.most, position)
    try:
        return function.rule(args)
    except OraError as error:
        raise OraError(error.number, error.text, position=error.position or position) from None


def check_count(args: Sequence[exp.Expr], least: int, most: int, position: int) -> None:
    """Check the number of arguments of a function.

    Raises:
        OraError: ORA-00909 for a function that always takes the same number; otherwise
            ORA-00938 for too few arguments, ORA-00939 for too many.
    """
    if least == most != len(args):
        raise OraError(909, "invalid number of arguments", position=position)
    if len(args) < least:
        raise OraError(938, "not enough arguments for function", position=position)
    if len(args) > most or any(
        isinstance(arg, exp.Distinct) and len(arg.expressions) != 1 for arg in args
    ):
        raise OraError(939, "too many arguments for function", position=position)
