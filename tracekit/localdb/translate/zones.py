"""Time zones, and conversions between the date and timestamp types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import as_text, call, number, unsupported
from tracekit.localdb.translate.kinds import (
    MOMENTS,
    Kind,
    fraction_digits,
    kind_of,
    with_digits,
    with_kind,
)
from tracekit.localdb.translate.moment_reader import zone_offset
from tracekit.localdb.translate.types import DeclaredType

_MICROSECOND_DIGITS = 6
_MAX_DIGITS = 9


def zoned(value: exp.Expr) -> exp.Expr:
    """Convert `value` to TIMESTAMP WITH TIME ZONE; without a zone it is in the session's."""
    if kind_of(value) is Kind.ZONED:
        return value
    return _like(value, call("ora_zoned", value, kind=Kind.ZONED))


def _like(value: exp.Expr, made: exp.Expr) -> exp.Expr:
    return with_digits(made, fraction_digits(value))


def offset_of(zone: exp.Expr | None) -> exp.Expr:
    """The offset in minutes of a time zone expression."""
    if isinstance(zone, exp.Literal) and zone.is_string:
        return number(zone_offset(str(zone.this)))
    if isinstance(zone, exp.Expr):
        return call("ora_zone_minutes", as_text(zone))
    return call("ora_zone")


def tz_offset(args: Sequence[exp.Expr]) -> exp.Expr:
    """TZ_OFFSET(zone)."""
    return call("ora_offset_text", offset_of(args[0]), kind=Kind.TEXT)


def at_time_zone(node: exp.AtTimeZone) -> exp.Expr:
    """Translate `x AT TIME ZONE zone`."""
    _refuse_unwritten(node)
    moved = call("ora_at_zone", zoned(node.this), offset_of(node.args["zone"]), kind=Kind.ZONED)
    return _like(node.this, moved)


def _refuse_unwritten(node: exp.AtTimeZone) -> None:
    """`SET t = t AT TIME ZONE zone`: DuckDB does not write a value that equals the old one."""
    assignment = node.parent
    if (
        isinstance(assignment, exp.EQ)
        and isinstance(assignment.parent, exp.Update)
        and kind_of(node.this) is Kind.ZONED
        and isinstance(node.this, exp.Column)
        and node.this.name == assignment.this.name
    ):
        raise unsupported(f"another offset of the same instant in SET {node.this.name}")


