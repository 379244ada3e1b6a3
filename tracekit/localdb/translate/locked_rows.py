"""SELECT ... FOR UPDATE of LOBs, which the client may then write through their locators."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from tracekit.localdb.translate.column_types import ColumnType, ValueType
from tracekit.localdb.translate.names import folded
from tracekit.localdb.translate.scopes import Scopes
from tracekit.localdb.translate.writer import write

_LOB_TYPES = {"CLOB", "NCLOB", "BLOB"}
_OTHER_ROWS = ("joins", "group", "having", "distinct", "laterals")
"""Clauses after which a result's rows are no longer the rows of one table."""


@dataclass(frozen=True)
class LockedRows:
    """The rows of a table that a query locks."""

    schema: str | None
    table: str
    columns: tuple[str, ...]
    """For each column of the result, the table's column; "" for an expression."""
    duckdb_sql: str
    """The query with the row number as one more column."""


def is_locking(tree: exp.Expr) -> bool:
    """Whether a query, as the client wrote it, has FOR UPDATE."""
    return isinstance(tree, exp.Select) and bool(tree.args.get("locks"))


def locked_rows(tree: exp.Expr, scopes: Scopes) -> LockedRows | None:
    """The rows that a rewritten query with FOR UPDATE locks; None if it reads no table's LOBs."""
    if not isinstance(tree, exp.Select) or any(tree.args.get(one) for one in _OTHER_ROWS):
        return None
    source = tree.args.get("from_")
    table = source.this if isinstance(source, exp.From) else None
    outputs = scopes.outputs(tree)
    if not isinstance(table, exp.Table) or not any(_is_lob(known) for _, known in outputs):
        return None
    owner = table.args.get("db")
    query = tree.copy()
    number = exp.Column(
        this=exp.to_identifier("ROWID", quoted=True),
        table=exp.to_identifier(table.alias_or_name, quoted=True),
    )
    query.append("expressions", number)
    return LockedRows(
        owner.name if owner is not None else None,
        table.name,
        tuple(_source_columns(tree, [name for name, _ in outputs])),
        write(query),
    )


def _is_lob(known: ColumnType | ValueType) -> bool:
    declared = known.declared if isinstance(known, ColumnType) else None
    return declared is not None and declared.name in _LOB_TYPES


def _source_columns(query: exp.Select, outputs: list[str]) -> list[str]:
    """The columns that the outputs show; those of `*` have the names of their columns."""
    starred = len(outputs) - len(query.expressions) + 1
    columns: list[str] = []
    for item in query.expressions:
        inner = item.unalias()
        if item.is_star:
            columns += outputs[len(columns) : len(columns) + starred]
        else:
            columns.append(folded(inner.this) if isinstance(inner, exp.Column) else "")
    return columns if len(columns) == len(outputs) else [""] * len(outputs)
