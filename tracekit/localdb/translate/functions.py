"""What each Oracle function becomes: a table of names, argument counts and rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import dates, intervals, lob_functions, text_functions, zones
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
from tracekit.localdb.translate.date_models import is_date_model
from tracekit.localdb.translate.dialect import DATE_LITERAL, TIMESTAMP_LITERAL
from tracekit.localdb.translate.kinds import MOMENTS, Kind, kind_among, kind_of, with_kind
from tracekit.localdb.translate.number_models import is_number_model, parse_number_model

Rule = Callable[[Sequence[exp.Expr]], exp.Expr]


@dataclass(frozen=True)
class Function:
    """One function of Oracle's."""

    least: int
    most: int
    rule: Rule


def _renamed(name: str, kind: Kind = Kind.NUMBER) -> Rule:
    return lambda args: call(name, *args, kind=kind)


def _like_first(name: str) -> Rule:
    return lambda args: call(name, *args, kind=kind_of(args[0]))


def _decode(args: Sequence[exp.Expr]) -> exp.Expr:
    """DECODE compares with NULL equal to NULL."""
    subject, rest = args[0], list(args[1:])
    default = rest.pop() if len(rest) % 2 else None
    branches: list[tuple[exp.Expr, exp.Expr]] = []
    for search, result in zip(rest[::2], rest[1::2], strict=True):
        comparison: type[exp.Expr] = exp.EQ if isinstance(search, exp.Literal) else exp.NullSafeEQ
        condition = comparison(this=paren(subject.copy()), expression=paren(search))
        branches.append((condition, result))
    node = case(*branches, default=default)
    return with_kind(node, kind_among(rest[1::2], node))


def _nvl(args: Sequence[exp.Expr]) -> exp.Expr:
    first, fallback = args
    kind = kind_of(first)
    if kind in (Kind.UNKNOWN, Kind.NULL):
        kind = kind_of(fallback)
    return call("coalesce", first, fallback, kind=kind)


def _nvl2(args: Sequence[exp.Expr]) -> exp.Expr:
    value, present, absent = args
    condition = exp.Not(this=exp.Is(this=paren(value), expression=exp.Null()))
    return with_kind(case((condition, present), default=absent), kind_among([present, absent]))


def _extreme(name: str) -> Rule:
    """GREATEST and LEAST are NULL when any argument is."""

    def rule(args: Sequence[exp.Expr]) -> exp.Expr:
        values = call(name, *args, kind=kind_among(list(args)))
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
        return with_kind(case((any_null, exp.Null()), default=values), kind_of(values))

    return rule


def _trunc(args: Sequence[exp.Expr]) -> exp.Expr:
    if len(args) == 1:
        kind = kind_of(args[0])
        if kind is Kind.NUMBER:
            return call("trunc", args[0], kind=Kind.NUMBER)
        known = Kind.DATE if kind in MOMENTS else Kind.UNKNOWN
        return call("ora_trunc", args[0], kind=known)
    if kind_of(args[1]) is Kind.TEXT:
        return dates.truncate(args[0], literal_text(args[1], "TRUNC to a unit"))
    return call("trunc", args[0], cast(args[1], exp.DType.INT), kind=Kind.NUMBER)


def _round(args: Sequence[exp.Expr]) -> exp.Expr:
    kind = kind_of(args[0])
    if len(args) == 1:
        if kind is Kind.NUMBER:
            return call("ora_round_number", args[0], number(0), kind=Kind.NUMBER)
        known = Kind.DATE if kind in MOMENTS else Kind.UNKNOWN
        return call("ora_round", args[0], kind=known)
    if kind_of(args[1]) is Kind.TEXT:
        return dates.round_date(args[0], literal_text(args[1], "ROUND to a unit"))
    return call("ora_round_number", args[0], args[1], kind=Kind.NUMBER)


def _to_char(args: Sequence[exp.Expr]) -> exp.Expr:
    if len(args) == 1:
        return as_text(args[0])
    if len(args) == 3:
        raise unsupported("TO_CHAR with NLS parameters")
    model = literal_text(args[1], "TO_CHAR with a format")
    is_date = is_date_model(model) and kind_of(args[0]) is not Kind.NUMBER
    if is_number_model(model) and not is_date:
        if model.upper() in ("TM", "TM9"):
            return as_text(args[0])
        parse_number_model(model)
        return call(
            "ora_format_number", call("ora_plain_text", args[0]), text(model), kind=Kind.TEXT
        )
    if is_date:
        return dates.to_char(args[0], model)
    parse_number_model(model)
    raise unsupported(f"TO_CHAR format {model!r}")


