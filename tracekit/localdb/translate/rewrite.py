"""Rewrite a parsed statement's expressions from Oracle's meaning to DuckDB's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import (
    aggregates,
    arithmetic,
    dates,
    intervals,
    text_functions,
    zones,
)
from tracekit.localdb.translate.binds import MAX_LIST_EXPRESSIONS, Prepared
from tracekit.localdb.translate.build import (
    as_text,
    call,
    null_text,
    text,
    unsupported,
)
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
from tracekit.localdb.translate.scopes import Scopes, column_type, in_order
from tracekit.localdb.translate.types import DeclaredType, read_type


@dataclass(frozen=True)
class Context:
    """What rewriting needs to know beside the tree."""

    prepared: Prepared
    current_schema: str
    user: str
    scopes: Scopes

    def position(self, node: exp.Expr) -> int:
        """Where `node` stands in the client's text, 0 if that is not known."""
        for part in node.walk():
            start = part.meta.get("start")
            if isinstance(start, int):
                return self.prepared.source_position(start)
        return 0


def rewrite_expressions(tree: exp.Expr, context: Context) -> exp.Expr:
    """Rewrite every expression of `tree` in place, innermost first; gives the new root.

    Raises:
        OraError: something cannot be translated; names it.
    """
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            shown = table.this.sql(dialect="oracle").split("(")[0]
            raise unsupported(f"table function {shown}", context.position(table))
        if not isinstance(table.args.get("db"), exp.Identifier | None):
            raise OraError(903, "invalid table name", position=context.position(table))
    for node in in_order(tree):
        rule = _RULES.get(type(node))
        if rule is None:
            continue
        replacement = rule(node, context)
        if replacement is node:
            continue
        if node is tree:
            tree = replacement
        else:
            node.replace(replacement)
    return tree


def _column(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.Column)
    identifier = node.this
    if not isinstance(identifier, exp.Identifier):
        return node
    context.scopes.mark(node)
    if _is_undeclared_instant(node):
        return call("ora_of_utc", node.copy(), kind=Kind.ZONED)
    if identifier.quoted:
        return node
    name = identifier.name.upper()
    if node.args.get("table") is not None:
        return _qualified(node, name, context)
    pseudo = _PSEUDO_COLUMNS.get(name)
    if pseudo is not None:
        return pseudo(context)
    if name == "ROWID":
        return _rowid(node, context)
    if name in ("ORA_ROWSCN", "ROWNUM", "LEVEL"):
        raise unsupported(name, context.position(node))
    return node


def _is_undeclared_instant(node: exp.Column) -> bool:
    """Whether a value of a DuckDB file's TIMESTAMPTZ column, an instant in UTC, is worked with."""
    known = column_type(node)
    if known is None or known.declared is not None or known.kind is not Kind.LOCAL:
        return False
    is_target = isinstance(node.parent, exp.EQ) and isinstance(node.parent.parent, exp.Update)
    passed_on = (exp.Select, exp.Alias, exp.Group, exp.Ordered, exp.Distinct, exp.Returning)
    return not isinstance(node.parent, passed_on) and not (is_target and node.arg_key == "this")


def _qualified(node: exp.Column, name: str, context: Context) -> exp.Expr:
    if name in ("NEXTVAL", "CURRVAL"):
        owner = node.args.get("db")
        sequence = node.args["table"]
        written = [part for part in (owner, sequence) if part is not None]
        path = ".".join(f'"{folded(part)}"' for part in written)
        return call(name.lower(), text(path), kind=Kind.NUMBER)
    if name == "ROWID":
        return _rowid(node, context)
    return node


def _rowid(node: exp.Column, context: Context) -> exp.Expr:
    """DuckDB's row number; what is compared with it becomes one, too."""
    number = exp.Column(this=exp.to_identifier("ROWID", quoted=True), table=node.args.get("table"))
    with_kind(number, Kind.ROWID)
    if node.find_ancestor(exp.Returning):  # DuckDB has no row number there
        raise unsupported("RETURNING of ROWID", context.position(node))
    return number


_PSEUDO_COLUMNS: dict[str, Callable[[Context], exp.Expr]] = {
    "SYSDATE": lambda _: call("ora_sysdate", kind=Kind.DATE),
    "USER": lambda context: text(context.user),
    "UID": lambda _: exp.Literal.number(100),
    "SESSIONTIMEZONE": lambda _: call("ora_session_zone", kind=Kind.TEXT),
    "DBTIMEZONE": lambda _: text("+00:00"),
}
_CLOCK: dict[type[Any], tuple[str, Kind]] = {
    exp.CurrentDate: ("ora_current_date", Kind.DATE),
    exp.CurrentTimestamp: ("ora_current_timestamp", Kind.ZONED),
    exp.Systimestamp: ("ora_systimestamp", Kind.ZONED),
    exp.Localtimestamp: ("ora_localtimestamp", Kind.TIMESTAMP),
}


