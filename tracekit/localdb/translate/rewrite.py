"""Rewrite a parsed statement's expressions from Oracle's meaning to DuckDB's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import (
    aggregates,
    aliases,
    arithmetic,
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
from tracekit.localdb.translate.binds import MAX_LIST_EXPRESSIONS, Prepared
from tracekit.localdb.translate.build import (
    as_text,
    call,
    cast,
    null_text,
    text,
    unsupported,
)
from tracekit.localdb.translate.char_comparisons import pad_chars
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
    Exact,
    as_double,
    as_float,
    as_free,
    constant,
    like_one_of,
    with_number,
)
from tracekit.localdb.translate.scopes import Scopes, column_type, in_order
from tracekit.localdb.translate.session_context import sys_context, userenv
from tracekit.localdb.translate.text_types import text_type, varies, with_text_type
from tracekit.localdb.translate.types import FLOAT_BITS, DeclaredType, read_type


@dataclass(frozen=True)
class Context:
    """What rewriting needs to know beside the tree."""

    prepared: Prepared
    current_schema: str
    user: str
    scopes: Scopes
    ignore_case: bool = False
    """The session compares text without regard to case."""

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
            known = DeclaredType("VARCHAR2", length=len(replacement.this))  # USER, for instance
        with_text_type(replacement, known, varies=varies(node))
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
        return with_number(call(name.lower(), text(path)), Exact(19))
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
    """'' is NULL, except where it is part of a type or an option; numbers have all their digits."""
    assert isinstance(node, exp.Literal)
    if isinstance(node.parent, exp.DataTypeParam) or is_marked(node):
        return node
    if not node.is_string:
        return constant(Decimal(node.this))
    return node if node.this else null_text()


def _placeholder(node: exp.Expr, context: Context) -> exp.Expr:
    """A bind is what its values are; binary literals (`1.5d`) come as placeholders, too."""
    name = str(node.this)
    literal = context.prepared.binary_literals.get(name)
    if literal is not None:
        data_type = exp.DType.FLOAT if literal[-1] in "fF" else exp.DType.DOUBLE
        value = cast(text(literal[:-1]), data_type)
        return with_number(value, FLOAT if literal[-1] in "fF" else DOUBLE)
    if name.startswith("l"):
        return node  # the list is taken apart by the condition it stands in
    return context.prepared.bind_form(name).of_value(node.copy())


def _concatenation(node: exp.Expr, _: Context) -> exp.Expr:
    if isinstance(node.parent, exp.DPipe):
        return node
    operands = node.flatten(unnest=False)
    return text_functions.concatenate(list(operands))


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
    if declared.name == "NUMBER" and declared.precision is declared.scale is None:
        return as_free(as_number(value))
    if stored.this is exp.DType.VARCHAR:
        shortened = as_text(value)
        if kind_of(value) is Kind.NUMBER and declared.length is not None:
            shortened = call("ora_number_chars", shortened, exp.Literal.number(declared.length))
        elif declared.length is not None and declared.name != "CLOB":
            shortened = call("left", shortened, exp.Literal.number(declared.length))
            if declared.name in ("CHAR", "NCHAR"):
                shortened = call("rpad", shortened, exp.Literal.number(declared.length), text(" "))
        return with_kind(shortened, Kind.TEXT)
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
    if name in _CONDITIONS and not _is_condition(node):
        raise OraError(904, f'"{name}": invalid identifier', position=context.position(node))
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


_CONDITIONS = ("REGEXP_LIKE", "LNNVL")
_OF_CONDITIONS = (exp.Where, exp.Having, exp.Connector, exp.Not, exp.Join, exp.If, exp.When)


def _is_condition(node: exp.Expr) -> bool:
    """Whether a condition stands where one may."""
    parent, key = node.parent, node.arg_key
    while isinstance(parent, exp.Paren):
        key, parent = parent.arg_key, parent.parent
    if isinstance(parent, exp.If):
        return key == "this"
    if isinstance(parent, exp.Anonymous):
        return str(parent.this).upper() == "LNNVL"
    return isinstance(parent, (*_OF_CONDITIONS, exp.CheckColumnConstraint))


def _package_call(node: exp.Expr, context: Context) -> exp.Expr:
    if is_package_function(node):
        return package_function(node, context.position(node))  # type: ignore[arg-type]
    return node


def _like(node: exp.Expr, context: Context) -> exp.Expr:
    operands = {"this": as_text(node.this), "expression": as_text(node.expression)}
    if context.ignore_case:
        return exp.ILike(**operands)
    for name, value in operands.items():
        node.set(name, value)
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
        return _in_list(node, context)
    if kind_of(node.this) is Kind.ROWID:
        node.set("expressions", [_rowid_number(value) for value in values])
        return node
    query = node.args.get("query")
    if query is not None:
        return _in_query(node)
    tuples = [one.unnest() for one in [node.this, *values]]
    if all(isinstance(one, exp.Tuple) for one in tuples):
        _match_tuples(tuples)
        return node
    subject, values = implicit.matched(node.this, values)
    node.set("this", subject)
    node.set("expressions", values)
    return node


def _in_list(node: exp.In, context: Context) -> exp.Expr:
    """IN of binds only: they are one list parameter."""
    placeholder = node.expressions[0]
    form = context.prepared.bind_form(str(placeholder.this))
    if kind_of(node.this) is Kind.ROWID:
        subject: exp.Expr = node.this
        value = _rowid_number(with_kind(call("unnest", placeholder.copy()), Kind.TEXT))
    else:
        subject, values = implicit.matched(node.this, [form.of_list(placeholder.copy())])
        value = values[0]
    listed = exp.Select(expressions=[value])
    return exp.In(this=subject, query=exp.Subquery(this=listed))


def _in_query(node: exp.In) -> exp.Expr:
    """IN of a query with one output, in the form that the subject has."""
    select = node.args["query"].unnest()
    items = select.expressions if isinstance(select, exp.Select) else []
    if len(items) != 1 or isinstance(items[0], exp.Star) or kind_of(items[0]) is Kind.ROWID:
        return node
    item = items[0]
    inner = item.this if isinstance(item, exp.Alias) else item
    if kind_of(node.this) is Kind.ROWID or select.args.get("distinct"):
        return node
    subject, values = implicit.matched(node.this, [inner])
    node.set("this", subject)
    if values[0] is not inner:
        select.set("expressions", [values[0]])
    return node


def _match_tuples(tuples: list[exp.Tuple]) -> None:
    """The values that stand at the same place, in one form."""
    if len({len(one.expressions) for one in tuples}) != 1:
        return  # DuckDB says so
    columns = [implicit.matched(first, rest) for first, *rest in _columns(tuples)]
    for index, one in enumerate(tuples):
        one.set("expressions", [[subject, *values][index] for subject, values in columns])


def _columns(tuples: list[exp.Tuple]) -> list[tuple[exp.Expr, ...]]:
    return list(zip(*(one.expressions for one in tuples), strict=True))


def _equality(node: exp.Expr, context: Context) -> exp.Expr:
    """In UPDATE SET it is no comparison."""
    if isinstance(node.parent, exp.Update) and node.arg_key == "expressions":
        return node
    return _comparison(node, context)


def _comparison(node: exp.Expr, _: Context) -> exp.Expr:
    """Rowids are compared as numbers, which have their order."""
    left, right = node.this, node.expression
    if kind_of(left) is Kind.ROWID:
        node.set("expression", _rowid_number(right))
    elif kind_of(right) is Kind.ROWID:
        node.set("this", _rowid_number(left))
    elif not isinstance(right, exp.Any | exp.All | exp.Tuple):
        left, right = implicit.compared(left, right)
        node.set("this", left)
        node.set("expression", right)
    return node


def _between(node: exp.Expr, _: Context) -> exp.Expr:
    if kind_of(node.this) is Kind.ROWID:
        for bound in ("low", "high"):
            node.set(bound, _rowid_number(node.args[bound]))
        return node
    subject, (low, high) = implicit.matched(node.this, [node.args["low"], node.args["high"]])
    node.set("this", subject)
    node.set("low", low)
    node.set("high", high)
    return node


def _case(node: exp.Expr, _: Context) -> exp.Expr:
    """The results of CASE are of one kind; what a simple CASE compares is made so."""
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
        subject, values = implicit.matched(node.this, [branch.this for branch in branches])
        node.set("this", subject)
        for branch, value in zip(branches, values, strict=True):
            branch.set("this", value)
    return like_one_of(node, same)


def _rowid_number(value: exp.Expr) -> exp.Expr:
    """The row number that a rowid's text stands for; queries give numbers already."""
    if kind_of(value) is Kind.ROWID or isinstance(value, exp.Subquery | exp.Any | exp.All):
        return value
    return call("ora_rowid_number", as_text(value), kind=Kind.ROWID)