def _to_number(args: Sequence[exp.Expr]) -> exp.Expr:
    if len(args) == 1:
        if kind_of(args[0]) is Kind.NUMBER:
            return args[0]
        return call("ora_to_number", args[0], kind=Kind.NUMBER)
    model = literal_text(args[1], "TO_NUMBER with a format")
    parse_number_model(model)
    plain = call("ora_read_number", as_text(args[0]), text(model))
    return call("ora_to_number", plain, kind=Kind.NUMBER)


def _with_model(convert: Callable[[exp.Expr, str | None], exp.Expr], name: str) -> Rule:
    def rule(args: Sequence[exp.Expr]) -> exp.Expr:
        if len(args) == 3:
            raise unsupported(f"{name} with NLS parameters")
        model = literal_text(args[1], f"{name} with a format") if len(args) == 2 else None
        return convert(args[0], model)

    return rule


def _literal_of(build: Callable[[str, int], exp.Expr]) -> Rule:
    return lambda args: build(literal_text(args[0], "a date"), 0)


def _lnnvl(args: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Not(this=call("coalesce", args[0], exp.false()))


def _add_months(args: Sequence[exp.Expr]) -> exp.Expr:
    return call("ora_add_months", args[0], args[1], kind=Kind.DATE)


_ANY = 10_000
_NUMERIC = {
    "ABS": ("abs", 1),
    "CEIL": ("ceil", 1),
    "FLOOR": ("floor", 1),
    "SQRT": ("sqrt", 1),
    "EXP": ("exp", 1),
    "LN": ("ln", 1),
    "SIN": ("sin", 1),
    "COS": ("cos", 1),
    "TAN": ("tan", 1),
    "ASIN": ("asin", 1),
    "ACOS": ("acos", 1),
    "ATAN": ("atan", 1),
    "ATAN2": ("atan2", 2),
    "POWER": ("pow", 2),
    "SIGN": ("ora_sign", 1),
    "MOD": ("ora_mod", 2),
    "LOG": ("ora_log", 2),
    "BITAND": ("ora_bitand", 2),
    "MONTHS_BETWEEN": ("ora_months_between", 2),
}
_AGGREGATES = {
    "COUNT": "count",
    "SUM": "sum",
    "AVG": "avg",
    "MEDIAN": "median",
    "STDDEV_SAMP": "stddev_samp",
    "STDDEV_POP": "stddev_pop",
    "VAR_SAMP": "var_samp",
    "VAR_POP": "var_pop",
    "ROW_NUMBER": "row_number",
    "RANK": "rank",
    "DENSE_RANK": "dense_rank",
    "PERCENT_RANK": "percent_rank",
    "CUME_DIST": "cume_dist",
    "NTILE": "ntile",
    "GROUPING": "grouping",
    "APPROX_COUNT_DISTINCT": "approx_count_distinct",
    "REGR_SLOPE": "regr_slope",
    "REGR_INTERCEPT": "regr_intercept",
    "REGR_R2": "regr_r2",
    "COVAR_POP": "covar_pop",
    "COVAR_SAMP": "covar_samp",
    "CORR": "corr",
}
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
    **{name: Function(n, n, _renamed(to)) for name, (to, n) in _NUMERIC.items()},
    **{name: Function(0, 2, _renamed(to)) for name, to in _AGGREGATES.items()},
    **{name: Function(lo, hi, _like_first(to)) for name, (to, lo, hi) in _ANALYTIC.items()},
    **{name: Function(*entry) for name, entry in text_functions.RULES.items()},
    **{name: Function(*entry) for name, entry in lob_functions.RULES.items()},
    "DECODE": Function(3, 255, _decode),
    "NVL": Function(2, 2, _nvl),
    "NVL2": Function(3, 3, _nvl2),
    "COALESCE": Function(
        2, _ANY, lambda args: call("coalesce", *args, kind=kind_among(list(args)))
    ),
    "NULLIF": Function(2, 2, _like_first("nullif")),
    "LNNVL": Function(1, 1, _lnnvl),
    "GREATEST": Function(1, _ANY, _extreme("greatest")),
    "LEAST": Function(1, _ANY, _extreme("least")),
    "TRUNC": Function(1, 2, _trunc),
    "ROUND": Function(1, 2, _round),
    "TO_CHAR": Function(1, 3, _to_char),
    "TO_NCHAR": Function(1, 3, _to_char),
    "TO_NUMBER": Function(1, 2, _to_number),
    "TO_BINARY_DOUBLE": Function(1, 1, lambda args: cast(args[0], exp.DType.DOUBLE, Kind.NUMBER)),
    "TO_BINARY_FLOAT": Function(1, 1, lambda args: cast(args[0], exp.DType.FLOAT, Kind.NUMBER)),
    "TO_DATE": Function(1, 3, _with_model(dates.to_date, "TO_DATE")),
    "TO_TIMESTAMP": Function(1, 3, _with_model(dates.to_timestamp, "TO_TIMESTAMP")),
    "TO_TIMESTAMP_TZ": Function(1, 3, _with_model(dates.to_zoned, "TO_TIMESTAMP_TZ")),
    "ADD_MONTHS": Function(2, 2, _add_months),
    "LAST_DAY": Function(1, 1, _renamed("ora_last_day", Kind.DATE)),
    "NEXT_DAY": Function(2, 2, dates.next_day),
    "NUMTODSINTERVAL": Function(2, 2, intervals.number_to_days),
    "NUMTOYMINTERVAL": Function(2, 2, intervals.number_to_months),
    "TO_DSINTERVAL": Function(1, 1, intervals.text_to_days),
    "TO_YMINTERVAL": Function(1, 1, intervals.text_to_months),
    "FROM_TZ": Function(2, 2, zones.from_tz),
    "SYS_EXTRACT_UTC": Function(1, 1, zones.extract_utc),
    DATE_LITERAL: Function(1, 1, _literal_of(dates.date_literal)),
    TIMESTAMP_LITERAL: Function(1, 1, _literal_of(dates.timestamp_literal)),
}