_CLOCK_TYPES = {Kind.ZONED: "TIMESTAMP WITH TIME ZONE", Kind.TIMESTAMP: "TIMESTAMP"}


def _clock(node: exp.Expr, _: Context) -> exp.Expr:
    name, kind = _CLOCK[type(node)]
    now = call(name, kind=kind)
    digits = node.this
    if isinstance(digits, exp.Literal):
        return zones.as_declared(now, DeclaredType(_CLOCK_TYPES[kind], scale=int(digits.this)))
    return now


def _literal(node: exp.Expr, _: Context) -> exp.Expr:
    """'' is NULL, except where it is part of a type or an option."""
    assert isinstance(node, exp.Literal)
    if not node.is_string or node.this:
        return node
    return null_text()


def _concatenation(node: exp.Expr, _: Context) -> exp.Expr:
    if isinstance(node.parent, exp.DPipe):
        return node
    operands = node.flatten(unnest=False)
    return text_functions.concatenate(list(operands))


def _cast(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.Cast)
    if node.args.get("default") is not None or node.args.get("format") is not None:
        raise unsupported("CAST with DEFAULT or a format", context.position(node))
    declared, stored = read_type(node.to)
    value = node.this
    if declared.name == "DATE" or declared.name.startswith("TIMESTAMP"):
        return zones.as_declared(value, declared)
    if declared.name == "NUMBER" and declared.precision is declared.scale is None:
        return call("ora_to_number", value, kind=Kind.NUMBER)
    if stored.this is exp.DType.VARCHAR:
        shortened = as_text(value)
        if declared.length is not None and declared.name != "CLOB":
            shortened = call("left", shortened, exp.Literal.number(declared.length))
            if declared.name in ("CHAR", "NCHAR"):
                shortened = call("rpad", shortened, exp.Literal.number(declared.length), text(" "))
        return with_kind(shortened, Kind.TEXT)
    cast = exp.Cast(this=value, to=stored)
    return with_precision(cast) if declared.name == "NUMBER" else cast


def _call(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.Anonymous)
    if is_marked(node):
        return node
    if is_package_function(node.parent):
        return node
    if isinstance(node.parent, exp.Dot):
        raise unsupported(
            f"package function {node.parent.sql(dialect='oracle')}", context.position(node)
        )
    name = str(node.this).upper()
    if name == "SYS_CONTEXT":
        return _sys_context(node, context)
    if name == LIKE_ANY:
        return call("ora_like_any", as_text(node.expressions[0]), node.expressions[1])
    if aggregates.has_clause(node):
        return node
    return aggregates.rewrite(node, context.position(node))


def _package_call(node: exp.Expr, context: Context) -> exp.Expr:
    if is_package_function(node):
        return package_function(node, context.position(node))  # type: ignore[arg-type]
    return node


def _sys_context(node: exp.Anonymous, context: Context) -> exp.Expr:
    args = [
        str(arg.this).upper() if isinstance(arg, exp.Literal) else "" for arg in node.expressions
    ]
    values = {
        "CURRENT_SCHEMA": context.current_schema,
        "CURRENT_USER": context.user,
        "SESSION_USER": context.user,
        "DB_NAME": "TRACEKIT",
        "SERVICE_NAME": "TRACEKIT",
        "INSTANCE_NAME": "TRACEKIT",
        "SERVER_HOST": "LOCALHOST",
        "LANGUAGE": "AMERICAN_AMERICA.AL32UTF8",
        "NLS_DATE_FORMAT": "DD-MON-RR",
    }
    if len(args) < 2 or args[0] != "USERENV" or args[1] not in values:
        raise OraError(2003, "invalid USERENV parameter", position=context.position(node))
    return text(values[args[1]])


def _like(node: exp.Expr, _: Context) -> exp.Expr:
    node.set("this", as_text(node.this))
    node.set("expression", as_text(node.expression))
    return node


def _in(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.In)
    values = node.expressions
    if len(values) > MAX_LIST_EXPRESSIONS:
        raise OraError(
            1795,
            f"maximum number of expressions in a list is {MAX_LIST_EXPRESSIONS}",
            position=context.position(node),
        )
    if (
        len(values) == 1
        and isinstance(values[0], exp.Placeholder)
        and (str(values[0].this).startswith("l"))
    ):
        listed_values = call("unnest", values[0].copy())
        if kind_of(node.this) is Kind.ROWID:
            listed_values = _rowid_number(with_kind(listed_values, Kind.TEXT))
        subject, listed_values = zones.comparable([node.this, listed_values])
        listed = exp.Select(expressions=[listed_values])
        return exp.In(this=subject, query=exp.Subquery(this=listed))
    if kind_of(node.this) is Kind.ROWID:
        node.set("expressions", [_rowid_number(value) for value in values])
    elif values:
        subject, *compared = zones.comparable([node.this, *values])
        node.set("this", subject)
        node.set("expressions", compared)
    return node


