"""Conditions: operands in one form, lists of binds as one parameter, rowids as numbers."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate import (
    implicit,
)
from tracekit.localdb.translate.binds import MAX_LIST_EXPRESSIONS
from tracekit.localdb.translate.build import (
    as_text,
    call,
)
from tracekit.localdb.translate.column_types import lob_name
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.kinds import (
    Kind,
    kind_of,
    with_kind,
)

CONDITIONS = ("REGEXP_LIKE", "LNNVL")
_OF_CONDITIONS = (exp.Where, exp.Having, exp.Connector, exp.Not, exp.Join, exp.If, exp.When)


def is_condition(node: exp.Expr) -> bool:
    """Whether a node is a condition rather than a value."""
    parent, key = node.parent, node.arg_key
    while isinstance(parent, exp.Paren):
        key, parent = parent.arg_key, parent.parent
    if isinstance(parent, exp.If):
        return key == "this"
    if isinstance(parent, exp.Anonymous):
        return str(parent.this).upper() == "LNNVL"
    return isinstance(parent, (*_OF_CONDITIONS, exp.CheckColumnConstraint))


def like(node: exp.Expr, context: Context) -> exp.Expr:
    """Translate LIKE."""
    operands = {"this": as_text(node.this), "expression": as_text(node.expression)}
    if context.ignore_case:
        return exp.ILike(**{**node.args, **operands})
    for name, value in operands.items():
        node.set(name, value)
    return node


def contained(node: exp.Expr, context: Context) -> exp.Expr:
    """Translate IN of a list, of binds, of tuples or of a query.

    Raises:
        OraError: ORA-01795 if the list is too long; ORA-00932 if an operand is a LOB.
    """
    assert isinstance(node, exp.In)
    values = node.expressions
    _refuse_lobs([node.this, *values], context)
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
    """IN of binds only: pass them as one list parameter."""
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
    """IN of a query with one output: convert it to the subject's form."""
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
    """Convert the values at each position of the tuples to one form."""
    if len({len(one.expressions) for one in tuples}) != 1:
        return  # DuckDB reports this
    columns = [implicit.matched(first, rest) for first, *rest in _columns(tuples)]
    for index, one in enumerate(tuples):
        one.set("expressions", [[subject, *values][index] for subject, values in columns])


def _columns(tuples: list[exp.Tuple]) -> list[tuple[exp.Expr, ...]]:
    return list(zip(*(one.expressions for one in tuples), strict=True))


def equality(node: exp.Expr, context: Context) -> exp.Expr:
    """Translate `=`, unless it is an assignment in UPDATE SET."""
    if isinstance(node.parent, exp.Update) and node.arg_key == "expressions":
        return node
    return comparison(node, context)


def comparison(node: exp.Expr, context: Context) -> exp.Expr:
    """Translate a comparison; rowids are compared as numbers, which sort like them.

    Raises:
        OraError: ORA-00932 if an operand is a LOB.
    """
    left, right = node.this, node.expression
    _refuse_lobs([left, right], context)
    tuples = [left.unnest(), right.unnest()]
    if all(isinstance(one, exp.Tuple) for one in tuples):
        _match_tuples(tuples)
    elif kind_of(left) is Kind.ROWID:
        node.set("expression", _rowid_number(right))
    elif kind_of(right) is Kind.ROWID:
        node.set("this", _rowid_number(left))
    elif not isinstance(right, exp.Any | exp.All | exp.Tuple):
        left, right = implicit.compared(left, right)
        node.set("this", left)
        node.set("expression", right)
    return node


def refuse_lob_keys(tree: exp.Expr, context: Context) -> None:
    """Refuse to sort, group or make distinct by LOBs.

    Raises:
        OraError: ORA-00932 if a key is a LOB.
    """
    for ordered in tree.find_all(exp.Ordered):
        _refuse_lobs([ordered.this], context)
    for group in tree.find_all(exp.Group):
        _refuse_lobs(group.expressions, context)
    for select in tree.find_all(exp.Select):
        if select.args.get("distinct"):
            _refuse_lobs([item.unalias() for item in select.expressions], context)


def _refuse_lobs(operands: Iterable[exp.Expr], context: Context) -> None:
    for operand in operands:
        name = lob_name(operand.unnest())
        if name:
            message = f"inconsistent datatypes: expected - got {name}"
            raise OraError(932, message, position=context.position(operand))


def between(node: exp.Expr, context: Context) -> exp.Expr:
    """BETWEEN, with its operands in one form.

    Raises:
        OraError: ORA-00932 if an operand is a LOB.
    """
    _refuse_lobs([node.this, node.args["low"], node.args["high"]], context)
    if kind_of(node.this) is Kind.ROWID:
        for bound in ("low", "high"):
            node.set(bound, _rowid_number(node.args[bound]))
        return node
    subject, (low, high) = implicit.matched(node.this, [node.args["low"], node.args["high"]])
    node.set("this", subject)
    node.set("low", low)
    node.set("high", high)
    return node


def _rowid_number(value: exp.Expr) -> exp.Expr:
    """The row number in a rowid's text; queries return numbers already."""
    if kind_of(value) is Kind.ROWID or isinstance(value, exp.Subquery | exp.Any | exp.All):
        return value
    return call("ora_rowid_number", as_text(value), kind=Kind.ROWID)
