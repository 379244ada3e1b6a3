"""Overloaded functions for arguments whose types DuckDB does not know yet.

DuckDB chooses a macro's overload before it binds aggregates and windows, when it treats their types
as unknown. It binds a lambda's parameter later, when the type is known. So `late_f(max(d))` passes
the arguments through a list of one struct and calls `f` inside a lambda. Expressions that make a
moment with a time zone are passed this way too: DuckDB binds the arguments to choose an overload,
and they are long.
"""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.translate.kinds import Kind, kind_of

_UNARY = (
    "text", "moment", "to_date", "trunc", "round", "extract_second", "to_number", "last_day",
    "length",
    "round_day", "round_minute", "round_hour", "round_month", "round_year", "round_quarter",
    "round_week", "round_sunday", "trunc_sunday", "trunc_yearweek", "trunc_monthweek",
    "round_century", "trunc_century", "trunc_isoyear",
)  # fmt: skip
_OF_MOMENTS = (
    "part_source", "zoned", "local", "utc_of", "moment_in_timestamps",
    "extract_year", "extract_month", "extract_day", "extract_hour", "extract_minute",
    "extract_timezone_hour", "extract_timezone_minute",
)  # fmt: skip
_WITH_DIGITS = (
    "moment_text", "to_timestamp", "to_nano", "round_zoned", "round_local",
)  # fmt: skip
_WITH_MODEL = ("written", "strftime", "strftime_upper")
_BINARY = (
    "from_tz",
    "at_zone",
    "add",
    "subtract",
    "multiply",
    "add_months",
    "next_day",
    "next_named_day",
)
_PARAMETERS = {
    **{f"ora_{name}": ("a",) for name in (*_UNARY, *_OF_MOMENTS)},
    **{f"ora_{name}": ("a", "b") for name in _BINARY},
}
_WITH_CONSTANTS = {
    **{f"ora_{name}": ("a", "b") for name in _WITH_DIGITS},
    **{f"ora_{name}": ("a", "b", "c") for name in _WITH_MODEL},
    "ora_written_in": ("a", "b", "c", "d"),
}
"""Functions whose arguments after the first are all constants."""
_PREFIX = "late_"
_AGGREGATES = {
    "count", "sum", "avg", "min", "max", "median", "first", "any_value", "list", "string_agg",
    "stddev_samp", "stddev_pop", "var_samp", "var_pop", "quantile_cont", "quantile_disc",
    "approx_count_distinct", "grouping", "corr", "covar_pop", "covar_samp", "regr_slope",
    "regr_intercept", "regr_r2",
}  # fmt: skip


def late_macros_sql() -> str:
    """The definitions of all `late_` macros.

    DuckDB binds a macro when it is created. So each function that they call first gets a
    definition without overloads, which the real one replaces later.
    """
    statements: list[str] = []
    for name, parameters in _PARAMETERS.items():
        listed = ", ".join(parameters)
        fields = ", ".join(f"'{parameter}': {parameter}" for parameter in parameters)
        arguments = ", ".join(f"struct_extract(v, '{parameter}')" for parameter in parameters)
        statements.append(f"CREATE OR REPLACE MACRO {name}({listed}) AS a")
        statements.append(
            f"CREATE OR REPLACE MACRO {_PREFIX}{name}({listed}) AS "
            f"list_transform([{{{fields}}}], lambda v: {name}({arguments}))[1]"
        )
    for name, parameters in _WITH_CONSTANTS.items():
        listed, rest = ", ".join(parameters), ", ".join(parameters[1:])
        statements.append(f"CREATE OR REPLACE MACRO {name}({listed}) AS a")
        statements.append(
            f"CREATE OR REPLACE MACRO {_PREFIX}{name}({listed}) AS "
            f"list_transform([a], lambda v: {name}(v, {rest}))[1]"
        )
    return ";\n".join(statements)


def choose_late_macros(tree: exp.Expr) -> None:
    """Call the `late_` form of a function if an argument has an aggregate or window, in place."""
    for node in tree.find_all(exp.Anonymous):
        name = str(node.this)
        if (name in _PARAMETERS or name in _WITH_CONSTANTS) and any(
            _is_late(arg) for arg in node.expressions
        ):
            node.set("this", f"{_PREFIX}{node.this}")


def _is_late(node: exp.Expr) -> bool:
    if isinstance(node, exp.Query):
        return False
    if isinstance(node, exp.Window):
        return True
    if isinstance(node, exp.Anonymous) and (
        str(node.this) in _AGGREGATES or kind_of(node) is Kind.ZONED
    ):
        return True
    return any(_is_late(child) for child in node.iter_expressions())
