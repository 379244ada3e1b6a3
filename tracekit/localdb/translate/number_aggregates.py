"""SUM, AVG and other numeric aggregates, with all the digits of a NUMBER.

A SUM of FREE numbers adds those that fit a DECIMAL as DECIMALs, and the few others one by one.
Functions that need all values together get them as a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import numbers
from tracekit.localdb.translate.build import call, cast, text, unsupported
from tracekit.localdb.translate.kinds import MOMENTS, Kind, kind_of, with_kind
from tracekit.localdb.translate.number_types import (
    DOUBLE,
    FLOAT,
    FREE,
    MOST_DIGITS,
    Exact,
    as_free,
    counted,
    like_one_of,
    number_type,
    with_number,
)

Rule = Callable[[Sequence[exp.Expr]], exp.Expr]
Wrap = Callable[[exp.Expr], exp.Expr]
"""Puts an aggregate into its OVER clause."""


def plain(node: exp.Expr) -> exp.Expr:
    """Leave an aggregate without OVER."""
    return node


def argument(node: exp.Expr) -> tuple[exp.Expr, bool]:
    """The aggregated expression, and whether it is DISTINCT.

    Raises:
        OraError: ORA-00932 if it is a date or timestamp.
    """
    distinct = isinstance(node, exp.Distinct)
    value = node.expressions[0] if distinct else node
    if kind_of(value) in MOMENTS:
        raise OraError(932, "inconsistent datatypes: expected NUMBER got DATE")
    return numbers.as_number(value), distinct


def _again(value: exp.Expr, *, distinct: bool) -> exp.Expr:
    return exp.Distinct(expressions=[value]) if distinct else value


def total(wrap: Wrap, args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate SUM."""
    value, distinct = argument(args[0])
    form = number_type(value)
    if form is not FREE:
        node = wrap(call("sum", _again(value, distinct=distinct)))
        if isinstance(form, Exact):
            return with_number(node, Exact(MOST_DIGITS, form.scale))
        return (
            with_number(node, DOUBLE) if form in (DOUBLE, FLOAT) else with_kind(node, Kind.NUMBER)
        )
    small = call("ora_number_small", value.copy())
    added = wrap(call("sum", _again(small, distinct=distinct)))
    misfit = exp.And(
        this=exp.Is(this=small.copy(), expression=exp.Null()),
        expression=exp.Not(this=exp.Is(this=value.copy(), expression=exp.Null())),
    )
    listed = call("list", _again(cast(value, exp.DType.BLOB), distinct=distinct))
    others = wrap(exp.Filter(this=listed, expression=exp.Where(this=misfit)))
    return with_number(call("ora_number_total", added, others), FREE)


