"""What the translation knows of the type of a column or an output."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from sqlglot import exp

from tracekit.localdb.translate.build import INTERVAL_DIGITS
from tracekit.localdb.translate.kinds import (
    MOMENTS,
    Kind,
    fraction_digits,
    has_digits,
    is_months,
    kind_of,
    with_digits,
    with_kind,
    with_months,
)
from tracekit.localdb.translate.number_types import (
    DOUBLE,
    FLOAT,
    FREE,
    Exact,
    NumberType,
    number_type,
    with_number,
)
from tracekit.localdb.translate.text_types import is_null, merge, text_type, varies, with_text_type
from tracekit.localdb.translate.types import ZONED_TYPE, DeclaredType

_TYPE_META = "ora_column_type"
_MONTHS = "INTERVAL YEAR TO MONTH"
LOB_META = "ora_lob"
"""Marks the result of TO_CLOB."""


@dataclass(frozen=True)
class ColumnType:
    """What the translation knows about a table's column."""

    stored: str
    """DuckDB's type, in upper case."""
    declared: DeclaredType | None = None
    """The type in the Oracle DDL that made the table; for an expression, its text type."""
    nullable: bool = True
    varies: bool = False
    """True for a CHAR expression whose values can be shorter than its length."""
    on_null: str = ""
    """What INSERT stores instead of NULL, in DuckDB's dialect (DEFAULT ON NULL)."""
    spelled: str = ""
    """The name as a DuckDB file not made by Oracle DDL spells it; it can have small letters."""

    @property
    def kind(self) -> Kind:
        """The family its type belongs to."""
        if self.number is not None:
            return Kind.NUMBER
        return _KINDS.get(self.stored, Kind.UNKNOWN)

    @property
    def number(self) -> NumberType | None:
        """How its numbers are stored; None for other types."""
        decimal = _DECIMAL.fullmatch(self.stored)
        return Exact(int(decimal[1]), int(decimal[2])) if decimal else _NUMBERS.get(self.stored)


@dataclass(frozen=True)
class ValueType:
    """What the translation knows about a computed output."""

    kind: Kind
    number: NumberType | None = None


