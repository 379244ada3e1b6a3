"""References to columns, pseudo-columns and clocks."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import (
    aliases,
    zones,
)
from tracekit.localdb.translate.build import (
    call,
    cast,
    text,
    unsupported,
)
from tracekit.localdb.translate.column_types import column_type
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.kinds import (
    Kind,
    with_kind,
)
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.number_types import (
    DOUBLE,
    FLOAT,
    Exact,
    constant,
    with_number,
)
from tracekit.localdb.translate.types import DeclaredType


def column(node: exp.Expr, context: Context) -> exp.Expr:
    """Record the type of a column reference, or translate a pseudo-column to its function."""
    assert isinstance(node, exp.Column)
    identifier = node.this
    if not isinstance(identifier, exp.Identifier):
        return node
    asked = node.name
    if not identifier.quoted and asked.upper() == "ROWID":
        return _rowid(node, context)  # never a column, so no source need be known
    context.scopes.mark(node)
    if node.name != asked and isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
        return exp.Alias(this=node.copy(), alias=exp.to_identifier(asked, quoted=True))
    aliases.refuse_qualified_common(node)
    aliases.qualify(node, context.scopes)
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
    if name == "LEVEL":
        raise OraError(*NO_CONNECT_BY, position=context.position(node))
    if name in ("ORA_ROWSCN", "ROWNUM"):
        raise unsupported(name, context.position(node))
    return node


def _is_undeclared_instant(node: exp.Column) -> bool:
    """Whether an expression uses a DuckDB file's TIMESTAMPTZ column, an instant in UTC."""
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
        return with_number(call(name.lower(), text(path)), Exact(19))
    return node


def _rowid(node: exp.Column, context: Context) -> exp.Expr:
    """Translate ROWID to DuckDB's row number, and convert what it is compared with."""
    number = exp.Column(this=exp.to_identifier("ROWID", quoted=True), table=node.args.get("table"))
    with_kind(number, Kind.ROWID)
    if node.find_ancestor(exp.Returning):  # DuckDB has no row number there
        raise unsupported("RETURNING of ROWID", context.position(node))
    return number


def _binary_constant(form: str, value: str, _: Context) -> exp.Expr:
    is_double = form == "DOUBLE"
    node = cast(text(value), exp.DType.DOUBLE if is_double else exp.DType.FLOAT)
    return with_number(node, DOUBLE if is_double else FLOAT)


_PSEUDO_COLUMNS: dict[str, Callable[[Context], exp.Expr]] = {
    "SYSDATE": lambda _: call("ora_sysdate", kind=Kind.DATE),
    "USER": lambda context: text(context.user),
    "UID": lambda _: constant(Decimal(100)),
    **{
        f"BINARY_{form}_{name}": partial(_binary_constant, form, value)
        for form in ("DOUBLE", "FLOAT")
        for name, value in (("NAN", "nan"), ("INFINITY", "inf"))
    },
    "SESSIONTIMEZONE": lambda _: call("ora_session_zone", kind=Kind.TEXT),
    "DBTIMEZONE": lambda _: text("+00:00"),
}
NO_CONNECT_BY = (1788, "CONNECT BY clause required in this query block")
CLOCK: dict[type[Any], tuple[str, Kind]] = {
    exp.CurrentDate: ("ora_current_date", Kind.DATE),
    exp.CurrentTimestamp: ("ora_current_timestamp", Kind.ZONED),
    exp.Systimestamp: ("ora_systimestamp", Kind.ZONED),
    exp.Localtimestamp: ("ora_localtimestamp", Kind.TIMESTAMP),
}


_CLOCK_TYPES = {Kind.ZONED: "TIMESTAMP WITH TIME ZONE", Kind.TIMESTAMP: "TIMESTAMP"}


def clock(node: exp.Expr, _: Context) -> exp.Expr:
    """Translate SYSTIMESTAMP and other clocks, with or without digits."""
    name, kind = CLOCK[type(node)]
    now = call(name, kind=kind)
    digits = node.this
    if isinstance(digits, exp.Literal):
        return zones.as_declared(now, DeclaredType(_CLOCK_TYPES[kind], scale=int(digits.this)))
    return now