def _select(node: exp.Expr, context: Context) -> exp.Expr:
    """Oracle puts the common columns of USING and NATURAL first in `*`, DuckDB does not."""
    if set_operations.is_anchor(node):
        set_operations.free_outputs(node)
    aliases.refuse_in_groups(node, context.scopes, context.position)
    aliases.refuse_unselected_order(node)
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
        letter = text("X")
        with_text_type(letter, DeclaredType("VARCHAR2", length=1))
        dummy = exp.alias_(letter, exp.to_identifier("DUMMY", quoted=True))
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("DUAL"))
        return exp.Subquery(
            this=exp.Select(expressions=[dummy]), alias=alias, joins=node.args.get("joins")
        )
    return node


def _fetch(node: exp.Expr, _: Context) -> exp.Expr:
    """FETCH FIRST of NULL rows gives none, where DuckDB's LIMIT NULL gives all."""
    count = node.args.get("count")
    if count is not None and not isinstance(count, exp.Literal):
        node.set("count", call("ora_rows_to", as_double(count)))
    return node


def _offset(node: exp.Expr, _: Context) -> exp.Expr:
    if not isinstance(node.expression, exp.Literal):
        node.set("expression", call("ora_rows_to", as_double(node.expression)))
    return node


def _set_operation(node: exp.Expr, context: Context) -> exp.Expr:
    assert isinstance(node, exp.SetOperation)
    set_operations.unify(node, context.scopes)
    return node


_RULES: dict[type[Any], Callable[[Any, Context], exp.Expr]] = {
    exp.Column: _column,
    exp.Literal: _literal,
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
    exp.Like: _like,
    exp.In: _in,
    exp.EQ: _equality,
    **dict.fromkeys((exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _comparison),
    exp.Between: _between,
    exp.Select: _select,
    exp.Fetch: _fetch,
    exp.Offset: _offset,
    exp.Table: _table,
    exp.AtTimeZone: lambda node, _: zones.at_time_zone(node),
    exp.Extract: lambda node, _: dates.extract(node),
    exp.Interval: lambda node, _: intervals.interval_literal(node),
    exp.Trim: lambda node, _: text_functions.trim(node),
    exp.Window: lambda node, context: aggregates.window(node, context.position(node)),
    exp.WithinGroup: lambda node, context: aggregates.within_group(node, context.position(node)),
    **dict.fromkeys(_CLOCK, _clock),
}