def average(wrap: Wrap, args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate AVG: the sum divided by the count."""
    value, distinct = argument(args[0])
    form = number_type(value)
    if form in (DOUBLE, FLOAT) or form is None:
        node = wrap(call("avg", _again(value, distinct=distinct)))
        return with_number(node, DOUBLE) if form is not None else with_kind(node, Kind.NUMBER)
    added = total(wrap, [_again(value, distinct=distinct)])
    count = wrap(counted("count", _again(value.copy(), distinct=distinct)))
    known = call("nullif", with_number(count, Exact(18)), exp.Literal.number(0))
    return numbers.free_call("divide", added, with_number(known, Exact(18)))


def listed(wrap: Wrap, value: exp.Expr, *, distinct: bool = False) -> exp.Expr:
    """Collect the values in a list of FREE bytes."""
    return wrap(call("list", _again(cast(as_free(value), exp.DType.BLOB), distinct=distinct)))


def statistic(name: str, wrap: Wrap, args: Sequence[exp.Expr]) -> exp.Expr:
    """A function of the list of all values: MEDIAN, VARIANCE ..."""
    value, distinct = argument(args[0])
    if number_type(value) in (DOUBLE, FLOAT) and name in _OF_DOUBLES:
        node = wrap(call(_OF_DOUBLES[name], _again(value, distinct=distinct)))
        return with_number(node, DOUBLE)
    values = listed(wrap, value, distinct=distinct)
    return with_number(call("ora_number_statistic", text(name), values), FREE)


def median(wrap: Wrap, args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate MEDIAN of numbers or moments."""
    if kind_of(args[0]) in (Kind.DATE, Kind.TIMESTAMP):
        return with_kind(wrap(call("median", args[0])), kind_of(args[0]))
    return statistic("MEDIAN", wrap, args)


def percentile(wrap: Wrap, value: exp.Expr, share: exp.Expr, *, descending: bool) -> exp.Expr:
    """Translate PERCENTILE_CONT of numbers."""
    if descending:
        share = numbers.difference(exp.Literal.number(1), share) or share
    values = listed(wrap, numbers.as_number(value))
    return with_number(call("ora_number_percentile", values, as_free(share)), FREE)


def paired(name: str, wrap: Wrap, args: Sequence[exp.Expr]) -> exp.Expr:
    """A function of pairs of values, ignoring pairs with a NULL: CORR, REGR_ ..."""
    pairs = [cast(as_free(numbers.as_number(arg)), exp.DType.BLOB) for arg in args]
    known = exp.And(
        this=exp.Not(this=exp.Is(this=pairs[0].copy(), expression=exp.Null())),
        expression=exp.Not(this=exp.Is(this=pairs[1].copy(), expression=exp.Null())),
    )
    lists = [
        wrap(exp.Filter(this=call("list", one), expression=exp.Where(this=known.copy())))
        for one in pairs
    ]
    return with_number(call("ora_number_paired", text(name), *lists), FREE)


def count(name: str, wrap: Wrap, args: Sequence[exp.Expr]) -> exp.Expr:
    """A function that returns an integer."""
    return wrap(counted(name, *args))


def share(name: str, wrap: Wrap, args: Sequence[exp.Expr]) -> exp.Expr:
    """PERCENT_RANK and CUME_DIST, from the counts of rows before and up to the current one."""
    if wrap is plain:
        raise unsupported(f"{name} without OVER")
    everything = wrap(counted("count", exp.Star()))
    everything.set("order", None)
    if name == "CUME_DIST":
        return numbers.ratio(wrap(counted("count", exp.Star())), everything)
    one = exp.Literal.number(1)
    before = numbers.difference(wrap(counted("rank")), one)
    others = numbers.difference(everything, one.copy())
    assert before is not None and others is not None, "counts are integers"
    known = like_one_of(call("nullif", others, exp.Literal.number(0)), [others])
    quotient = as_free(numbers.ratio(before, known))
    return with_number(call("coalesce", quotient, as_free(exp.Literal.number(0))), FREE)


_OF_DOUBLES = {
    "MEDIAN": "median",
    "STDDEV_SAMP": "stddev_samp",
    "STDDEV_POP": "stddev_pop",
    "VAR_SAMP": "var_samp",
    "VAR_POP": "var_pop",
}
_COUNTS = {
    "COUNT": "count",
    "ROW_NUMBER": "row_number",
    "RANK": "rank",
    "DENSE_RANK": "dense_rank",
    "NTILE": "ntile",
    "GROUPING": "grouping",
    "APPROX_COUNT_DISTINCT": "approx_count_distinct",
}
_SHARES = ("PERCENT_RANK", "CUME_DIST")
_STATISTICS = ("STDDEV", "STDDEV_SAMP", "STDDEV_POP", "VARIANCE", "VAR_SAMP", "VAR_POP")
_PAIRED = (
    "CORR", "COVAR_POP", "COVAR_SAMP", "REGR_SLOPE", "REGR_INTERCEPT", "REGR_R2", "REGR_COUNT",
    "REGR_AVGX", "REGR_AVGY", "REGR_SXX", "REGR_SYY", "REGR_SXY",
)  # fmt: skip
WITH_WINDOW: dict[str, tuple[int, int, Callable[[Wrap, Sequence[exp.Expr]], exp.Expr]]] = {
    "SUM": (1, 1, total),
    "AVG": (1, 1, average),
    "MEDIAN": (1, 1, median),
    **{name: (1, 1, partial(statistic, name)) for name in _STATISTICS},
    **{name: (2, 2, partial(paired, name)) for name in _PAIRED},
    **{name: (0, 1, partial(count, to)) for name, to in _COUNTS.items()},
    **{name: (0, 0, partial(share, name)) for name in _SHARES},
}
"""For each function: the minimum and maximum number of arguments, and its rule."""
RULES: dict[str, tuple[int, int, Rule]] = {
    name: (least, most, partial(rule, plain)) for name, (least, most, rule) in WITH_WINDOW.items()
}