def _equality(node: exp.Expr, _: Context) -> exp.Expr:
    """`x = ANY (1, 2)` is `x IN (1, 2)`."""
    right = node.expression
    if isinstance(right, exp.Any) and isinstance(right.this, exp.Tuple):
        return exp.In(this=node.this, expressions=right.this.expressions)
    return _comparison(node, _)


def _comparison(node: exp.Expr, _: Context) -> exp.Expr:
    """Rowids are compared as numbers, which have their order."""
    left, right = node.this, node.expression
    if kind_of(left) is Kind.ROWID:
        node.set("expression", _rowid_number(right))
    elif kind_of(right) is Kind.ROWID:
        node.set("this", _rowid_number(left))
    else:
        left, right = zones.comparable([left, right])
        node.set("this", left)
        node.set("expression", right)
    return node


def _between(node: exp.Expr, _: Context) -> exp.Expr:
    if kind_of(node.this) is Kind.ROWID:
        for bound in ("low", "high"):
            node.set(bound, _rowid_number(node.args[bound]))
        return node
    parts = ("this", "low", "high")
    for name, value in zip(parts, zones.comparable([node.args[one] for one in parts]), strict=True):
        node.set(name, value)
    return node


def _rowid_number(value: exp.Expr) -> exp.Expr:
    """The row number that a rowid's text stands for; queries give numbers already."""
    if kind_of(value) is Kind.ROWID or isinstance(value, exp.Subquery | exp.Any | exp.All):
        return value
    return call("ora_rowid_number", as_text(value), kind=Kind.ROWID)


def _select(node: exp.Expr, context: Context) -> exp.Expr:
    """Oracle puts the common columns of USING and NATURAL first in `*`, DuckDB does not."""
    common = [
        join
        for join in node.args.get("joins") or ()
        if join.args.get("using") or join.args.get("method")
    ]
    if common and any(isinstance(item, exp.Star) for item in node.expressions):
        raise unsupported("SELECT * with USING or NATURAL JOIN", context.position(common[0]))
    return node


def _table(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.Table)
    inner = node.this
    if not isinstance(inner, exp.Identifier):
        return node
    owner = node.args.get("db")
    if inner.name.upper() == "DUAL" and (owner is None or owner.name.upper() in ("SYS", "PUBLIC")):
        dummy = exp.alias_(text("X"), exp.to_identifier("DUMMY", quoted=True))
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("DUAL"))
        return exp.Subquery(
            this=exp.Select(expressions=[dummy]), alias=alias, joins=node.args.get("joins")
        )
    return node


def _fetch(node: exp.Expr, _: Context) -> exp.Expr:
    """FETCH FIRST of NULL rows gives none, where DuckDB's LIMIT NULL gives all."""
    count = node.args.get("count")
    if count is not None and not isinstance(count, exp.Literal):
        node.set("count", call("ora_rows_to", count))
    return node


_RULES: dict[type[Any], Callable[[Any, Context], exp.Expr]] = {
    exp.Column: _column,
    exp.Literal: _literal,
    exp.DPipe: _concatenation,
    exp.Add: lambda node, context: arithmetic.add(node, context.position(node)),
    exp.Sub: lambda node, _: arithmetic.subtract(node),
    exp.Mul: lambda node, _: arithmetic.multiply(node),
    exp.Div: lambda node, _: arithmetic.divide(node),
    exp.Cast: _cast,
    exp.Anonymous: _call,
    exp.Dot: _package_call,
    exp.Like: _like,
    exp.In: _in,
    exp.EQ: _equality,
    **dict.fromkeys((exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _comparison),
    exp.Between: _between,
    exp.Select: _select,
    exp.Fetch: _fetch,
    exp.Table: _table,
    exp.AtTimeZone: lambda node, _: zones.at_time_zone(node),
    exp.Extract: lambda node, _: dates.extract(node),
    exp.Interval: lambda node, _: intervals.interval_literal(node),
    exp.Trim: lambda node, _: text_functions.trim(node),
    exp.Window: lambda node, context: aggregates.window(node, context.position(node)),
    exp.WithinGroup: lambda node, context: aggregates.within_group(node, context.position(node)),
    **dict.fromkeys(_CLOCK, _clock),
}
