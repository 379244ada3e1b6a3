"""Helpers that build DuckDB expressions marked with their kind."""

from __future__ import annotations

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.kinds import (
    MOMENTS,
    Kind,
    binary_form,
    fraction_digits,
    has_digits,
    kind_of,
    with_kind,
)

INTERVAL_DIGITS = 6
"""Digits of a second in an interval literal or column; computed intervals have nine."""


def call(name: str, *args: exp.Expr | None, kind: Kind = Kind.UNKNOWN) -> exp.Expr:
    """Build `name(args...)`, without the arguments that are None."""
    given = [arg for arg in args if arg is not None]
    return with_kind(exp.Anonymous(this=name, expressions=given), kind)


def number(value: int) -> exp.Expr:
    """Build an integer literal."""
    literal = exp.Literal.number(abs(value))
    return literal if value >= 0 else exp.Neg(this=literal)


def text(value: str) -> exp.Expr:
    """Build a string literal."""
    return exp.Literal.string(value)


def cast(value: exp.Expr, data_type: exp.DType, kind: Kind | None = None) -> exp.Expr:
    """Build `CAST(value AS data_type)`."""
    node = exp.Cast(this=value, to=exp.DataType(this=data_type))
    return with_kind(node, kind) if kind is not None else node


def date(value: exp.Expr) -> exp.Expr:
    """Convert `value` to an Oracle DATE: a timestamp of whole seconds."""
    return cast(value, exp.DType.TIMESTAMP_S, Kind.DATE)


def null_text() -> exp.Expr:
    """A NULL of text type, which is what '' means in Oracle."""
    return cast(exp.Null(), exp.DType.VARCHAR, Kind.TEXT)


def as_text(value: exp.Expr) -> exp.Expr:
    """Convert `value` to text, as Oracle does implicitly."""
    kind = kind_of(value)
    if kind is Kind.TEXT:
        return value
    if kind is Kind.NULL:
        return null_text()
    if kind is Kind.ROWID:
        return call("ora_rowid", value, kind=Kind.TEXT)
    if kind is Kind.INTERVAL:
        short = fraction_digits(value) == INTERVAL_DIGITS and has_digits(value)
        sizes = (2, INTERVAL_DIGITS) if short else (9, 9)
        return call("ora_interval_text", value, *map(number, sizes), kind=Kind.TEXT)
    if kind in MOMENTS:
        return call("ora_moment_text", value, number(fraction_digits(value)), kind=Kind.TEXT)
    form = binary_form(value)
    name = f"ora_{form}_text" if form is not None else "ora_text"
    return call(name, value, kind=Kind.TEXT)


def paren(value: exp.Expr) -> exp.Expr:
    """Build `(value)`, unless operators around it cannot split it."""
    if isinstance(value, exp.Column | exp.Literal | exp.Anonymous | exp.Paren | exp.Cast):
        return value
    return with_kind(exp.Paren(this=value), kind_of(value))


def case(*branches: tuple[exp.Expr, exp.Expr], default: exp.Expr | None = None) -> exp.Case:
    """Build `CASE WHEN condition THEN value ... ELSE default END`."""
    return exp.Case(
        ifs=[exp.If(this=condition, true=value) for condition, value in branches],
        default=default,
    )


def literal_text(node: exp.Expr | None, what: str) -> str:
    """The value of an argument that must be a string literal.

    Raises:
        OraError: ORA-03001 naming `what` if it is anything else.
    """
    if isinstance(node, exp.Literal) and node.is_string:
        return str(node.this)
    raise unsupported(f"{what} that is not a literal")


def unsupported(construct: str, position: int = 0) -> OraError:
    """The error for a construct that cannot be translated."""
    return OraError(
        3001,
        f"unimplemented feature: {construct} is not translated by the local Oracle",
        position=position,
    )


def isolate(select: exp.Select) -> None:
    """Move a branch of a set operation into a subquery.

    Otherwise its LIMIT, ORDER BY or WITH would apply to the whole operation.
    """
    if isinstance(select.parent, exp.SetOperation):
        inner = select.copy()
        branch = exp.Subquery(
            this=inner, alias=exp.TableAlias(this=exp.to_identifier("ORA$BRANCH"))
        )
        for name in list(select.args):
            select.set(name, None)
        select.set("expressions", [exp.Star()])
        select.set("from_", exp.From(this=branch))
