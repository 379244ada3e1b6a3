"""The kinds of values that expressions have, as far as the statement's text shows."""

from __future__ import annotations

from enum import Enum

from sqlglot import exp


class Kind(Enum):
    """The families of types that Oracle's operators treat differently."""

    UNKNOWN = "unknown"
    NULL = "null"
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TIMESTAMP = "timestamp"
    ZONED = "timestamp with time zone"
    LOCAL = "timestamp with local time zone"
    INTERVAL = "interval"
    ROWID = "rowid"


_META = "ora_kind"
MOMENTS = (Kind.DATE, Kind.TIMESTAMP, Kind.ZONED, Kind.LOCAL)
_PRECISION_META = "ora_precision"
_DIGITS_META = "ora_digits"
_BINARY_META = "ora_binary"
_MONTHS_META = "ora_months"
_DEFAULT_DIGITS = 6
_NUMERIC_TYPES = exp.DataType.NUMERIC_TYPES
_TEXT_TYPES = exp.DataType.TEXT_TYPES


def with_kind(node: exp.Expr, kind: Kind) -> exp.Expr:
    """Mark `node` as being of `kind`."""
    node.meta[_META] = kind
    return node


def with_precision(node: exp.Expr) -> exp.Expr:
    """Mark `node` as a number whose precision the client stated."""
    node.meta[_PRECISION_META] = True
    return node


def has_precision(node: exp.Expr) -> bool:
    """Whether the client stated the precision of this number."""
    return _PRECISION_META in node.meta


def with_binary_form(node: exp.Expr, form: str) -> exp.Expr:
    """Mark `node` as a binary number: "double" or "float"."""
    node.meta[_BINARY_META] = form
    return node


def binary_form(node: exp.Expr) -> str | None:
    """The form of a binary number, "double" or "float"; None for anything else."""
    marked = node.meta.get(_BINARY_META)
    if marked is None and isinstance(node, exp.Paren | exp.Alias | exp.Neg | exp.Window):
        return binary_form(node.this)
    return marked if isinstance(marked, str) else None


def with_months(node: exp.Expr) -> exp.Expr:
    """Mark `node` as an interval of years and months."""
    node.meta[_MONTHS_META] = True
    return with_kind(node, Kind.INTERVAL)


def is_months(node: exp.Expr) -> bool:
    """Whether it is an interval of years and months, or computed from one."""
    if _MONTHS_META in node.meta:
        return True
    if isinstance(node, exp.Query) or kind_of(node) in MOMENTS:
        return False
    return any(is_months(child) for child in node.iter_expressions())


def with_digits(node: exp.Expr, digits: int) -> exp.Expr:
    """Mark `node` as having this many digits of a second."""
    node.meta[_DIGITS_META] = digits
    return node


def has_digits(node: exp.Expr) -> bool:
    """Whether the type of a literal or column shows its digits of a second."""
    inner = node.unnest()
    return _DIGITS_META in inner.meta


def fraction_digits(node: exp.Expr) -> int:
    """The number of digits of a second that a timestamp's type has."""
    marked = node.meta.get(_DIGITS_META)
    if isinstance(marked, int):
        return marked
    inner = node.this if isinstance(node, exp.Paren | exp.Alias) else None
    return fraction_digits(inner) if isinstance(inner, exp.Expr) else _DEFAULT_DIGITS


def is_marked(node: exp.Expr) -> bool:
    """Whether a rule built `node`, so that it needs no rewriting."""
    return _META in node.meta


def kind_of(node: exp.Expr | None) -> Kind:
    """The kind of a rewritten expression; UNKNOWN if it depends on the schema."""
    if node is None:
        return Kind.NULL
    marked = node.meta.get(_META)
    if isinstance(marked, Kind):
        return marked
    if isinstance(node, exp.Literal):
        return Kind.TEXT if node.is_string else Kind.NUMBER
    if isinstance(node, exp.Null):
        return Kind.NULL
    if isinstance(node, exp.Paren | exp.Alias | exp.Neg | exp.Window | exp.WithinGroup):
        return kind_of(node.this)
    if isinstance(node, exp.Mul | exp.Div | exp.Mod):
        return Kind.NUMBER
    if isinstance(node, exp.Case):
        return kind_among([branch.args["true"] for branch in node.args["ifs"]], node)
    if isinstance(node, exp.Cast):
        return kind_of_type(node.to)
    if isinstance(node, exp.Interval):
        return Kind.INTERVAL
    only = only_output(node)
    return kind_of(only) if only is not None else Kind.UNKNOWN


def only_output(node: exp.Expr) -> exp.Expr | None:
    """The output of a scalar subquery, or of ANY or ALL of a query; None for anything else."""
    inner = node.this if isinstance(node, exp.Any | exp.All) else node
    query = inner.this if isinstance(inner, exp.Subquery) else None
    while isinstance(query, exp.Subquery | exp.SetOperation):
        query = query.this
    if isinstance(query, exp.Select) and len(query.expressions) == 1:
        only: exp.Expr = query.expressions[0]
        return only
    return None


def kind_among(values: list[exp.Expr], case: exp.Case | None = None) -> Kind:
    """The first known kind among values; Oracle types CASE, NVL and similar functions this way."""
    default = case.args.get("default") if case is not None else None
    for value in [*values, *([default] if default is not None else [])]:
        kind = kind_of(value)
        if kind is not Kind.NULL:
            return kind
    return Kind.NULL


def kind_of_type(data_type: exp.DataType) -> Kind:
    """The kind of values of a DuckDB type."""
    name = data_type.this
    if name is exp.DType.TIMESTAMP_S:
        return Kind.DATE
    if name in (exp.DType.TIMESTAMP, exp.DType.TIMESTAMP_NS):
        return Kind.TIMESTAMP
    if name is exp.DType.TIMESTAMPTZ:
        return Kind.LOCAL
    if name is exp.DType.INTERVAL or isinstance(name, exp.Interval):
        return Kind.INTERVAL
    if name in _NUMERIC_TYPES:
        return Kind.NUMBER
    if name in _TEXT_TYPES:
        return Kind.TEXT
    return Kind.UNKNOWN
