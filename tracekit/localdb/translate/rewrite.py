"""Rewrite the expressions of a parsed statement so that DuckDB computes what Oracle would."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import (
    aggregates,
    aliases,
    arithmetic,
    column_references,
    conditions,
    conversions,
    dates,
    implicit,
    intervals,
    key_lists,
    set_operations,
    text_functions,
    zones,
)
from tracekit.localdb.translate.assignments import stored_number
from tracekit.localdb.translate.build import (
    as_text,
    call,
    cast,
    null_text,
    text,
    unsupported,
)
from tracekit.localdb.translate.char_comparisons import pad_chars
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.dialect import WITH_DEFAULT
from tracekit.localdb.translate.implicit import as_number
from tracekit.localdb.translate.kinds import (
    Kind,
    is_marked,
    kind_of,
    with_kind,
    with_precision,
)
from tracekit.localdb.translate.like_runs import LIKE_ANY
from tracekit.localdb.translate.lob_functions import is_package_function, package_function
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.number_types import (
    DOUBLE,
    FLOAT,
    as_double,
    as_float,
    as_free,
    constant,
    like_one_of,
    with_number,
)
from tracekit.localdb.translate.scopes import in_order
from tracekit.localdb.translate.session_context import sys_context, userenv
from tracekit.localdb.translate.text_types import FIXED, text_type, varies, with_text_type
from tracekit.localdb.translate.types import FLOAT_BITS, DeclaredType, read_type


def rewrite_expressions(tree: exp.Expr, context: Context) -> exp.Expr:
    """Rewrite every expression of `tree` in place, innermost first, and return the new root.

    Raises:
        OraError: an expression cannot be translated; the message names it.
    """
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier) and not is_marked(table.this):
            shown = table.this.sql(dialect="oracle").split("(")[0]
            raise unsupported(f"table function {shown}", context.position(table))
        if not isinstance(table.args.get("db"), exp.Identifier | None):
            raise OraError(903, "invalid table name", position=context.position(table))
    for node in in_order(tree):
        pad_chars(node)
        rule = _RULES.get(type(node))
        if rule is None:
            continue
        known = text_type(node)
        try:
            replacement = rule(node, context)
        except OraError as error:
            if error.position:
                raise
            raise OraError(error.number, error.text, position=context.position(node)) from None
        if replacement is node:
            continue
        if known is None and isinstance(replacement, exp.Literal) and replacement.is_string:
            known = DeclaredType("VARCHAR2", length=len(replacement.this))  # for example, USER
        with_text_type(replacement, known, varies=varies(node))
        if node is tree:
            tree = replacement
        else:
            node.replace(replacement)
    return tree


def _literal(node: exp.Expr, _: Context) -> exp.Expr:
    """'' is NULL except inside a type or an option; number literals keep all their digits."""
    assert isinstance(node, exp.Literal)
    if isinstance(node.parent, exp.DataTypeParam) or is_marked(node):
        return node
    if not node.is_string:
        return constant(Decimal(node.this))
    return node if node.this else null_text()


def _national(node: exp.Expr, _: Context) -> exp.Expr:
    """Rewrite N'...', which is text of the type NCHAR."""
    return text(str(node.this)) if node.this else null_text()


def _placeholder(node: exp.Expr, context: Context) -> exp.Expr:
    """A bind gets the type of its values; binary literals (`1.5d`) are placeholders too."""
    name = str(node.this)
    literal = context.prepared.binary_literals.get(name)
    if literal is not None:
        data_type = exp.DType.FLOAT if literal[-1] in "fF" else exp.DType.DOUBLE
        value = cast(text(literal[:-1]), data_type)
        return with_number(value, FLOAT if literal[-1] in "fF" else DOUBLE)
    if name.startswith("l"):
        return node  # the condition around it handles the list
    return context.prepared.bind_form(name).of_value(node.copy())


def _concatenation(node: exp.Expr, _: Context) -> exp.Expr:
    if isinstance(node.parent, exp.DPipe):
        return node
    operands = node.flatten(unnest=False)
    return text_functions.concatenate(list(operands))


_NUMBERS = ("NUMBER", "FLOAT", "BINARY_DOUBLE", "BINARY_FLOAT")


def _cast(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.Cast)
    if is_marked(node):
        return node
    if node.args.get("format") is not None:
        raise unsupported("CAST with a format", context.position(node))
    default = node.args.get("default")
    if default is not None:
        node.set("default", None)
        plain = _cast(node, context)
        return conversions.with_default(default, plain, node.this)
    declared, stored = read_type(node.to)
    value = node.this
    if declared.name == "DATE" or declared.name.startswith("TIMESTAMP"):
        return zones.as_declared(value, declared)
    if declared.name in _NUMBERS:
        implicit.refuse_moment(value)
    if declared.name == "NUMBER" and declared.precision is declared.scale is None:
        return as_free(as_number(value))
    if stored.this is exp.DType.VARCHAR:
        shortened = as_text(value)
        if kind_of(value) is Kind.NUMBER and declared.length is not None:
            shortened = call("ora_number_chars", shortened, exp.Literal.number(declared.length))
        elif declared.length is not None and declared.name != "CLOB":
            shortened = call("left", shortened, exp.Literal.number(declared.length))
        if declared.name in FIXED:
            shortened = call("rpad", shortened, exp.Literal.number(declared.length), text(" "))
        return with_kind(shortened, Kind.TEXT)
    if declared.name.startswith("INTERVAL"):
        return intervals.as_declared(value, declared)
    if declared.name == "RAW" and kind_of(value) is Kind.TEXT:
        return call("ora_hex_to_raw", value)
    if declared.name == "FLOAT":
        return as_float(as_number(value), declared.precision or FLOAT_BITS)
    if declared.name == "BINARY_DOUBLE":
        return as_double(as_number(value))
    if declared.name == "BINARY_FLOAT":
        return with_number(cast(as_double(as_number(value)), exp.DType.FLOAT), FLOAT)
    if declared.name == "NUMBER":
        return with_precision(stored_number(as_number(value), stored))
    return exp.Cast(this=value, to=stored)


def _call(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.Anonymous)
    if is_marked(node):
        if str(node.this) in ("ora_rows_to", "ora_rows_below"):
            node.set("expressions", [as_double(as_number(one)) for one in node.expressions])
        return node
    if is_package_function(node.parent):
        return node
    if isinstance(node.parent, exp.Dot):
        raise unsupported(
            f"package function {node.parent.sql(dialect='oracle')}", context.position(node)
        )
    name = str(node.this).upper()
    if name in (key_lists.TEXTS, key_lists.NUMBERS):
        return key_lists.rows_of(name, node.expressions)
    if name == WITH_DEFAULT:
        default, source, converted = node.expressions
        return conversions.with_default(default, converted, source)
    if name == "VALIDATE_CONVERSION":
        return conversions.validated(node.expressions)
    if name in conditions.CONDITIONS and not conditions.is_condition(node):
        raise OraError(904, f'"{name}": invalid identifier', position=context.position(node))
    if name == "SYS_CONNECT_BY_PATH":
        where = context.position(node)
        raise OraError(30002, "SYS_CONNECT_BY_PATH function not allowed here", position=where)
    if name == "SYS_CONTEXT":
        return sys_context(node, context.current_schema, context.user, context.position(node))
    if name == "USERENV" and len(node.expressions) == 1:
        return userenv(node, context.position(node))
    if context.ignore_case and name.startswith("REGEXP_"):
        raise unsupported(f"{name} while comparisons ignore case", context.position(node))
    if name == LIKE_ANY:
        return call("ora_like_any", as_text(node.expressions[0]), node.expressions[1])
    if aggregates.has_clause(node):
        return node
    return aggregates.rewrite(node, context.position(node))


def _package_call(node: exp.Expr, context: Context) -> exp.Expr:
    if is_package_function(node):
        return package_function(node, context.position(node))  # type: ignore[arg-type]
    return node


def _case(node: exp.Expr, _: Context) -> exp.Expr:
    """CASE: convert the results to one type, and the compared values of a simple CASE."""
    branches = node.args["ifs"]
    default = node.args.get("default")
    results = [branch.args["true"] for branch in branches]
    results += [default] if default is not None else []
    same = implicit.alike(results)
    for branch, value in zip(branches, same, strict=False):
        branch.set("true", value)
    if default is not None:
        node.set("default", same[-1])
    if node.this is not None:
        implicit.alike([node.this, *(branch.this for branch in branches)])
        subject, values = implicit.matched(node.this, [branch.this for branch in branches])
        node.set("this", subject)
        for branch, value in zip(branches, values, strict=True):
            branch.set("this", value)
    return like_one_of(node, same)


def _select(node: exp.Expr, context: Context) -> exp.Expr:
    """Put the common columns of USING and NATURAL first in `*`, as Oracle does."""
    assert isinstance(node, exp.Select)
    if set_operations.is_anchor(node):
        set_operations.free_outputs(node)
    aliases.refuse_in_groups(node, context.scopes, context.position)
    aliases.refuse_unselected_order(node)
    common = [
        join
        for join in node.args.get("joins") or ()
        if join.args.get("using") or join.args.get("method")
    ]
    if (
        common
        and any(isinstance(item, exp.Star) for item in node.expressions)
        and not set_operations.expand_common(node, context.scopes)
    ):
        raise unsupported("SELECT * with USING or NATURAL JOIN", context.position(common[0]))
    return node


def _table(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.Table)
    inner = node.this
    if not isinstance(inner, exp.Identifier):
        return node
    owner = node.args.get("db")
    if owner is not None and folded(owner) == context.current_schema:
        named = {cte.alias.upper() for cte in node.root().find_all(exp.CTE)}
        if inner.name.upper() not in named:  # tables of a DuckDB file are found without a schema
            node.set("db", None)
    if inner.name.upper() == "DUAL" and (owner is None or owner.name.upper() in ("SYS", "PUBLIC")):
        letter = text("X")
        with_text_type(letter, DeclaredType("VARCHAR2", length=1))
        dummy = exp.alias_(letter, exp.to_identifier("DUMMY", quoted=True))
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("DUAL"))
        return exp.Subquery(
            this=exp.Select(expressions=[dummy]), alias=alias, joins=node.args.get("joins")
        )
    return node


def _is_whole(count: exp.Expr) -> bool:
    """Whether it is written as a whole number of rows."""
    return isinstance(count, exp.Literal) and str(count.this).isdigit()


def _fetch(node: exp.Expr, _: Context) -> exp.Expr:
    """FETCH FIRST NULL ROWS returns no rows; DuckDB's LIMIT NULL returns all."""
    count = node.args.get("count")
    if count is not None and not _is_whole(count):
        node.set("count", call("ora_rows_to", as_double(count)))
    return node