def from_tz(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate FROM_TZ(timestamp, zone)."""
    if kind_of(args[0]) not in (Kind.TIMESTAMP, Kind.UNKNOWN, Kind.NULL):
        raise OraError(932, "inconsistent datatypes: expected TIMESTAMP")
    made = call("ora_from_tz", args[0], offset_of(args[1]), kind=Kind.ZONED)
    return _like(args[0], made)


_CLOCK_TYPES = {Kind.ZONED: "TIMESTAMP WITH TIME ZONE", Kind.TIMESTAMP: "TIMESTAMP"}


def clock(name: str, kind: Kind) -> Callable[[Sequence[exp.Expr]], exp.Expr]:
    """The rule of a clock function with digits: CURRENT_TIMESTAMP(3)."""

    def rule(args: Sequence[exp.Expr]) -> exp.Expr:
        digits = args[0]
        if not isinstance(digits, exp.Literal) or not str(digits.this).isdigit():
            raise unsupported("a clock with digits that are not a literal")
        if int(digits.this) > _MAX_DIGITS:
            raise OraError(30088, "datetime/interval precision is out of range")
        declared = DeclaredType(_CLOCK_TYPES[kind], scale=int(digits.this))
        return as_declared(call(name, kind=kind), declared)

    return rule


def extract_utc(args: Sequence[exp.Expr]) -> exp.Expr:
    """Translate SYS_EXTRACT_UTC(moment)."""
    return _like(args[0], call("ora_utc_of", zoned(args[0]), kind=Kind.TIMESTAMP))


def as_declared(value: exp.Expr, declared: DeclaredType) -> exp.Expr:
    """Convert `value` to a declared date or timestamp type; other types are left unchanged."""
    digits = _MICROSECOND_DIGITS if declared.scale is None else declared.scale
    if declared.name == "DATE":
        return value if kind_of(value) is Kind.DATE else call("ora_to_date", value, kind=Kind.DATE)
    if declared.name == "TIMESTAMP":
        name = "ora_to_nano" if digits > _MICROSECOND_DIGITS else "ora_to_timestamp"
        made = call(name, value, number(digits), kind=Kind.TIMESTAMP)
    elif declared.name == "TIMESTAMP WITH TIME ZONE":
        made = call("ora_zoned", value) if kind_of(value) is not Kind.ZONED else value
        made = with_kind(_rounded("ora_round_zoned", made, digits, _MAX_DIGITS), Kind.ZONED)
    elif declared.name == "TIMESTAMP WITH LOCAL TIME ZONE":
        made = call("ora_local", value) if kind_of(value) is not Kind.LOCAL else value
        made = _rounded("ora_round_local", made, digits, _MICROSECOND_DIGITS)
        made = with_kind(made, Kind.LOCAL)
    else:
        return value
    return with_digits(made, digits)


def _rounded(name: str, value: exp.Expr, digits: int, all_digits: int) -> exp.Expr:
    return value if digits >= all_digits else call(name, value, number(digits))


_NOW = {
    "ora_systimestamp": ("ora_utc", 0),
    "ora_current_timestamp": ("ora_localtimestamp", None),
}
"""For each clock with a time zone: its local time, and its offset if it is not the session's."""


def as_default(value: exp.Expr, declared: DeclaredType) -> exp.Expr:
    """Convert a column's default to its type, without what DuckDB refuses in a default.

    Raises:
        OraError: ORA-03001 for a moment with a time zone that is not a clock function.
    """
    inner = value.unnest()
    minutes: exp.Expr = call("ora_zone")
    if kind_of(inner) is Kind.ZONED:
        if not isinstance(inner, exp.Anonymous) or inner.this not in _NOW:
            raise unsupported("a default that is a moment with a time zone")
        name, offset = _NOW[inner.this]
        inner = call(name, kind=Kind.TIMESTAMP)
        minutes = minutes if offset is None else number(offset)
    if declared.name == "TIMESTAMP WITH TIME ZONE":
        return call("ora_default_zoned", inner, minutes, kind=Kind.ZONED)
    return as_declared(inner, declared)


def comparable(values: Sequence[exp.Expr]) -> list[exp.Expr]:
    """Convert the operands of a comparison to one type of moment.

    Text is read with the session's format; a moment without a time zone is in the session's.
    """
    kinds = {kind_of(value) for value in values}
    if not kinds & set(MOMENTS):
        return list(values)
    if Kind.ZONED in kinds:
        wanted, name = Kind.ZONED, "ora_zoned"
    elif Kind.LOCAL in kinds:
        wanted, name = Kind.LOCAL, "ora_local"
    elif Kind.TIMESTAMP in kinds:
        wanted, name = Kind.TIMESTAMP, "ora_moment_in_timestamps"
    else:
        wanted, name = Kind.DATE, "ora_moment"
    return [_converted(value, wanted, name) for value in values]


def _converted(value: exp.Expr, wanted: Kind, name: str) -> exp.Expr:
    kind = kind_of(value)
    if kind in (wanted, Kind.NULL) or isinstance(value, exp.Subquery | exp.Any | exp.All):
        return value
    if wanted in (Kind.DATE, Kind.TIMESTAMP) and kind in MOMENTS:
        return value  # DuckDB compares these types itself
    if kind is Kind.UNKNOWN and (value.find(exp.Placeholder) and not value.find(exp.Column)):
        return value  # binds of unknown type: the statement is only described
    return call(name, value, kind=wanted)