_KNOWN_BUT_MISSING = {
    "BIN_TO_NUM", "COLLECT", "COMPOSE", "CONVERT", "CURSOR", "DECOMPOSE",
    "DUMP", "EXTRACTVALUE", "GROUPING_ID", "GROUP_ID", "INSTRB",
    "JSON_ARRAY", "JSON_OBJECT", "JSON_QUERY", "JSON_TABLE", "JSON_VALUE", "NANVL",
    "NEW_TIME", "NLSSORT", "NLS_LOWER", "NLS_UPPER", "ORA_HASH", "REMAINDER",
    "SOUNDEX", "STANDARD_HASH", "SUBSTRB", "SYS_GUID",
    "TZ_OFFSET", "UNISTR", "USERENV", "VSIZE",
    "WIDTH_BUCKET", "WM_CONCAT", "XMLAGG", "XMLELEMENT", "XMLTYPE",
}  # fmt: skip
"""Functions that Oracle has and this room does not translate."""


def rewrite_call(node: exp.Anonymous, position: int) -> exp.Expr:
    """The DuckDB expression for a function call whose arguments are rewritten already.

    Raises:
        OraError: the function is unknown (ORA-00904), has the wrong number of arguments
            (ORA-00909) or uses what is not translated (ORA-03001).
    """
    name = str(node.this).upper()
    function = FUNCTIONS.get(name)
    if name in _KNOWN_BUT_MISSING:
        raise unsupported(f"function {name}", position)
    if function is None:
        raise OraError(904, f'"{name}": invalid identifier', position=position)
    args = node.expressions
    count = 0 if len(args) == 1 and isinstance(args[0], exp.Star) and name != "COUNT" else len(args)
    if count < function.least:
        raise OraError(938, "not enough arguments for function", position=position)
    if count > function.most or any(
        isinstance(arg, exp.Distinct) and len(arg.expressions) != 1 for arg in args
    ):
        raise OraError(939, "too many arguments for function", position=position)
    try:
        return function.rule(args)
    except OraError as error:
        raise OraError(error.number, error.text, position=error.position or position) from None