def _offset(node: exp.Expr, _: Context) -> exp.Expr:
    if not _is_whole(node.expression):
        node.set("expression", call("ora_rows_to", as_double(node.expression)))
    return node


def _set_operation(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.SetOperation)
    set_operations.unify(node, context.scopes)
    return node


def _interval(node: exp.Expr, _: Context) -> exp.Expr:
    assert isinstance(node, exp.Interval)
    return node if isinstance(node.parent, exp.DataType) else intervals.interval_literal(node)


_FLOATING_CONDITIONS = {"NAN": "isnan", "INFINITE": "isinf"}


def _is(node: exp.Expr, _: Context) -> exp.Expr:
    """IS NAN and IS INFINITE, which only binary numbers can be."""
    name = node.expression.name.upper() if isinstance(node.expression, exp.Column) else ""
    if name not in _FLOATING_CONDITIONS:
        return node
    return call(_FLOATING_CONDITIONS[name], as_double(as_number(node.this)))


def _prior(node: exp.Expr, context: Context) -> exp.Expr:
    raise OraError(*column_references.NO_CONNECT_BY, position=context.position(node))


_RULES: dict[type[Any], Callable[[Any, Context], exp.Expr]] = {
    exp.Column: column_references.column,
    exp.Literal: _literal,
    exp.National: _national,
    exp.Placeholder: _placeholder,
    exp.Neg: lambda node, _: arithmetic.negate(node),
    exp.Case: _case,
    **dict.fromkeys((exp.Union, exp.Except, exp.Intersect), _set_operation),
    exp.DPipe: _concatenation,
    exp.Add: lambda node, context: arithmetic.add(node, context.position(node)),
    exp.Sub: lambda node, _: arithmetic.subtract(node),
    exp.Mul: lambda node, _: arithmetic.multiply(node),
    exp.Div: lambda node, _: arithmetic.divide(node),
    exp.Cast: _cast,
    exp.Anonymous: _call,
    exp.Dot: _package_call,
    exp.Like: conditions.like,
    exp.In: conditions.contained,
    exp.EQ: conditions.equality,
    **dict.fromkeys((exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), conditions.comparison),
    exp.Between: conditions.between,
    exp.Select: _select,
    exp.Fetch: _fetch,
    exp.Offset: _offset,
    exp.Table: _table,
    exp.Is: _is,
    exp.Prior: _prior,
    exp.AtTimeZone: lambda node, _: zones.at_time_zone(node),
    exp.Extract: lambda node, _: dates.extract(node),
    exp.Interval: _interval,
    exp.Trim: lambda node, _: text_functions.trim(node),
    exp.Window: lambda node, context: aggregates.window(node, context.position(node)),
    exp.WithinGroup: lambda node, context: aggregates.within_group(node, context.position(node)),
    **dict.fromkeys(column_references.CLOCK, column_references.clock),
}