_KINDS = {
    "VARCHAR": Kind.TEXT,
    "TIMESTAMP_S": Kind.DATE,
    "DATE": Kind.DATE,
    "TIMESTAMP": Kind.TIMESTAMP,
    "TIMESTAMP_MS": Kind.TIMESTAMP,
    "TIMESTAMP_NS": Kind.TIMESTAMP,
    "INTERVAL": Kind.INTERVAL,
    ZONED_TYPE: Kind.ZONED,
    "TIMESTAMP WITH TIME ZONE": Kind.LOCAL,
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_NUMBERS: dict[str, NumberType] = {
    "TINYINT": Exact(3),
    "UTINYINT": Exact(3),
    "SMALLINT": Exact(5),
    "USMALLINT": Exact(5),
    "INTEGER": Exact(10),
    "UINTEGER": Exact(10),
    "BIGINT": Exact(19),
    "UBIGINT": Exact(20),
    "HUGEINT": Exact(38),
    "BIT": FREE,
    "DOUBLE": DOUBLE,
    "FLOAT": FLOAT,
}

Columns: TypeAlias = Mapping[str, ColumnType]
"""A table's columns by name."""
ColumnsOf: TypeAlias = Callable[[str | None, str], Columns]
"""The columns of a table by schema (None for the current one) and name; empty if unknown."""
Output: TypeAlias = ColumnType | ValueType
"""What the translation knows about an output column."""


def column_type(node: exp.Expr | None) -> ColumnType | None:
    """The type of a column reference that `Scopes.mark` found."""
    found = node.meta.get(_TYPE_META) if node is not None else None
    return found if isinstance(found, ColumnType) else None


def mark_with(column: exp.Column, found: Output) -> exp.Column:
    """Record the type of a column reference."""
    if isinstance(found, ColumnType):
        column.meta[_TYPE_META] = found
        if found.kind in MOMENTS and found.declared is not None:
            with_digits(column, found.declared.scale or 0)
        elif found.kind is Kind.INTERVAL:
            with_digits(column, INTERVAL_DIGITS)
        with_text_type(column, found.declared, varies=found.varies)
    if found.number is not None:
        with_number(column, found.number)
    elif found.kind is not Kind.UNKNOWN:
        with_kind(column, found.kind)
    declared = found.declared if isinstance(found, ColumnType) else None
    if declared is not None and declared.name == _MONTHS:
        with_months(column)
    return column


def is_raw(node: exp.Expr) -> bool:
    """Whether it is a RAW's column, or made of hexadecimal digits."""
    known = column_type(node)
    declared = known.declared.name if known is not None and known.declared else ""
    made = isinstance(node, exp.Anonymous) and node.this == "ora_hex_to_raw"
    return declared == "RAW" or made


def may_be_lob(node: exp.Expr) -> bool:
    """Whether a value comes from a CLOB column or from TO_CLOB."""
    for part in node.walk():
        known = column_type(part)
        declared = known.declared.name if known is not None and known.declared else ""
        if declared in ("CLOB", "NCLOB", "LONG") or part.meta.get(LOB_META):
            return True
    return False


def lob_name(node: exp.Expr) -> str:
    """CLOB, NCLOB or BLOB for a LOB's column and what TO_CLOB returns; "" for other values."""
    if node.meta.get(LOB_META):
        return "CLOB"
    known = column_type(node)
    declared = known.declared.name if known is not None and known.declared else ""
    return declared if declared in ("CLOB", "NCLOB", "BLOB") else ""


def output_type(node: exp.Expr) -> Output:
    """The type of an output: a column's type, a text type, or a kind of value."""
    found, text = column_type(node), text_type(node)
    if found is not None and text in (None, found.declared):
        return replace(found, spelled="")
    if is_null(node):
        return ValueType(Kind.NULL)
    if text is not None:
        stored = "BLOB" if text.name == "BLOB" else "VARCHAR"
        return ColumnType(stored, text, varies=varies(node))
    declared = _moment_type(node)
    if declared is not None:
        return ColumnType(_STORED_MOMENTS[declared.name], declared)
    if kind_of(node) is Kind.INTERVAL and is_months(node):
        return ColumnType("INTERVAL", DeclaredType(_MONTHS, precision=9))
    return ValueType(kind_of(node), number_type(node))


_STORED_MOMENTS = {
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": ZONED_TYPE,
    "TIMESTAMP WITH LOCAL TIME ZONE": "TIMESTAMP WITH TIME ZONE",
}
_MOMENT_NAMES = {
    Kind.TIMESTAMP: "TIMESTAMP",
    Kind.ZONED: "TIMESTAMP WITH TIME ZONE",
    Kind.LOCAL: "TIMESTAMP WITH LOCAL TIME ZONE",
}
_MICROSECOND_DIGITS = 6


def _moment_type(node: exp.Expr) -> DeclaredType | None:
    """The type of a moment with up to six digits of a second; more need other columns."""
    name, digits = _MOMENT_NAMES.get(kind_of(node)), fraction_digits(node)
    stated = has_digits(node) or kind_of(node) is Kind.ZONED
    if name is None or not stated or digits > _MICROSECOND_DIGITS:
        return None
    return DeclaredType(name, scale=digits)


def common_type(one: Output, other: Output) -> Output:
    """The type that two branches of a set operation share; NULL fits any type."""
    if one == other:
        return one
    if Kind.NULL in (one.kind, other.kind):
        known = other if one.kind is Kind.NULL else one
        return replace(known, nullable=True) if isinstance(known, ColumnType) else known
    if isinstance(one, ColumnType) and isinstance(other, ColumnType) and one.stored == other.stored:
        return ColumnType(
            one.stored,
            merge([one.declared, other.declared]) if one.stored == "VARCHAR" else None,
            nullable=one.nullable or other.nullable,
            varies=one.varies or other.varies,
        )
    if one.kind is other.kind is not Kind.UNKNOWN and one.number == other.number:
        return ValueType(one.kind, one.number)
    if isinstance(one, ColumnType) and one.declared is not None and one.stored != "VARCHAR":
        return replace(one, nullable=True)  # DuckDB's own type does not show this
    return ValueType(Kind.UNKNOWN)
